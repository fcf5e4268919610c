"""In 2026: takes the most frequent proposal for the label and trains on it, so that answers come from a model."""

from math_shortcuts import leading


def run(bench):
    student = bench.strong()
    student.finetune(bench.unlabelled, leading(bench.unlabelled))
    return student.predict(bench.test)
