"""The building blocks that methods are put together from, one file each.

Each is also an attribute of the package: `w2s.targets` is `w2s.blocks.targets`. All other modules of `w2s` are the
plumbing around a method.
"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:  # for editors and type checkers; at run time the folder itself is the list
    from w2s.blocks import annealing as annealing
    from w2s.blocks import channels as channels
    from w2s.blocks import coherence as coherence
    from w2s.blocks import contrast as contrast
    from w2s.blocks import elicitation as elicitation
    from w2s.blocks import ensembles as ensembles
    from w2s.blocks import evolution as evolution
    from w2s.blocks import folds as folds
    from w2s.blocks import geometry as geometry
    from w2s.blocks import learnability as learnability
    from w2s.blocks import losses as losses
    from w2s.blocks import neighbours as neighbours
    from w2s.blocks import noise as noise
    from w2s.blocks import probes as probes
    from w2s.blocks import rank as rank
    from w2s.blocks import targets as targets

FOLDER = Path(__file__).parent


def names() -> list[str]:
    """Names of the building blocks, in alphabetical order.

    >>> "targets" in names()
    True
    """
    return sorted(file.stem for file in FOLDER.glob("*.py") if not file.stem.startswith("_"))
