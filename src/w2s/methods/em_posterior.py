"""Infer the truth from weak label, zero-shot answer and likelihood by EM, fine-tune on the posterior.

    E: logit q(y) = sum over views v of log P(view v | 1) / P(view v | 0)
    M: each view's accuracy from q;  target = q, tempered

Defaults: three views with one accuracy each, accuracies within .51 and .95, temperature 1 (all set here, on
development seeds). Cost: 1.1. Relies on: the views erring independently given the truth; weak supervisors
alone do not, which is why the strong model's two views are needed. Source: Dawid and Skene 1979; the EM
posterior of the April 2026 study, in one round.
"""

from __future__ import annotations

import numpy as np

import w2s

TEMPERATURE = 1.0


def run(bench: w2s.Bench) -> w2s.Predictions:
    """Soft targets from the posterior of three views, one student."""
    student = bench.strong()
    views = [
        w2s.targets.center(w2s.targets.logit(bench.weak.soft)),
        w2s.elicitation.zero_shot(student, bench.unlabelled),
        w2s.elicitation.likelihood(student, bench.unlabelled),
    ]
    posterior = w2s.channels.dawid_skene([w2s.targets.hard(view) for view in views])
    weak, zero_shot, likelihood = posterior.accuracy
    bench.log(weak_accuracy=weak, zero_shot_accuracy=zero_shot, likelihood_accuracy=likelihood)
    student.finetune(
        bench.unlabelled, w2s.targets.temper(np.asarray(posterior.soft), temperature=TEMPERATURE)
    )
    return student.predict(bench.test)
