"""Parts that are found by name: those that ship, and those that an installed package offers as an entry point.

A seam is a place where a part can be replaced: an engine, a sandbox, a researcher's runtime, a storage, a testbed.

Covered: a part that ships keeps its name, whatever else is installed; a name that two packages offer is refused; only
the part that was asked for is imported; one that cannot be imported or made, or lacks a method, is refused by name when
it is made. Not covered: what an installed package does once it is imported, and what its methods do.
"""

from __future__ import annotations

import inspect
import traceback
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from importlib import import_module
from importlib.metadata import EntryPoint, entry_points
from typing import Generic, ParamSpec, Protocol, TypeVar, cast

from w2s.errors import BadPlugin, NotFound, W2SError

P = ParamSpec("P")
T = TypeVar("T")


@dataclass(frozen=True)
class Seam(Generic[P, T]):
    """One kind of part. What is found by a name is a callable that makes the part.

    >>> roots = Seam("root", "example.roots", {"square": "math:sqrt"}, protocol="numbers:Real", suite="--root {}")
    >>> roots.find("square")(9.0)
    3.0
    >>> roots.find("sqare")
    Traceback (most recent call last):
    w2s.errors.NotFound: no root 'sqare'; did you mean 'square'? installed: square (entry points of example.roots)

    Attributes:
        noun: What a part is called.
        group: Entry-point group of installed parts.
        shipped: Parts that ship, as "module:attribute" by name.
        protocol: What a part that was made has to be, as "module:class".
        suite: The conformance suite that a part of the name `{}` has to pass.
    """

    noun: str
    group: str
    shipped: Mapping[str, str]
    protocol: str
    suite: str

    def names(self) -> list[str]:
        """Names of every part: shipped ones first, in their order, then installed ones. Imports none of them."""
        return [*self.shipped, *sorted(set(self._offered()) - set(self.shipped))]

    def find(self, name: str) -> Callable[P, T]:
        """What makes the part of that name; `NotFound` with those that there are, `BadPlugin` if it cannot be had."""
        return self._load(self._point(name))

    def make(self, name: str, *arguments: P.args, **named: P.kwargs) -> T:
        """The part of that name, made; `BadPlugin` also for one that cannot be made, or lacks what `protocol` lists."""
        point = self._point(name)
        maker = self._load(point)
        try:
            part = maker(*arguments, **named)
        except W2SError:
            raise
        except Exception as error:  # anybody's code: its author is told where, whoever runs it gets one line
            if name in self.shipped:
                raise
            raise BadPlugin(
                f"{self._of(point)} cannot be made: {_words(error)}; see {self._place()}"
            ) from error
        missing = ", ".join(f"no {member}" for member in _missing(part, self._protocol()))
        if missing:
            suite = self.suite.format(name)
            raise BadPlugin(f"{self.noun} {name!r} has {missing}; see {self._place()}, and run {suite}")
        return part

    def _point(self, name: str) -> EntryPoint:
        if name in self.shipped:
            return EntryPoint(name, self.shipped[name], self.group)
        offers = self._offered().get(name, [])
        if not offers:
            raise NotFound.of_seam(self.noun, name, self.names(), group=self.group)
        if len({offer.value for offer in offers}) > 1:
            places = ", ".join(f"{_package(offer)} ({offer.value})" for offer in offers)
            raise BadPlugin(
                f"{self.noun} {name!r} is offered more than once: {places}; uninstall all but one"
            )
        return offers[0]

    def _offered(self) -> dict[str, list[EntryPoint]]:
        offers: dict[str, list[EntryPoint]] = {}
        for point in entry_points(group=self.group):
            offers.setdefault(point.name, []).append(point)
        return offers

    def _load(self, point: EntryPoint) -> Callable[P, T]:
        module, colon, attribute = point.value.partition(":")
        try:
            part: object = import_module(module.strip())
            for step in attribute.strip().split(".") if colon else ():
                part = getattr(part, step)
        except (Exception, SystemExit) as error:  # anybody's code, as in `make`
            if point.name in self.shipped and not isinstance(error, ImportError):
                raise
            raise BadPlugin(
                f"{self._of(point)} cannot be loaded from {point.value!r}: {_words(error)}; "
                "correct it or its entry point, and install it again"
            ) from error
        return cast(Callable[P, T], part)

    def _of(self, point: EntryPoint) -> str:
        return f"{self.noun} {point.name!r} of {_package(point)}"

    def _place(self) -> str:
        return self.protocol.replace(":", ".")

    def _protocol(self) -> type:
        module, _, name = self.protocol.partition(":")
        return cast(type, getattr(import_module(module), name))


def _package(point: EntryPoint) -> str:
    return point.dist.name if point.dist is not None else "this package"


def _words(error: BaseException) -> str:
    """Type, words and place of an error; an `ImportError` and a `SyntaxError` name their place themselves."""
    if isinstance(error, ImportError | SyntaxError):
        return str(error)
    at = traceback.extract_tb(error.__traceback__)[-1]
    return f"{type(error).__name__}: {error} ({at.filename}, line {at.lineno})"


def _missing(part: object, protocol: type) -> Iterator[str]:
    """Members of `protocol` that `part` lacks; what is only inherited from the protocol has no content.

    Nothing of a record (a testbed): who asked for it looks at its fields.
    """
    for name, declared in _members(protocol).items():
        # the class first: a property is not asked before its time
        own = getattr(type(part), name, None) or getattr(part, name, None)
        inherited = declared is not None and own is declared
        if inspect.isfunction(declared):
            if inherited or not callable(own):
                arguments = list(inspect.signature(declared).parameters)[1:]
                yield f"{name}({', '.join(arguments)})"
        elif inherited or (own is None and not hasattr(part, name)):
            yield name


def _members(protocol: type) -> dict[str, object]:
    """Public members of a protocol and of those that it extends: functions and properties, None for attributes."""
    found: dict[str, object] = {}
    kinds = reversed(protocol.__mro__) if Protocol in protocol.__mro__ else ()
    for kind in kinds:
        if kind not in (object, Generic, Protocol):
            declared = {**dict.fromkeys(inspect.get_annotations(kind)), **vars(kind)}
            found |= {name: value for name, value in declared.items() if not name.startswith("_")}
    return found
