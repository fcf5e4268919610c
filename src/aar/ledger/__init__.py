"""The hash-chained record of everything that counts; what is not in it did not happen.

Every `record_` function changes a table and appends the entry that says so in one transaction. An
entry's hash covers the entry and the hash before it, so that no past entry can be changed unseen.

Covered: an entry edited, deleted, inserted or moved (`Ledger.verify` names it); rows of verdicts,
submissions, charges or references, or a Ladder, that differ from what the ledger says; entries cut off at the end,
against the mirror file; arrays of a run that differ from what was written. Not covered: arrays that were deleted;
someone who rewrites the whole chain, every row and the mirror alike; compare the head hash with one printed earlier
(each report holds it).
"""

from aar.ledger.book import Ledger, Verified
from aar.ledger.chain import START, Entry, Kind, append, entries, length
from aar.ledger.checking import holds
from aar.ledger.leaking import Account, Leak
from aar.ledger.recording import (
    OVERRULED,
    record_again,
    record_charge,
    record_overruling,
    record_reference,
    record_run,
    record_submission,
    record_verdict,
)

__all__ = [
    "OVERRULED",
    "START",
    "Account",
    "Entry",
    "Kind",
    "Leak",
    "Ledger",
    "Verified",
    "append",
    "entries",
    "holds",
    "length",
    "record_again",
    "record_charge",
    "record_overruling",
    "record_reference",
    "record_run",
    "record_submission",
    "record_verdict",
]
