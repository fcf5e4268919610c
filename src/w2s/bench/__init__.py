"""The bench: what a method sees of a testbed in one run.

`Bench` and `Student` say what a method may call, and `w2s.contract` what each call accepts. `LocalBench` fulfils
both in this process; the lab's client fulfils them across a socket, without texts.
"""

from w2s.bench.local import LocalBench
from w2s.bench.protocol import Bench, Student, student_seed

__all__ = ["Bench", "LocalBench", "Student", "student_seed"]
