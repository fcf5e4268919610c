"""Parts that are found by name: those that ship, and those that an installed package offers as an entry point.

A seam is a place where a part can be replaced: an engine, a sandbox, a researcher's runtime, a storage, a testbed.

Covered: a part that ships keeps its name, whatever else is installed; a name that two packages offer is refused; only
the part that was asked for is imported. Not covered: what an installed package does once it is imported.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from importlib import import_module
from importlib.metadata import EntryPoint, entry_points
from typing import Generic, TypeVar, cast

from w2s.errors import BadPlugin, NotFound

T = TypeVar("T")


@dataclass(frozen=True)
class Seam(Generic[T]):
    """One kind of part: its noun, its entry-point group, and the parts that ship as "module:attribute" by name.

    >>> roots = Seam("root", "example.roots", {"square": "math:sqrt"})
    >>> roots.find("square")(9.0)
    3.0
    >>> roots.find("sqare")
    Traceback (most recent call last):
    w2s.errors.NotFound: no root 'sqare'; did you mean 'square'? installed: square (entry points of example.roots)
    """

    noun: str
    group: str
    shipped: Mapping[str, str]

    def names(self) -> list[str]:
        """Names of every part: shipped ones first, in their order, then installed ones. Imports none of them."""
        return [*self.shipped, *sorted(set(self._offered()) - set(self.shipped))]

    def find(self, name: str) -> T:
        """The part of that name. Raises `NotFound` with the names that there are, `BadPlugin` if it cannot be had."""
        if name in self.shipped:
            return self._load(EntryPoint(name, self.shipped[name], self.group))
        offers = self._offered().get(name, [])
        if not offers:
            raise NotFound.of_seam(self.noun, name, self.names(), group=self.group)
        if len({offer.value for offer in offers}) > 1:
            places = ", ".join(f"{_package(offer)} ({offer.value})" for offer in offers)
            raise BadPlugin(
                f"{self.noun} {name!r} is offered more than once: {places}; uninstall all but one"
            )
        return self._load(offers[0])

    def _offered(self) -> dict[str, list[EntryPoint]]:
        offers: dict[str, list[EntryPoint]] = {}
        for point in entry_points(group=self.group):
            offers.setdefault(point.name, []).append(point)
        return offers

    def _load(self, point: EntryPoint) -> T:
        module, colon, attribute = point.value.partition(":")
        try:
            part: object = import_module(module.strip())
            for step in attribute.strip().split(".") if colon else ():
                part = getattr(part, step)
        except (ImportError, AttributeError, SyntaxError) as error:
            raise BadPlugin(
                f"{self.noun} {point.name!r} of {_package(point)} cannot be loaded from {point.value!r}: {error}; "
                "install it again, or correct its entry point"
            ) from error
        return cast(T, part)


def _package(point: EntryPoint) -> str:
    return point.dist.name if point.dist is not None else "this package"
