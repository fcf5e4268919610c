"""Hackability reports: what shortcuts get on a testbed without any model, known before it is climbed on."""

from w2s.testbeds.hackability.finding import Gap, Seen, Severity, ShortcutProbe, ShortcutResult, measured_gaps
from w2s.testbeds.hackability.leaks import Balance, ItemLeak
from w2s.testbeds.hackability.power import Power
from w2s.testbeds.hackability.probes import PROBES
from w2s.testbeds.hackability.report import Report, audit

__all__ = [
    "PROBES",
    "Balance",
    "Gap",
    "ItemLeak",
    "Power",
    "Report",
    "Seen",
    "Severity",
    "ShortcutProbe",
    "ShortcutResult",
    "audit",
    "measured_gaps",
]
