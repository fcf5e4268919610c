"""Infer the truth by EM from the weak label and what the strong model believes, fine-tune on the posterior.

    E: logit q(y) = logit prior(y) + sum over views v of log P(bin of v's margin | 1) / P(bin of v's margin | 0)
    M: each view's two histograms from q, their ratio made to rise with the margin
    round 1: prior 1/2; views weak label, zero-shot answer, likelihood
    round 2: prior = what students taught q say of items they have not seen, tempered; view weak label
    target = q, tempered

Defaults: 2 rounds (study); 10 bins, 20 EM steps in round 1 and one in round 2 (a single view with an unsure prior
explains itself ever better), prior temperature 2, target temperature 1 (set here, on development seeds: round 2 with
the weak label alone made .02-.05 more of the labels right, with all views none: the students know those). Cost: 2.4
at 3 epochs. Relies on: the views erring independently given the truth. Two views of one model share its false
beliefs; where they do, the posterior takes the side of the beliefs. Source: Dawid and Skene 1979; the EM posterior
of the April 2026 study, whose students are not held out from what they are asked.
"""

from __future__ import annotations

import w2s

ROUNDS = 2
FOLDS = 2
PRIOR_TEMPERATURE = 2.0
TEMPERATURE = 1.0


def run(bench: w2s.Bench) -> w2s.Predictions:
    """Soft targets from the posterior, with held-out students as the second round's prior; one last student."""
    student, items = bench.strong(), bench.unlabelled
    weak = w2s.targets.center(w2s.targets.logit(bench.weak.soft))
    views = [weak, w2s.elicitation.zero_shot(student, items), w2s.elicitation.likelihood(student, items)]
    posterior = w2s.channels.noisy_channel(views, bins=10, rounds=20)
    first, zero_shot, likelihood = posterior.accuracy
    bench.log(weak_accuracy=first, zero_shot_accuracy=zero_shot, likelihood_accuracy=likelihood)
    for _ in range(ROUNDS - 1):
        margin = w2s.folds.relabelled(bench, posterior.soft, count=FOLDS, both=True)
        prior = w2s.targets.sigmoid(margin / PRIOR_TEMPERATURE)
        posterior = w2s.channels.noisy_channel([weak], prior=prior, start=prior, bins=10, rounds=1)
        bench.log(weak_accuracy_again=posterior.accuracy[0])
    student.finetune(items, w2s.targets.temper(posterior.soft, temperature=TEMPERATURE))
    return student.predict(bench.test)
