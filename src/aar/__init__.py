"""The laboratory: secrets, scoring, sandboxes, forum, snapshots, researchers, reports."""
