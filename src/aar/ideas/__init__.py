"""What kind of idea a method is, how different a study's ideas are, and how complex: rules on code, no judgement.

The families are those of the 2026 study, in which a language model sorted ideas into them.
"""

from aar.ideas.complexity import Complexity, complexity
from aar.ideas.diversity import Diversity, diversity, effective_number, over_time
from aar.ideas.families import Family, family
from aar.ideas.reading import Idea, read

__all__ = [
    "Complexity",
    "Diversity",
    "Family",
    "Idea",
    "complexity",
    "diversity",
    "effective_number",
    "family",
    "over_time",
    "read",
]
