"""Every error that a user of `w2s` can act on, in one tree.

W2SError
├── NotFound            a name that is not known; the message lists the nearest ones
├── BadPlugin           a part that an installed package offers cannot be loaded, or is not what it should be
├── BadTestbed          a testbed's files are not what they should be: file, line, field, what to do
├── BadMethod           the submitted code broke the contract of a method
│   ├── NoRun           the method folder has no `method.py` with `run`
│   ├── WrongIds        predictions for items that were not asked for, or missing some
│   ├── BadPredictions  NaN, infinite, out of range, or the wrong count
│   ├── BadTargets      targets, weights or a loss value that cannot be trained on
│   └── BadTemplate     a template or labels outside the bounds of the contract
├── TextWithheld        an item's text was asked for in a scored run
├── TooMuch             a bound of the contract was exceeded (calls, bytes, numbers, time)
├── ServiceLost         the student service went away: not the method's fault
├── NoGap               floor and ceiling are too close for PGR to mean anything
├── NotLearnt           a model did not learn what its training is for
└── Unavailable         something this machine lacks; the message says how to get it
"""

from __future__ import annotations

import difflib
from collections.abc import Iterable


class W2SError(Exception):
    """Root of the tree: every message says what, which, and what to do."""


class NotFound(W2SError):
    """A name that is not known."""

    @classmethod
    def among(cls, kind: str, name: str, known: Iterable[str]) -> NotFound:
        """Build the error for `name`, with the nearest known names.

        >>> print(NotFound.among("testbed", "mini-chta", ["mini-chat", "mini-math"]))
        unknown testbed 'mini-chta'; did you mean mini-chat, mini-math?
        """
        names = sorted(known)
        near = difflib.get_close_matches(name, names, n=3, cutoff=0.5)
        hint = f"did you mean {', '.join(near)}?" if near else f"known: {', '.join(names)}"
        return cls(f"unknown {kind} {name!r}; {hint}")

    @classmethod
    def of_seam(cls, noun: str, name: str, known: Iterable[str], *, group: str) -> NotFound:
        """Build the error for a part that is not installed, with the nearest name and every name that there is.

        >>> print(NotFound.of_seam("engine", "rya", ["local", "ray"], group="aar.engines"))
        no engine 'rya'; did you mean 'ray'? installed: local, ray (entry points of aar.engines)
        """
        names = list(known)
        near = difflib.get_close_matches(name, names, n=1, cutoff=0.6)
        hint = f" did you mean {near[0]!r}?" if near else ""
        return cls(f"no {noun} {name!r};{hint} installed: {', '.join(names)} (entry points of {group})")


class BadPlugin(W2SError):
    """A part that an installed package offers cannot be loaded, or is not what its seam asks for."""


class BadTestbed(W2SError):
    """A testbed's files are not what they should be; the message names file, line, field, and what to do."""


class BadMethod(W2SError):
    """The submitted code broke the contract of a method."""


class NoRun(BadMethod):
    """The method folder has no `method.py` with `run(bench)`."""


class WrongIds(BadMethod):
    """Predictions name items that were not asked for, or miss some."""


class BadPredictions(BadMethod):
    """Predictions are NaN, infinite, out of [0, 1], or of the wrong count."""


class BadTargets(BadMethod):
    """Targets, weights or a loss that cannot be trained on."""


class BadTemplate(BadMethod):
    """A template or its labels are outside the bounds of the contract."""


class TextWithheld(W2SError):
    """An item's text was asked for in a scored run."""


class TooMuch(W2SError):
    """A bound of the contract was exceeded."""


class ServiceLost(W2SError):
    """The student service went away; the run is repeated, the method is not blamed."""


class NoGap(W2SError):
    """Floor and ceiling are too close for PGR to mean anything."""


class Unavailable(W2SError):
    """Something this machine lacks; the message says how to get it."""


class NotLearnt(W2SError):
    """A model did not learn what its training is for within its bounds."""


class NotMeasured(W2SError):
    """A file of measurements cannot be read, or lacks what is asked of it."""
