"""Training gives the numbers that it gave when they were written down: a step that changed would be seen here.

The reference is `w2s.weak_labels.training_code.REVIEWED`: figures of a lab compare only as long as these hold. Other
processors round otherwise, so the numbers are held to .01 of a probability.
"""

from dataclasses import replace

import numpy as np
import pytest
from colours import PROMPTING, RECIPE, pairs, upright

from w2s.models import TextStudent
from w2s.weak_labels import soft_labels

SUPERVISOR = [0.828, 0.665, 0.347, 0.801, 0.540, 0.564]
STUDENT = [0.592, 0.774, 0.133, 0.659, 0.444, 0.446]
CHANGED = "numbers of training changed; if on purpose, write the new ones here and see training_code.REVIEWED"


def test_a_supervisor_says_what_it_said(tiny_model):
    labelled, truth = pairs(40)
    known = {example.id: int(y) for example, y in zip(labelled, truth, strict=True)}
    asked, _ = pairs(6, seed=1)
    soft = soft_labels(
        tiny_model, PROMPTING, replace(RECIPE, epochs=1), labelled=labelled, truth=known, asked=asked, seed=0
    )
    assert soft == pytest.approx(SUPERVISOR, abs=0.01), CHANGED


def test_a_student_with_soft_targets_weights_and_an_order_says_what_it_said(tiny_model):
    examples, truth = pairs(40)
    student = TextStudent(tiny_model, PROMPTING, RECIPE, 1)
    student.finetune(
        examples,
        upright(examples),
        0.1 + 0.8 * truth,
        weights=np.linspace(0.5, 1.5, 40),
        epochs=1,
        order=np.argsort(truth, kind="stable"),
    )
    asked, _ = pairs(6, seed=1)
    said = student.predict(asked, upright(asked))
    assert said == pytest.approx(STUDENT, abs=0.01), CHANGED
