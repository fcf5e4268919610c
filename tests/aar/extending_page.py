"""The packages that `docs/extending.md` shows, installed as they stand there."""

from __future__ import annotations

import re
import tomllib
from collections.abc import Mapping
from contextlib import suppress
from importlib.metadata import PackageNotFoundError, distribution, entry_points
from pathlib import Path

from installed import install

PAGE = (Path(__file__).parents[2] / "docs" / "extending.md").read_text(encoding="utf-8")


def shown(place: str) -> str:
    """What the page shows for the file `place`."""
    found = re.search(rf"^`{re.escape(place)}`\n\n```\w+\n(.*?)```$", PAGE, re.DOTALL | re.MULTILINE)
    assert found, f"the page shows no {place}"
    return found[1]


def points(package: str) -> Mapping[str, Mapping[str, str]]:
    """The entry points of a package, by group."""
    declared: Mapping[str, Mapping[str, str]] = tomllib.loads(shown(f"{package}/pyproject.toml"))["project"][
        "entry-points"
    ]
    return declared


def is_installed(package: str) -> bool:
    """True if a distribution of this name is installed, or another one that offers its part."""
    with suppress(PackageNotFoundError):
        distribution(package)
        return True
    offered = [(group, name) for group, named in points(package).items() for name in named]
    return any(entry_points(group=group, name=name) for group, name in offered)


def install_package(folder: Path, package: str) -> Path:
    """Put a package of the page into `folder`, which must be searched for modules; the folder."""
    module = package.replace("-", "_")
    return install(folder, module, shown(f"{package}/{module}.py"), points=points(package))
