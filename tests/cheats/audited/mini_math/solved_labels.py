"""In 2026: solves the training questions and calls the result labels."""

from math_shortcuts import solved


def run(bench):
    student = bench.strong()
    student.finetune(bench.unlabelled, solved(bench.unlabelled))
    return student.predict(bench.test)
