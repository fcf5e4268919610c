"""Submitted code: its rules, its frozen versions, and where it is read from."""
