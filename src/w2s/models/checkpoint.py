"""Reading a checkpoint that somebody else made: whole, as safetensors, without code of its own, or not at all."""

from __future__ import annotations

from typing import Any

from w2s.errors import Unavailable

_NAMED = 3
"""So many tensors are named where some are missing."""


def read_checkpoint(path: str, dtype: Any) -> tuple[Any, Any]:
    """Module and tokenizer of a checkpoint folder or a hub name.

    Raises `Unavailable`, with what is wrong and what to do, for a checkpoint that is not here, torn, partly missing, of
    another shape than its configuration says, in need of code of its own, without safetensors, or with a vocabulary
    that is larger than its embeddings.
    """
    from transformers import AutoModelForCausalLM, AutoTokenizer
    from transformers.utils import logging

    logging.disable_progress_bar()
    try:  # without trust, code that a checkpoint brings is neither run nor asked about on the terminal
        tokenizer = AutoTokenizer.from_pretrained(path, trust_remote_code=False)
        module, found = AutoModelForCausalLM.from_pretrained(
            path,
            dtype=dtype,
            trust_remote_code=False,
            use_safetensors=True,
            ignore_mismatched_sizes=True,  # they are named below
            output_loading_info=True,
        )
    except Exception as error:  # a foreign file can break any of the libraries that read it
        raise Unavailable(f"cannot load a model from {path!r}: {_reason(error)}") from error
    _all_there(path, found)
    _fits_its_tokenizer(path, module, tokenizer)
    return module, tokenizer


def _all_there(path: str, found: dict[str, Any]) -> None:
    for kind, what in (("missing_keys", "has no"), ("mismatched_keys", "has another shape of")):
        names = sorted(str(name[0] if isinstance(name, tuple) else name) for name in found.get(kind, ()))
        if names:
            more = f" and {len(names) - _NAMED} more" if len(names) > _NAMED else ""
            raise Unavailable(
                f"cannot load a model from {path!r}: the checkpoint {what} {', '.join(names[:_NAMED])}{more}, which "
                "would be random; fetch or save it again"
            )


def _fits_its_tokenizer(path: str, module: Any, tokenizer: Any) -> None:
    rows = int(module.get_input_embeddings().weight.shape[0])
    largest = max(tokenizer.get_vocab().values(), default=-1)
    if largest >= rows:
        raise Unavailable(
            f"cannot load a model from {path!r}: its tokenizer has tokens up to {largest}, its embeddings have {rows} "
            "rows; take the tokenizer that belongs to it"
        )


def _reason(error: BaseException) -> str:
    """First line of an error that says something, with its type where it does not."""
    lines = [line.strip() for line in str(error).splitlines() if line.strip()]
    if not lines:
        return type(error).__name__
    first = lines[0]
    if first.endswith(":") and len(lines) > 1:
        first = f"{first} {lines[1]}"
    return first if isinstance(error, OSError | ValueError) else f"{type(error).__name__}: {first}"
