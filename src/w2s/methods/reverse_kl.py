"""Fine-tune with the divergence turned round, so that the student may ignore weak labels it finds impossible.

    loss = KL(f || p) = f log(f / p) + (1 - f) log((1 - f) / (1 - p)),  p = weak label at TEMPERATURE
    slope of one item's loss in its log-odds: f (1 - f) (logit f - logit p)

Cross-entropy (the forward divergence) punishes a sure student without bound for a label it leaves out; here the
slope of a sure student goes to zero. Defaults: temperature 1 (source); weak labels moved .02 away from 0 and 1
(set here, the divergence from a hard label is infinite). Cost: 1, and a round trip for each batch where the
loss runs outside the student service. Relies on: soft weak labels whose confidence means something, and a
student that is seldom sure and wrong. Source: reverse KL for weak-to-strong generalization (2502.11107).
"""

from __future__ import annotations

import w2s

TEMPERATURE = 1.0


def run(bench: w2s.Bench) -> w2s.Predictions:
    """Soft weak labels under the reverse divergence, one student."""
    student = bench.strong()
    student.finetune(bench.unlabelled, bench.weak.soft, loss=w2s.losses.ReverseKL(temperature=TEMPERATURE))
    return student.predict(bench.test)
