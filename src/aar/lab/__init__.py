"""The lab: what is taken in, queued, run and told; it never opens the vault."""
