"""From evidence to verdicts: who is let through, decided first and written once."""
