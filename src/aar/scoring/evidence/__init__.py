"""Evidence for verdicts: submissions and runs, read as correctness, and as cases for audits."""
