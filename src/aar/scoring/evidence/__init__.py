"""What verdicts rest on: what is handed in and run, read as correctness, and as cases for audits."""
