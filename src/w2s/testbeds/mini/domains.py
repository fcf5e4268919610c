"""The domains that ship, by the name of their testbed."""

from __future__ import annotations

from collections.abc import Mapping

from w2s.testbeds.mini.chat.domain import CHAT, CHAT_LARGE
from w2s.testbeds.mini.code.domain import CODE
from w2s.testbeds.mini.domain import Domain
from w2s.testbeds.mini.math.domain import MATH

DOMAINS: Mapping[str, Domain] = {domain.name: domain for domain in (CHAT, CHAT_LARGE, MATH, CODE)}
