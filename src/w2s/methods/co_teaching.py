"""Two students teach each other: each epoch, each trains on the items whose weak label the other finds likeliest.

    kept by A = the R(epoch) share of all items with the smallest cross-entropy of A against the weak label
    B trains an epoch on what A kept, A on what B kept;  R = 1 - noise * min(1, epoch / RAMP)

Two students that saw other batches make other mistakes, so an error that one has fitted is filtered out by the
other; the pretrained start is the same for both, so they part less than the source's random ones. The source
swaps within every batch; through a bench one student's fine-tune is over before the other's begins, so they
swap once an epoch, and the learning rate rises and falls in each. Both answers are averaged (the source reports
each). Defaults: as many epochs as the recipe, at least RAMP + 1 = 4, and a ramp of 3 epochs (set here; source
200 and 10); noise = the supervisor's own expected error, mean of min(p, 1 - p) (set here: the source is told
the noise rate, which is truth). Cost: 3 at 3 epochs (2.2 at 5, 4 at 2), a pass over the items for each student
and epoch among it. Relies on: wrong labels being hard to fit early on. Source: co-teaching (1804.06872).
"""

from __future__ import annotations

import w2s

RAMP = 3


def run(bench: w2s.Bench) -> w2s.Predictions:
    """Two students that choose each other's items, averaged."""
    items, labels = bench.unlabelled, bench.weak.hard
    noise = w2s.noise.expected_rate(bench.weak.soft)
    students = [bench.strong(), bench.strong()]
    for student in students:
        student.finetune(items, labels, epochs=1)
    for done in range(1, max(bench.recipe.epochs, RAMP + 1)):
        share = w2s.noise.remembered(done, noise=noise, ramp=RAMP)
        said = [student.predict(items).probabilities for student in students]
        kept = [w2s.noise.small_loss(labels, soft, share=share) for soft in said]
        for student, chosen in zip(students, reversed(kept), strict=True):
            student.finetune(items[chosen], labels[chosen], epochs=1)
    bench.log(noise=noise)
    answers = [student.predict(bench.test).probabilities for student in students]
    return w2s.Predictions(bench.test, w2s.ensembles.average(answers))
