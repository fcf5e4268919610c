"""Rebuilds a shipped checkpoint from its seed: next-token prediction on documents, one core, minutes.

    python -m w2s.testbeds.mini.pretrain --testbed mini-chat --world north --role strong --out FOLDER

The same machine and torch version give the same bytes; another processor may round otherwise.
"""

from __future__ import annotations

import argparse
import hashlib
import json
import random
import sys
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from w2s.errors import NotFound, NotLearnt
from w2s.testbeds.mini import tokenizer
from w2s.testbeds.mini.domain import Domain, Gate, Role, Size, Writer
from w2s.testbeds.mini.domains import DOMAINS
from w2s.testbeds.mini.muon import Muon

if TYPE_CHECKING:
    import torch

WARMUP, FLAT_UNTIL, LAST = 150, 0.6, 0.02
VERDICT_WEIGHT, VALUE_WEIGHT, WORD_WEIGHT = 4.0, 1.0, 0.1


def rebuild(
    out_dir: Path,
    testbed: str,
    world: str,
    role: Role,
    *,
    steps: int | None = None,
    watch: Callable[[int, float, Any], None] | None = None,
) -> str:
    """Pre-train the `role` model of `world` of a mini testbed into `out_dir`; returns the SHA-256 of its weights file.

    `steps` cuts the training short (for tests); `watch(step, loss, model)` is called every 100 steps.
    """
    import torch

    if testbed not in DOMAINS:
        raise NotFound.among("mini testbed", testbed, sorted(DOMAINS))
    domain = DOMAINS[testbed]
    if world not in domain.testbed.worlds:
        raise NotFound.among("world", world, sorted(domain.testbed.worlds))
    size = domain.sizes[role]
    ids = domain.vocabulary(world)
    torch.set_num_threads(1)
    generator_state = torch.random.get_rng_state()
    again = domain.redrawn.get((world, role), 0)
    drawn = f"{world} {role}" + (f" {again}" if again else "")
    torch.manual_seed(int.from_bytes(hashlib.sha256(drawn.encode()).digest()[:4], "big"))
    model = _new_model(size, vocabulary=len(ids))
    torch.random.set_rng_state(generator_state)
    writer = domain.writer(world, random.Random(f"corpus {drawn}"))
    waits = role == "strong" and steps is None and world not in domain.without_gate
    gate = domain.gate if waits else None
    planned = domain.longer.get(world, size.steps) if role == "strong" else size.steps
    _train(model, domain, size, ids, writer, steps or planned, gate, watch)
    return _save(model, ids, out_dir)


def _new_model(size: Size, *, vocabulary: int) -> Any:
    from transformers import Qwen3Config, Qwen3ForCausalLM

    return Qwen3ForCausalLM(
        Qwen3Config(
            vocab_size=vocabulary,
            hidden_size=size.hidden,
            num_hidden_layers=size.layers,
            num_attention_heads=size.heads,
            num_key_value_heads=size.heads // 2,
            head_dim=size.head_size,
            intermediate_size=size.feed_forward,
            max_position_embeddings=256,
            tie_word_embeddings=True,
            use_cache=False,
            bos_token_id=None,
            eos_token_id=1,
            pad_token_id=0,
            attn_implementation="sdpa",
        )
    )


@dataclass
class _Clock:
    """Steps done, and those that were waited at the gate."""

    steps: int
    gate: Gate | None
    step: int = 0
    waited: int = 0

    @property
    def progress(self) -> float:
        """Progress in [0, 1]: waiting makes none."""
        return (self.step - self.waited) / self.steps

    def tick(self, loss: float) -> None:
        """One more step is done; `loss` is the smoothed one. `NotLearnt` once patience is out."""
        self.step += 1
        gate = self.gate
        if gate is None or not gate.progress <= self.progress < gate.progress + 1.5 / self.steps:
            return
        if loss > gate.loss:
            self.waited += 1
            if self.waited > gate.patience:
                raise NotLearnt(
                    f"verdicts are not learnt after {self.step} steps (loss {loss:.3f}, above {gate.loss}); "
                    "take another world"
                )


def _batches(
    ids: dict[str, int], writer: Writer, clock: _Clock, batch: int
) -> Iterator[np.ndarray[Any, np.dtype[np.int64]]]:
    """Token ids [batch, length] padded with 0: documents of similar length, in shuffled order, until time is up."""
    block = 25
    while clock.progress < 1:
        texts = [writer.document(clock.progress) for _ in range(batch * block)]
        rows = sorted(([*row, ids[tokenizer.EOS]] for row in tokenizer.encode(texts, ids)), key=len)
        chunks = [rows[i : i + batch] for i in range(0, len(rows), batch)]
        writer.rng.shuffle(chunks)
        for chunk in chunks:
            if clock.progress >= 1:
                return
            tokens = np.zeros((batch, max(map(len, chunk))), dtype=np.int64)
            for row, words in zip(tokens, chunk, strict=True):
                row[: len(words)] = words
            yield tokens


