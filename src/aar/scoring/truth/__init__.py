"""Modules that alone know the labels: the vault, the items and references made from it, its digest in the ledger."""
