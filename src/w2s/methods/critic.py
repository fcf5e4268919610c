"""Let the strong model judge each answer, with a critique of its own before it where that helps, and relabel by it.

    critique = a line that the strong model writes about the answer
    verdict  = log P(right) / P(wrong) after "Critique: {critique}", or after the answer alone
    margin   = weak log-odds + TRUST * verdict, each in units of its median size
    kept     = the largest |margin|, half of them of each class, FRACTION of all items;  target = 1[margin > 0]

The source has the weak model read the critique. Here what a student wrote stays with that student, so the strong
model reads its own critique, and the weak label is changed by the verdict as a number. A model that cannot write
(those of the mini testbeds) is not made to: on TRIED items the verdicts with and without a critique are held
against the weak labels, and unless the critique wins, the verdict alone stands for it. Defaults: all set here. Cost:
1.8 at 3 epochs; 8 more where the critique is used. Relies on: verdicts erring elsewhere than the weak labels.
Source: critic training, as in the baselines of the April 2026 study, without its training of the critic.
"""

from __future__ import annotations

import numpy as np

import w2s

TRUST = 1.0
FRACTION = 1.0
TRIED = 128
RIGHT = ("wrong", "right")
FIELDS = {"pair": ("prompt", "first"), "verification": ("question", "choice")}


def run(bench: w2s.Bench) -> w2s.Predictions:
    """Weak labels corrected by the strong model's verdicts, one student."""
    student, items = bench.strong(), bench.unlabelled
    asked, answer = FIELDS[bench.kind]
    shown = f"Question: {{{asked}}}\nAnswer: {{{answer}}}\n"
    weak = w2s.targets.center(w2s.targets.logit(bench.weak.soft))

    def verdict(of: w2s.Items, *, written: bool) -> np.ndarray:
        if written:
            for order in (of, of.swapped()) if w2s.elicitation.are_pairs(of) else (of,):
                student.generate(order, shown + "Critique:", into="critique")
        template = shown + ("Critique: {critique}\nVerdict:" if written else "Verdict:")
        return w2s.elicitation.zero_shot(student, of, templates=(template,), labels=(RIGHT,))

    tried = bench.rng.permutation(len(items))[:TRIED]
    agreed = [
        np.mean((verdict(items[tried], written=written) > 0) == (weak[tried] > 0))
        for written in (False, True)
    ]
    bench.log(agreed_alone=agreed[0], agreed_with_critique=agreed[1])
    said = verdict(items, written=bool(agreed[1] > agreed[0]))
    margin = w2s.targets.center(w2s.elicitation.scaled(weak) + TRUST * w2s.elicitation.scaled(said))
    kept = w2s.targets.balanced_top(margin, fraction=FRACTION)
    student.finetune(items[kept], w2s.targets.hard(margin)[kept])
    return student.predict(bench.test)
