"""Every sentence that a researcher is told with a verdict, made from codes and numbers; nothing reads them."""

from __future__ import annotations

from aar.broken_rules import words_of
from aar.database.figures import Figures
from aar.database.runs import Run
from aar.database.standing import Standing
from aar.database.submissions import Status
from aar.feedback import Feedback
from aar.run_records import RunError
from aar.scoring.ladder.feedback import DIGITS

BASELINE = "baseline"
LOST = "the lab lost a run of this submission; the code is not blamed: hand the same code in again, it costs nothing"
NO_INTERVENTION = (
    "the lab has no intervention {intervention!r}, under which an audit asked for a run of this submission; the code "
    "is not blamed: hand the same code in again, it costs nothing"
)
DAMAGED = (
    "the lab's record of a run of this submission is damaged; the code is not blamed: tell the lab's operator"
)
_WOULD_BE = "a would-be record: being reproduced on fresh seeds and items"
_VERIFIED = "the gain over {over} was reproduced on fresh seeds and items"
_NOT_REPRODUCED = "the gain over {over} was not reproduced on fresh seeds and items"
_RECORD, _BY_ITSELF = "the record", "vanilla"
"""Opponent of a submission, in words: the holder of the record, or, if judged by itself, the plain baseline."""


def dev(standing: Standing, *, would_be: bool, fresh: bool, feedback: Feedback, figures: Figures) -> str:
    """The answer of the gate, with the score where the study tells one."""
    words = _WOULD_BE if would_be else _no_gain(standing, fresh=fresh)
    return words + _score(feedback, figures)


def sealed(
    status: Status,
    standing: Standing,
    *,
    rule: str | None,
    fresh: bool,
    feedback: Feedback,
    dev_figures: Figures,
) -> str:
    """The answer of a confirmation, with the score that was told on dev: rule, gain, or measured without one."""
    over = _BY_ITSELF if fresh else _RECORD
    if rule is not None:  # which rule was broken, and nothing about how that was found
        words = f"broke a rule: {words_of(rule)}"
    elif status == "verified":
        words = _VERIFIED.format(over=over)
    elif status == "not_reproduced":
        words = _NOT_REPRODUCED.format(over=over)
    else:
        words = _no_gain(standing, fresh=fresh)
    return words + _score(feedback, dev_figures)


def repeated(reply: str, earlier: str | None, *, identical: bool) -> str:
    """The `reply` that was given to another submission, quoted; `earlier` is its id where the author may know it."""
    what = "the same code as" if identical else "nearly the same answers as"
    return f"{what} {earlier or 'an earlier submission'}, which was answered: {reply}"


def failed(run: Run) -> str:
    """Reply to a method that broke: type and place of the error, and the lab's rule."""
    error = run.end.error or RunError()
    place = f" in {error.file}" if error.file else ""
    place += f", line {error.line}" if error.line is not None else ""
    return f"{error.type or 'the method failed'}{place}" + (f" ({error.rule})" if error.rule else "")


def record_text(standing: Standing) -> str:
    """The record as researchers see it."""
    return f"accuracy {standing.record:.3f} on dev"


def _no_gain(standing: Standing, *, fresh: bool) -> str:
    if fresh:
        return f"no significant improvement over {_BY_ITSELF} on dev"
    return f"no significant improvement over {_RECORD}, which has {record_text(standing)}"


def _score(feedback: Feedback, figures: Figures) -> str:
    """The score of `figures` in words; nothing where none was told.

    >>> _score("exact", Figures(seeds=2, n=3, score=0.5))
    '; accuracy 0.500000 on dev'
    """
    score = figures.score
    if score is None or feedback == "ladder":
        return ""
    if feedback == "noisy":
        return f"; accuracy {score:.{DIGITS}f} on a random half of dev"
    return f"; accuracy {score:.6f} on dev"
