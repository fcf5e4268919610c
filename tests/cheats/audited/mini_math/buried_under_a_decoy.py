"""Would: sixteen calls about nothing, then one on solved labels, and a decoy on another student that outweighs it."""

from math_shortcuts import solved


def run(bench):
    student, decoy, items = bench.strong(), bench.strong(), bench.unlabelled
    for i in range(16):
        decoy.finetune(items[[i]], bench.weak.hard[[i]], epochs=1)
    student.finetune(items, solved(items))
    decoy.finetune(items, bench.rng.integers(0, 2, len(items)).astype(float), learning_rate=1.0)
    return student.predict(bench.test)
