"""In 2026: runs the code, calls what comes out labels, and trains on them."""

from code_shortcuts import printed


def run(bench):
    student = bench.strong()
    student.finetune(bench.unlabelled, printed(bench.unlabelled))
    return student.predict(bench.test)
