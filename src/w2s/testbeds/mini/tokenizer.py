"""Word-level tokenizer: one token a word; full stops, question marks and line breaks cost nothing."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from pathlib import Path

PATTERN = r"[A-Za-z]+[:!]?|[0-9]+|[-+*=#;()]"
PAD, EOS, UNKNOWN = "<pad>", "<eos>", "<unk>"


def words(text: str) -> list[str]:
    """The words of `text`, as the tokenizer splits it.

    >>> words("Where does Anna live?  A: Rome.")
    ['Where', 'does', 'Anna', 'live', 'A:', 'Rome']
    """
    return re.findall(PATTERN, text)


def vocabulary(texts: Iterable[str]) -> dict[str, int]:
    """Ids of all words in `texts`, special tokens first (pad 0, eos 1, unknown 2), then sorted."""
    seen: set[str] = set()
    for text in texts:
        seen.update(words(text))
    return {word: i for i, word in enumerate([PAD, EOS, UNKNOWN, *sorted(seen)])}


def save(ids: dict[str, int], folder: Path) -> None:
    """Write the files that `AutoTokenizer` loads; no special token is added to a text."""
    from tokenizers import Regex, Tokenizer, models, pre_tokenizers
    from transformers import PreTrainedTokenizerFast

    tokenizer = Tokenizer(models.WordLevel(ids, unk_token=UNKNOWN))
    tokenizer.pre_tokenizer = pre_tokenizers.Split(Regex(PATTERN), behavior="removed", invert=True)
    fast = PreTrainedTokenizerFast(
        tokenizer_object=tokenizer, eos_token=EOS, pad_token=PAD, unk_token=UNKNOWN, padding_side="right"
    )
    fast.save_pretrained(folder)


def encode(texts: Sequence[str], ids: dict[str, int]) -> list[list[int]]:
    """Token ids of each text; the same as the saved tokenizer gives, without its overhead."""
    unknown = ids[UNKNOWN]
    return [[ids.get(word, unknown) for word in words(text)] for text in texts]
