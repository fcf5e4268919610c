"""One database holds all that a lab knows; several processes may write it at once.

    database = aar.database.open(lab / "db" / "lab.db", create=True)      # a path, or the URL of any database
    with database.write() as tx:                       # all of it or nothing, one writer after the other
        researchers.add(tx, "r1", direction="denoise the labels")
    with database.read() as tx:                        # one consistent view
        everyone = researchers.all(tx)

The modules of this package are named by what they store, and their functions take a transaction first.
What must be in the ledger too (submissions, runs, verdicts, charges, references) is written through
`aar.ledger`, in the same transaction.
"""

from aar.database.connection import FORMAT, Database, Transaction, open

__all__ = ["FORMAT", "Database", "Transaction", "open"]
