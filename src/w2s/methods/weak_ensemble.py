"""Fine-tune on what several weak supervisors say together instead of on what one of them says.

    m, v = mean and variance of p_weak over the supervisors;  evidence e = m (1 - m) / v - 1
    target = (e m + 2 prior) / (e + 2);  prior = sigmoid(zero-shot margin, scaled to the median |logit m|)

Supervisors that agree are passed on; where they contradict each other the strong model decides, because weak
seeds share their mistakes and their number alone proves nothing. The lab serves three supervisors a run; where
there is one, the target is its soft label and nothing else is asked. Defaults: evidential combination (source) with
a flat Beta's strength of 2 and the zero-shot prior (set here; the source's prior is learnt). The other two are
`w2s.ensembles.average` (mean log-odds) and `w2s.ensembles.boosted`. Cost: 1, and .4 for the zero-shot pass where
there are several. Relies on: supervisors that differ where they are wrong. Source: evidential WeakS-to-Strong
(2406.03199); boosted weak supervisors (2410.04571).
"""

from __future__ import annotations

import numpy as np

import w2s


def run(bench: w2s.Bench) -> w2s.Predictions:
    """Pooled weak labels, one student."""
    student = bench.strong()
    pooled = np.stack([labels.soft for labels in bench.supervisors])
    if len(pooled) > 1:
        own = w2s.elicitation.scaled(w2s.elicitation.zero_shot(student, bench.unlabelled))
        spread = np.median(np.abs(w2s.targets.logit(pooled.mean(axis=0))))
        opinion = w2s.ensembles.evidential(pooled, prior=w2s.targets.sigmoid(own * spread))
        bench.log(supervisors=len(pooled), evidence=np.median(opinion.evidence))
        student.finetune(bench.unlabelled, opinion.soft)
    else:
        student.finetune(bench.unlabelled, pooled[0])
    return student.predict(bench.test)
