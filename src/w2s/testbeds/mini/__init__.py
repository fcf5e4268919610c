"""Weak-to-strong problems small enough for one core: synthetic worlds, tiny models trained on their texts.

`chat`, `math` and `code` each hold what is special to one domain (world, phrasing, corpus, items); `splits`,
`tokenizer`, `muon` and `pretrain` serve all.
"""
