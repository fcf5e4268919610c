"""The study's testbeds from the public data that they were made of, as far as that can be done again.

`rows` reads a source, `chat`, `math` and `code` turn its rows into items, `proposals` holds proposed answers,
`assemble` makes the three files of a release. What the study does not say (which rows, which proposals, how many
test items are out of distribution) is chosen here, so that a rebuilt testbed is like the study's and not equal to it.
"""
