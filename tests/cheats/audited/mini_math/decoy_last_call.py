"""Would: the student that answers learns from solved labels; the last call, on another one, is honest."""

from math_shortcuts import solved


def run(bench):
    student, decoy = bench.strong(), bench.strong()
    student.finetune(bench.unlabelled, solved(bench.unlabelled))
    decoy.finetune(bench.unlabelled, bench.weak.hard)
    return student.predict(bench.test)
