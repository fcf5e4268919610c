"""Fine-tune on the weak label times the student's own belief, so that a doubtful label is settled by the student.

    target proportional to f^OWN p_weak^WEAK, class by class; f the student's probability, without gradient
    slope of one item's loss in its log-odds at OWN = WEAK = 1: f (1 - f) (1 - 2 p) / (f p + (1 - f)(1 - p))

Each item pulls towards the side the weak label is on, by how far the label is from one half, and hardly at all
once the student is sure: there is no point where it stops short of certainty. Defaults: OWN 1, WEAK 1 (source);
soft weak labels (source), since a hard one leaves nothing to settle. Cost: 1, and a round trip for each batch
where the loss runs outside the student service. Relies on: the weak labels' confidence saying where they are
right. Source: product loss of openai/weak-to-strong, the released code of Burns et al. 2023 (2312.09390).
"""

from __future__ import annotations

import w2s

OWN = 1.0
WEAK = 1.0


def run(bench: w2s.Bench) -> w2s.Predictions:
    """Soft weak labels under the product loss, one student."""
    student = bench.strong()
    student.finetune(bench.unlabelled, bench.weak.soft, loss=w2s.losses.Product(own=OWN, weak=WEAK))
    return student.predict(bench.test)
