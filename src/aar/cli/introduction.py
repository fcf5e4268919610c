"""What a run says of itself when it begins: who does research, what bounds their money, what to be warned of."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence

from aar.launch.changes import MONEY
from aar.model_options import EMBEDDED
from aar.prices import FREE
from aar.settings import Settings

FEEDBACK_WARNING = {
    "noisy": "feedback: noisy scores; they give labels of dev away, more slowly than exact ones (docs/scoring.md)",
    "exact": "WARNING: feedback is exact, as in the 2026 study: whoever asks often enough learns the labels of dev; "
    "believe nothing of this run that is not verified",
}


def introduction(settings: Settings, names: Sequence[str]) -> list[str]:
    """The lines of a run in which the researchers of these names start."""
    lines = []
    if settings.researchers and not names:
        lines.append(
            "no researcher starts: their submissions, their time or their money is used up; what is left is judged. "
            "--submissions +5, --minutes +10, --budget-usd +50 and --hours-each +1 give more"
        )
    lines += _team(settings)
    if settings.feedback != "ladder":
        lines.append(FEEDBACK_WARNING[settings.feedback])
    return lines


def _team(settings: Settings) -> list[str]:
    if set(settings.models) == {EMBEDDED}:
        return ["researchers: aar/evolution, an embedded search policy, no language model"]
    counted = Counter(settings.model_of(number) for number in range(settings.researchers))
    lines = ["researchers: " + ", ".join(f"{number} with {model}" for model, number in counted.items())]
    billed = any(model.partition("/")[0] not in FREE for model in counted)
    if billed and all(getattr(settings, name) is None for name in MONEY):
        lines.append("nothing bounds their money: --budget-usd 50 ends research once calls have cost $50")
    return lines
