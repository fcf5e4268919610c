"""Testbeds of real models and public data, and a user's own: a folder with a TOML file and JSON lines.

`release` reads items strictly, `archive` unpacks them safely, `groups` finds what belongs together, `carve`
makes the splits, `folder` is the testbed on disk, `store` where imported ones lie, `qwen` the three of the
study, `published` its figures, `sources` rebuilds its items from public data.
"""
