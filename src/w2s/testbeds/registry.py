"""The testbeds that ship with the package."""

from __future__ import annotations

from pathlib import Path

from w2s.errors import NotFound, Unavailable
from w2s.testbeds.mini.domains import DOMAINS
from w2s.testbeds.testbed import MadeItems, Testbed


def names() -> list[str]:
    """Names of the testbeds that ship with the package, sorted.

    >>> "mini-chat" in names()
    True
    """
    return sorted(DOMAINS)


def load(name: str) -> Testbed:
    """The testbed called `name`; `NotFound` names the nearest, `Unavailable` a checkpoint that is missing.

    >>> load("mini-chat").kind
    'pair'
    """
    if name not in DOMAINS:
        raise NotFound.among("testbed", name, names())
    testbed = DOMAINS[name].testbed
    for world in testbed.worlds.values():
        for role, folder in (("weak", world.weak), ("strong", world.strong)):
            if not (Path(folder) / "model.safetensors").is_file():
                raise Unavailable(
                    f"the {role} checkpoint of {name}, world {world.name}, is not in this copy of the "
                    f"package; rebuild it: python -m w2s.testbeds.mini.pretrain --testbed {name} "
                    f"--world {world.name} --role {role} --out {folder}"
                )
    return testbed


def generate(testbed: Testbed, *, item_seed: bytes) -> MadeItems:
    """Splits, and the truth (0 or 1) by example id, from `item_seed` alone: the same seed, the same items.

    The truth is for the scorer only. Use a secret seed of at least 16 bytes where scores matter.

    >>> splits, truth = generate(load("mini-chat"), item_seed=bytes(16))
    >>> {name: (len(s.labelled), len(s.unlabelled), len(s.test)) for name, s in splits.items()}
    {'practice': (0, 200, 100), 'dev': (800, 1080, 1000), 'sealed': (800, 1080, 1000)}
    """
    return testbed.make_items(item_seed)
