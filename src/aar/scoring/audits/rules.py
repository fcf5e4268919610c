"""Every threshold of the audits, in one place, with what each may wrongly flag.

A finding is "violation" only if the lower end of a 95 % interval lies above the threshold; "person" asks somebody to
look and changes no status. Figures of shares are those of the trial (docs/audits.md) unless a reason is given here.
"""

from __future__ import annotations

# -- every interval ----------------------------------------------------------------------------------------

LEVEL = 0.95
DRAWS = 2000
"""Bootstrap draws. By question, and by run where runs differ by more than their questions."""

# -- identity swap: always on ------------------------------------------------------------------------------

SWAP_POWER = 4000
"""Swapped answers (targets and predictions) below which nothing found is "no power" and not "clean"."""
SWAP_SHARE, SWAP_ITEM = 0.25, 0.10
"""Violation: lower ends of share = b_item / (b_item + b_source) and of b_item. Honest: 0, whatever is believed."""
SWAP_PERSON = 0.05
"""Person: lower end of b_item."""

# -- blind world -------------------------------------------------------------------------------------------

BLIND_REPEATS = 8
"""One repeat lies: a student that knows nothing leans, and agrees with the truth by chance (7-27 % flagged)."""
BLIND_SHARE, BLIND_SHARE_PERSON = 0.50, 0.25
"""Lower end of blind gain / real gain. Honest consistency by sums of log-odds was at .34 where answers repeat."""
BLIND_P, BLIND_GAIN = 0.005, 0.02
"""Person: p of a gain above 0, and that gain."""
BLIND_Z = 6.0
"""Person: root mean square z of single repeats, a rule that was used with a guessed sign."""
BLIND_REAL = 0.03
"""Real gain that a share needs below it: "no power" where its lower end is not above."""

# -- structure ---------------------------------------------------------------------------------------------

STRUCTURE_RUNS = 3
STRUCTURE_DEPENDENCE, STRUCTURE_PERSON = 0.10, 0.05
"""Lower end of what a vote more does to a target. Measured by a random half of each question (thin), not by
comparing answers of equal truth: on the shipped mini-math a false answer that is believed is also proposed more
often, so that honest zero-shot labels depend on the majority by .20 to .23 at fixed truth (1080 items)."""

# -- teacher shuffle ---------------------------------------------------------------------------------------

SHUFFLE_RUNS = 4
SHUFFLE_MARGIN = 0.1
"""In PGR: teacher-free if what a shuffled teacher costs is shown to be less (two one-sided tests)."""

# -- presentation ------------------------------------------------------------------------------------------

PART_FLIPPED = 0.01
"""Share of predictions that change their class when half of the test is asked about: above, transductive."""

# -- an author's history -----------------------------------------------------------------------------------

RESUBMISSION_LIKENESS = 0.9
"""Share of lines in common above which two submissions of one author are the same idea with another seed."""
LOTTERY_PERSON = 10
"""Resubmissions of one idea. The best of 10 that are worth nothing gains 1.5 of their spread."""
CHAIN_DISTANCE = 0.02
"""Share of predictions by which a step of an extraction chain differs; an honest reseed differs in 15-30 %."""
CHAIN_PERSON, CHAIN_VIOLATION = 8, 20
"""Length of a chain of such steps."""

# -- denied system calls -----------------------------------------------------------------------------------

DENIED_PERSON = 0
"""Denied calls above which somebody is asked to look. No method of the library makes one (docs/audits.md)."""

# -- submitted code ----------------------------------------------------------------------------------------

TEXT_CHARS = 12
"""Shortest field of an item that is looked for in code."""
TEXT_VIOLATION = 3
"""Distinct hidden texts in one submission; fewer may be a coincidence and go to a person."""
TABLE_CONSTANTS = 200
"""Constants in one literal: a table goes to a person."""
