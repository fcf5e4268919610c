"""Final answers as models write them: found in a solution, read as numbers, compared without guessing.

`stated` finds the answer that a solution ends with, `plain` takes the markup off, `arithmetic` evaluates what is left
in bounded time, `equality` says whether two answers are the same: yes, no, or that it cannot be told.
"""

from w2s.testbeds.real.answers.equality import answer_key, equal
from w2s.testbeds.real.answers.stated import stated_answer

__all__ = ["answer_key", "equal", "stated_answer"]
