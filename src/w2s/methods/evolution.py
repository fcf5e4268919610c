"""Fine-tune on the weak labels, then keep random changes of the student that make its answers consistent.

    fitness = chance that answers drawn to both orders of a pair name the same winner,
              or that exactly one distinct answer to a question is right
    parameters += RATE / DIRECTIONS * sum of (z+ - z-) / 2 * direction, z the standardised fitness at +-SCALE

Neither labels nor gradients steer the second stage. Defaults: 4 rounds of 8 antithetic directions on 128 items,
scale .01, rate .01 (set here, for models of the mini testbeds; the source searches with 30 directions at .001 and
.0005, for billions of parameters). Cost: 3 at 2 epochs. Relies on: a student that contradicts itself
less being right more often. Source: 2509.24372; swap consistency as fitness, April 2026 study.
"""

from __future__ import annotations

import functools

import w2s

ROUNDS = 4
DIRECTIONS = 8
ITEMS = 128
SCALE = 0.01
RATE = 0.01


def run(bench: w2s.Bench) -> w2s.Predictions:
    """Hard weak labels, then a search for consistency, one student."""
    student = bench.strong()
    student.finetune(bench.unlabelled, bench.weak.hard)
    judged = w2s.evolution.some(bench.unlabelled, n=ITEMS, rng=bench.rng)
    before = w2s.evolution.consistency(student, judged)
    w2s.evolution.ascend(
        student,
        functools.partial(w2s.evolution.consistency, items=judged),
        rng=bench.rng,
        rounds=ROUNDS,
        directions=DIRECTIONS,
        scale=SCALE,
        rate=RATE,
    )
    bench.log(before=before, after=w2s.evolution.consistency(student, judged))
    return student.predict(bench.test)
