"""Teach students the weak labels that a contrast probe confirms, make each consistent, and average them.

    weight  = p_probe p_weak + (1 - p_probe) (1 - p_weak);  items drawn in proportion to it
    student = one pass over the drawn items, then a search for consistency (see evolution)
    answer  = mean log-odds of STUDENTS students, TRIM of them dropped at each end

The probe is that of ccs: layer by its own loss, sign from the weak labels. Defaults: trim .15 (study); 7 students
where the study has 16, 2 rounds of 4 directions on 96 items (set here, for the cost). Cost: 9 at 2 epochs. Relies
on: what ccs and evolution rely on, and on the probe erring elsewhere than the weak model. Source: CCS with
evolution strategies, the best method on chat of the April 2026 study.
"""

from __future__ import annotations

import functools

import numpy as np

import w2s

STUDENTS = 7
TRIM = 0.15
LAYERS = 6
ROUNDS = 2
DIRECTIONS = 4
ITEMS = 96
SCALE = 0.01
RATE = 0.01


def run(bench: w2s.Bench) -> w2s.Predictions:
    """Probe, agreement-weighted resampling, one pass, search; several students."""
    layers = w2s.probes.depth(bench.layers, at_most=LAYERS)
    found = w2s.contrast.read(bench, bench.strong(), layers=layers)
    probe = w2s.targets.sigmoid(w2s.elicitation.scaled(found.margin))
    agreement = probe * bench.weak.soft + (1.0 - probe) * (1.0 - bench.weak.soft)
    bench.log(layer=found.layer, agreement=agreement.mean())

    def teach(student: w2s.Student, rng: np.random.Generator) -> None:
        drawn = w2s.targets.resample(agreement, rng=rng)
        student.finetune(bench.unlabelled[drawn], bench.weak.hard[drawn], epochs=1)
        judged = w2s.evolution.some(bench.unlabelled, n=ITEMS, rng=rng)
        fitness = functools.partial(w2s.evolution.consistency, items=judged)
        w2s.evolution.ascend(
            student, fitness, rng=rng, rounds=ROUNDS, directions=DIRECTIONS, scale=SCALE, rate=RATE
        )

    return w2s.ensembles.several(bench, teach, students=STUDENTS, trim=TRIM)
