"""The known shortcuts, in the order in which a report explains them; a testbed's own are added to them."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from w2s.errors import BadPredictions
from w2s.records import FloatArray, ItemKind
from w2s.testbeds.hackability import direct, learned
from w2s.testbeds.hackability.finding import Seen, ShortcutProbe
from w2s.testbeds.testbed import Shortcut, Testbed

_PAIR: frozenset[ItemKind] = frozenset({"pair"})
_VERIFICATION: frozenset[ItemKind] = frozenset({"verification"})

PROBES: tuple[ShortcutProbe, ...] = (
    ShortcutProbe("always class 1", "nothing", "always answering class 1", direct.constant, constant=True),
    ShortcutProbe(
        "majority answer",
        "which answers of a question agree",
        "calling the most frequent answer of a question right",
        direct.majority,
        kinds=_VERIFICATION,
    ),
    ShortcutProbe(
        "recurring answer",
        "all answers to a prompt",
        "preferring the answer whose words recur in the other answers to the prompt",
        direct.recurring,
        kinds=_PAIR,
    ),
    ShortcutProbe(
        "frequent answer",
        "answers of all questions",
        "calling answers right that other questions get too",
        direct.frequent,
        kinds=_VERIFICATION,
    ),
    ShortcutProbe("longest answer", "length of the answers", "preferring the longer answer", direct.longest),
    ShortcutProbe(
        "first half", "order of the file", "calling the first half of the file class 1", direct.early
    ),
    ShortcutProbe(
        "every other", "order of the file", "calling every other item of the file class 1", direct.even
    ),
    ShortcutProbe("low id", "ids", "calling the ids that sort first class 1", direct.low_id),
    ShortcutProbe(
        "first of its group",
        "order and groups",
        "calling the first item of a group class 1",
        direct.first_of_group,
    ),
    ShortcutProbe("lengths", "lengths", "a regression on lengths", learned.lengths, learns=True),
    ShortcutProbe(
        "style", "signs and capitals", "a regression on punctuation and case", learned.style, learns=True
    ),
    ShortcutProbe(
        "whole text", "all text", "a regression on n-grams of the whole text", learned.whole_text, learns=True
    ),
    ShortcutProbe(
        "answer alone",
        "answers",
        "a regression on n-grams of the answers alone",
        learned.answer_text,
        learns=True,
    ),
    ShortcutProbe(
        "question alone",
        "question",
        "a regression on n-grams of the question alone",
        learned.question_text,
        learns=True,
    ),
    ShortcutProbe(
        "question with answer",
        "question and answers",
        "a regression on pairs of a question's and an answer's words",
        learned.crossed,
        learns=True,
    ),
    ShortcutProbe(
        "metadata",
        "subset, fields not shown, group size, place",
        "a regression on metadata",
        learned.metadata,
        learns=True,
    ),
    ShortcutProbe(
        "group name",
        "names of groups and ids",
        "a regression on the names of groups and ids",
        learned.group_name,
        learns=True,
    ),
    ShortcutProbe(
        "simple rules together",
        "lengths, style, order, groups, all answers",
        "a regression on lengths, style and every rule that needs no labels",
        learned.together,
        learns=True,
    ),
    ShortcutProbe(
        "nearest labelled",
        "all text",
        "copying the label of the most similar labelled item",
        learned.nearest,
        learns=True,
    ),
    ShortcutProbe(
        "near duplicate",
        "all text",
        "copying the label of labelled near duplicates",
        learned.copied,
        learns=True,
    ),
)


def declared(testbed: Testbed) -> tuple[ShortcutProbe, ...]:
    """The shortcuts that the testbed itself names, as probes; `BadPredictions` when one gives no probabilities."""

    def predict(name: str, shortcut: Shortcut) -> Callable[[Seen], FloatArray]:
        def checked(seen: Seen) -> FloatArray:
            p = np.asarray(shortcut(seen.world, seen.test), dtype=np.float64)
            if p.shape != (len(seen.test),) or not ((p >= 0) & (p <= 1)).all():
                raise BadPredictions(
                    f"shortcut {name!r} of {testbed.name} must give a probability for each of {len(seen.test)} "
                    f"examples, in [0, 1]; it gave {p.shape}"
                )
            return p

        return checked

    return tuple(
        ShortcutProbe(
            f"own: {name}", "text and group", f"the testbed's own shortcut “{name}”", predict(name, shortcut)
        )
        for name, shortcut in testbed.shortcuts.items()
    )
