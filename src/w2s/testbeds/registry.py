"""Testbeds by name or folder: those that ship, those that a package offers, and those that a user imported."""

from __future__ import annotations

from dataclasses import dataclass
from functools import partial
from pathlib import Path

from w2s.errors import BadPlugin, BadTestbed, NotFound, Unavailable
from w2s.plugins import Seam
from w2s.testbeds.mini.domains import DOMAINS
from w2s.testbeds.real.folder import is_folder, open_testbed
from w2s.testbeds.real.qwen import QWEN
from w2s.testbeds.real.store import imported
from w2s.testbeds.testbed import MadeItems, Testbed

TESTBEDS: Seam[[], Testbed] = Seam(
    "testbed",
    "w2s.testbeds",
    {
        "mini-chat": "w2s.testbeds.mini.chat.domain:CHAT.load",
        "mini-chat-large": "w2s.testbeds.mini.chat.domain:CHAT_LARGE.load",
        "mini-code": "w2s.testbeds.mini.code.domain:CODE.load",
        "mini-math": "w2s.testbeds.mini.math.domain:MATH.load",
    },
    protocol="w2s.testbeds:Testbed",
    suite="tests/conformance/test_testbed.py --testbed {}",
)
"""Testbeds by name: an installed one opens a folder with `testbed.toml` and items."""


def names() -> list[str]:
    """Names of the testbeds that ship with the package and its items, sorted.

    >>> "mini-chat" in names()
    True
    """
    return sorted(DOMAINS)


@dataclass(frozen=True)
class Listed:
    """One line of the list of testbeds; `here` is true if it can be loaded on this machine."""

    name: str
    kind: str
    title: str
    here: bool


def listed() -> list[Listed]:
    """Every testbed that is known here: shipped, imported, and those of the study whose items are not here."""
    known = {
        name: Listed(name, DOMAINS[name].testbed.kind, DOMAINS[name].testbed.title, True) for name in DOMAINS
    }
    known |= {name: Listed(name, d.kind, d.title, False) for name, d in QWEN.items()}
    for name in set(TESTBEDS.names()) - set(known):
        try:
            testbed = _installed(name)
            known[name] = Listed(name, testbed.kind, testbed.title, True)
        except (BadPlugin, BadTestbed) as error:
            known[name] = Listed(name, "?", f"damaged; {error}", False)
    for name, folder in imported().items():
        try:
            testbed = open_testbed(folder)
            known[name] = Listed(name, testbed.kind, testbed.title, True)
        except BadTestbed:
            known[name] = Listed(name, "?", f"damaged; see aar testbed check {folder}", False)
    return [known[name] for name in sorted(known)]


def describe(name: str | Path) -> Testbed:
    """Like `load`, but also one of the study's testbeds whose items are not here."""
    if isinstance(name, str) and name in QWEN and name not in imported():
        return QWEN[name].testbed(partial(_no_items, name))
    return load(name)


def _no_items(name: str, _: bytes = b"") -> MadeItems:
    raise Unavailable(
        f"the items of {name} do not ship with this package: import the study's release (aar testbed import "
        f"FOLDER --name {name}) or build them from public data (aar testbed build {name})"
    )


def load(name: str | Path) -> Testbed:
    """A shipped, imported or installed testbed by name, or the one in a folder.

    Raises `NotFound` naming the nearest, `Unavailable` for a checkpoint or items that are not here, and
    `BadTestbed` for a folder that is not as it should be.

    >>> load("mini-chat").kind
    'pair'
    """
    if isinstance(name, str) and name in DOMAINS:
        return DOMAINS[name].load()
    stored = imported()
    if isinstance(name, str) and name in stored:
        return open_testbed(stored[name])
    folder = Path(name).expanduser()
    if is_folder(folder):
        return open_testbed(folder)
    if isinstance(name, str) and name in QWEN:
        _no_items(name)
    if isinstance(name, str) and name in TESTBEDS.names():
        return _installed(name)
    if folder.is_dir():
        raise NotFound(
            f"no testbed in {folder}: it has no testbed.toml with items beside it; import a release first "
            "(aar testbed import FOLDER), or see what is wrong: aar testbed check FOLDER"
        )
    raise NotFound.among("testbed", str(name), [*TESTBEDS.names(), *QWEN, *stored])


def _installed(name: str) -> Testbed:
    """The testbed that a package offers; `BadPlugin` unless its items lie in a folder, which a lab's processes open."""
    testbed = TESTBEDS.make(name)
    if not isinstance(testbed, Testbed) or testbed.folder is None:
        raise BadPlugin(
            f"testbed {name!r} gives no testbed with a folder; let it return w2s.testbeds.open_testbed(FOLDER), "
            f"and run {TESTBEDS.suite.format(name)}"
        )
    return testbed


def generate(testbed: Testbed, *, item_seed: bytes) -> MadeItems:
    """Parts of each split, one a world, and the truth (0 or 1) by example id, from `item_seed` alone.

    The same seed gives the same items. The truth is for the scorer only. Use a secret seed of at least 16 bytes
    where scores matter.

    >>> splits, truth = generate(load("mini-chat"), item_seed=bytes(16))
    >>> {name: len(parts) for name, parts in splits.items()}
    {'practice': 1, 'dev': 3, 'sealed': 8}
    >>> [(part.world, len(part.labelled), len(part.unlabelled), len(part.test)) for part in splits["dev"]]
    [('north', 800, 1080, 1000), ('west', 800, 1080, 1000), ('coast', 800, 1080, 1000)]
    """
    return testbed.make_items(item_seed)
