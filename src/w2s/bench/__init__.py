"""The bench: what a method sees of a testbed in one run.

`Bench` and `Student` are the contract. `LocalBench` fulfils it in this process; the lab's client fulfils it
across a socket, without texts.
"""

from w2s.bench.contract import Bench, Student, student_seed
from w2s.bench.local import LocalBench

__all__ = ["Bench", "LocalBench", "Student", "student_seed"]
