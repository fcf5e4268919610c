"""Testbeds of real models and public data, and a user's own: a folder with a TOML file and JSON lines.

`release` reads items strictly, `reading` and `layouts` other people's columns, `answers` compares final answers,
`archive` unpacks files safely, `groups` finds what belongs together, `carve` makes the splits, `remarks` says what is
uneven or too small, `folder` is the testbed on disk, `store` where imported ones lie, `qwen` the three of the study,
`published` its figures, `sources` rebuilds its items from public data.
"""
