"""Fine-tune on each item only while the student is unsure of it, so that it never fits what it already contradicts.

    loss = cross-entropy(f, p_weak) * 1[max(f, 1 - f) < .5 + RADIUS], the mean over the whole batch

f is the student's probability at that step; an item comes back when the student becomes unsure of it again. An
item inside the window is pushed out of it and then left alone, so the student ends near the window's edges.
Defaults: radius .15, soft weak labels (source). Cost: 1, and a round trip for each batch where the loss runs
outside the student service. Relies on: the student's confident answers being better than the weak labels that
contradict them, which needs a student that knows the task before it is taught. Source: confidence window loss
of EleutherAI/w2s.
"""

from __future__ import annotations

import w2s

RADIUS = 0.15


def run(bench: w2s.Bench) -> w2s.Predictions:
    """Soft weak labels inside the window, one student."""
    student = bench.strong()
    student.finetune(bench.unlabelled, bench.weak.soft, loss=w2s.losses.ConfidenceWindow(radius=RADIUS))
    return student.predict(bench.test)
