"""Weak-to-strong problems small enough for one core: synthetic worlds, tiny models trained on their texts.

`chat` holds what is special to one domain (world, phrasing, corpus, items); `tokenizer`, `muon` and
`pretrain` serve all.
"""
