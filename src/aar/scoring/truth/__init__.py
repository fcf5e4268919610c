"""What alone knows the labels: the vault, what is drawn and trained from it, and its digest in the ledger."""