def _train(
    model: Any,
    domain: Domain,
    size: Size,
    ids: dict[str, int],
    writer: Writer,
    steps: int,
    gate: Gate | None,
    watch: Callable[[int, float, Any], None] | None,
) -> None:
    import torch
    from torch.nn.functional import cross_entropy

    muon, adamw = _optimizers(model, size)
    weight = _word_weights(domain, ids)
    marks = torch.tensor([ids[word] for word in sorted(domain.answer_marks)], dtype=torch.int64)
    smooth, clock = 0.0, _Clock(steps, gate)
    for batch in _batches(ids, writer, clock, size.batch):
        step, done = clock.step, clock.progress
        scale = min(1.0, (step + 1) / WARMUP)
        if done > FLAT_UNTIL:
            scale *= max(LAST, (1 - done) / (1 - FLAT_UNTIL))
        adamw.param_groups[0]["lr"] = size.adamw * scale
        muon.learning_rate = size.muon * scale
        tokens = torch.from_numpy(batch)
        target = tokens[:, 1:]
        logits = model(tokens[:, :-1]).logits
        each = cross_entropy(logits.flatten(0, 1), target.flatten(), reduction="none")
        share = weight[target.flatten()]
        if domain.answer_marks:
            share = share.where(~torch.isin(tokens[:, :-1].flatten(), marks), VERDICT_WEIGHT)
        loss = (each * share).sum() / share.sum()
        loss.backward()  # type: ignore[no-untyped-call]
        torch.nn.utils.clip_grad_norm_(model.parameters(), 1.0)
        muon.step()
        adamw.step()
        adamw.zero_grad()
        smooth += (loss.item() - smooth) * (1.0 if step == 0 else 0.02)
        clock.tick(smooth)
        if watch is not None and (clock.step % 100 == 0 or clock.progress >= 1):
            watch(clock.step, smooth, model)


def _optimizers(model: Any, size: Size) -> tuple[Muon, torch.optim.AdamW]:
    """Muon on the matrices (AdamW alone leaves the strong model's verdicts at chance), AdamW on the rest."""
    import torch

    named = list(model.named_parameters())
    matrices = [p for n, p in named if p.ndim == 2 and "embed" not in n] if size.muon else []
    taken = {id(p) for p in matrices}
    rest = [p for _, p in named if id(p) not in taken]
    return (
        Muon(matrices, learning_rate=size.muon),
        torch.optim.AdamW(rest, lr=size.adamw, betas=(0.9, 0.98), weight_decay=0.0, fused=True),
    )


def _word_weights(domain: Domain, ids: dict[str, int]) -> torch.Tensor:
    """Loss weight of each word, [vocabulary]: verdicts count most, padding nothing."""
    import torch

    weight = torch.full((len(ids),), WORD_WEIGHT)
    for words, share in ((domain.value_words, VALUE_WEIGHT), (domain.verdict_words, VERDICT_WEIGHT)):
        weight[[ids[word] for word in sorted(words)]] = share
    weight[ids[tokenizer.PAD]] = 0.0
    return weight


def _save(model: Any, ids: dict[str, int], out_dir: Path) -> str:
    """Write weights rounded to bf16 and the tokenizer; the measured models are the rounded ones."""
    import torch
    from transformers.utils import logging

    logging.disable_progress_bar()
    out_dir.mkdir(parents=True, exist_ok=True)
    model.to(torch.bfloat16).save_pretrained(out_dir)
    tokenizer.save(ids, out_dir)
    (out_dir / "generation_config.json").unlink(missing_ok=True)
    for path in out_dir.iterdir():
        path.chmod(0o644)  # safetensors makes it 0600, and a student service is another user
    return hashlib.sha256((out_dir / "model.safetensors").read_bytes()).hexdigest()


def main(arguments: list[str] | None = None) -> None:
    """Rebuild one checkpoint; progress on stderr, one JSON line with its hash on stdout."""
    parser = argparse.ArgumentParser(prog="python -m w2s.testbeds.mini.pretrain", description=__doc__)
    parser.add_argument("--testbed", choices=sorted(DOMAINS), required=True)
    parser.add_argument("--world", required=True)
    parser.add_argument("--role", choices=("weak", "strong"), required=True)
    parser.add_argument("--out", type=Path, required=True)
    parser.add_argument("--steps", type=int, help="stop after this many steps instead of the recipe's")
    chosen = parser.parse_args(arguments)
    start = time.monotonic()

    def watch(step: int, loss: float, _model: Any) -> None:
        print(f"step {step}  loss {loss:.3f}  {time.monotonic() - start:.0f} s", file=sys.stderr, flush=True)

    digest = rebuild(chosen.out, chosen.testbed, chosen.world, chosen.role, steps=chosen.steps, watch=watch)
    seconds = round(time.monotonic() - start, 1)
    built = {"testbed": chosen.testbed, "world": chosen.world, "role": chosen.role, "sha256": digest}
    print(json.dumps(built | {"seconds": seconds}))


if __name__ == "__main__":
    main()
