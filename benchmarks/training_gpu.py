"""One candidate of the training benchmark at the size of a study: Qwen3-4B with LoRA on a GPU.

    python benchmarks/training_gpu.py --candidate w2s [--items 512] [--tiny]

Weights and token rows are random (seeded): 200 to 1500 tokens a row, LoRA of rank and alpha 32 on every
linear layer, learning rate 1e-4, batches of 32, bfloat16. Prints one JSON object: a cold run (from the start
of the process) and a warm one, tokens per second, peak memory, and MFU: the floating-point operations that
training adapters needs (forward, and backward with respect to what flows: 4 a weight and token, 6 an adapter
weight and token, causal attention; recomputation and padding count for nothing) over the time and over what
a large bfloat16 matrix product reaches on the same machine. `--tiny` runs the same code on a CPU.

Trainer and TRL are tried with several sizes of a part of a batch (with gradient accumulation), Trainer also
with both collators, without activation checkpointing where it fits and with it where nothing else does; the
fastest is used. With `flash_attn` installed both use it, TRL without padding.
"""

from __future__ import annotations

import argparse
import importlib.util
import json
import resource
import time
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from training_candidates import TRL, Candidate, Trainer, label_anywhere, label_at_the_end
from training_sizes import STUDY, TINY, Size, finished, matrix_peak, needed_operations

LABELS = (10, 11)
BASE_SEED = 4


@dataclass(frozen=True)
class Job:
    """The size, the device, how many rows and epochs, and how many tokens w2s holds at once."""

    size: Size
    device: str
    items: int
    epochs: int
    token_budget: int

    def base(self) -> Any:
        """A random model in bfloat16 on the device, with the tokenizer of a mini testbed (for its pad token)."""
        import transformers
        from transformers import AutoTokenizer

        from w2s import testbeds
        from w2s.models import BaseModel

        torch.manual_seed(BASE_SEED)
        attention = "flash_attention_2" if _has_flash(self.device) else "sdpa"
        config = transformers.Qwen3Config(**self.size.config, use_cache=False)
        with torch.device(self.device):
            module = transformers.AutoModelForCausalLM.from_config(
                config, dtype=torch.bfloat16, attn_implementation=attention
            )
        tokenizer = AutoTokenizer.from_pretrained(str(testbeds.load("mini-chat").worlds["north"].strong))
        return BaseModel(module.eval().requires_grad_(False), tokenizer, "random", self.token_budget)

    def rows(self) -> tuple[list[list[int]], np.ndarray]:
        """Random token rows and their labels."""
        rng = np.random.default_rng(0)
        low, high = self.size.lengths
        lengths = rng.integers(low, high + 1, self.items)
        rows = [rng.integers(20, self.size.config["vocab_size"], n).tolist() for n in lengths]
        return rows, rng.integers(0, 2, self.items)

    def recipe(self) -> Any:
        """The study's recipe."""
        from w2s.records import Recipe

        return Recipe(
            epochs=self.epochs,
            learning_rate=1e-4,
            batch_size=32,
            lora_rank=32,
            lora_alpha=32,
            max_length=self.size.lengths[1] + 1,
        )


class Ours:
    """`w2s.models.training.train`, the loop under `TextStudent.finetune`."""

    def __init__(self, job: Job) -> None:
        self.base, self.recipe, self.budget = job.base(), job.recipe(), job.token_budget
        self.tokens, self.targets = job.rows()
        self.setting = f"parts of at most {job.token_budget} tokens, laid end to end"

    def run(self) -> None:
        """Train one student."""
        from w2s.models.batches import Rows
        from w2s.models.plan import FinetunePlan
        from w2s.models.trainable import Trainable
        from w2s.models.training import train

        own = Trainable.of(self.base, self.recipe, 0)
        rows = Rows(self.tokens, pad=0, longest=self.recipe.max_length, device=self.base.device)
        plan = FinetunePlan.checked(len(rows), self.recipe, self.targets.astype(float))
        rng = np.random.default_rng(0)
        train(own, rows, LABELS, plan, self.recipe, rng, None, token_budget=self.budget)


class _Adapters:
    """What Trainer and TRL share here: rows, a peft model, and the choice of the fastest setting."""

    collators: tuple[Any, ...] = (None,)

    def __init__(self, job: Job) -> None:
        import datasets

        self.base, self.recipe, self.job = job.base(), job.recipe(), job
        prompts, targets = job.rows()
        made = []
        for prompt, target in zip(prompts, targets, strict=True):
            ids = [*prompt, LABELS[int(target)]]
            made.append({"input_ids": ids, "labels": [-100] * len(prompt) + ids[-1:], "length": len(ids)})
        self.all_rows = datasets.Dataset.from_list(made)
        self.setting = self._fastest()

    def run(self) -> None:
        """Train one student in the chosen setting."""
        self.rows = self.all_rows
        self.train([0])  # type: ignore[attr-defined]

    def _fastest(self) -> str:
        """Try each setting on two batches, twice; keep the fastest that fits."""
        self.rows = self.all_rows.select(range(min(64, len(self.all_rows))))
        found: dict[str, tuple[float, tuple[Any, ...]]] = {}
        for checkpointing in (False, True):
            for part in self.job.size.parts:
                for collator in self.collators:
                    self.chosen = part, collator, checkpointing
                    seconds = self._tried()
                    if seconds is not None:
                        name = "" if collator is None else f", {collator.__name__}"
                        found[f"parts of {part}{name}{', checkpointing' * checkpointing}"] = (
                            seconds,
                            self.chosen,
                        )
            if found:
                break
        if not found:
            raise SystemExit("no setting fits this device")
        best = min(found, key=lambda name: found[name][0])
        self.chosen = found[best][1]
        return best

    def _tried(self) -> float | None:
        try:
            self.train([0])  # type: ignore[attr-defined]
            start = time.perf_counter()
            self.train([0])  # type: ignore[attr-defined]
            finished(self.job.device)
            return time.perf_counter() - start
        except torch.OutOfMemoryError:
            return None
        finally:
            if self.job.device == "cuda":
                torch.cuda.empty_cache()

    def _module(self, seed: int) -> Any:
        import peft

        from w2s.models.trainable import _ADAPTED, _with_shared_weights

        rank = self.recipe.lora_rank
        config = peft.LoraConfig(r=rank, lora_alpha=rank, target_modules=_ADAPTED, task_type="CAUSAL_LM")
        return peft.get_peft_model(_with_shared_weights(self.base.module), config)

    def _arguments(self, scratch: str, seed: int) -> dict[str, Any]:
        part, collator, checkpointing = self.chosen
        if collator is not None:
            self.collator = collator
        arguments: dict[str, Any] = super()._arguments(scratch, seed)  # type: ignore[misc]
        return arguments | {
            "bf16": True,
            "per_device_train_batch_size": part,
            "gradient_accumulation_steps": self.recipe.batch_size // part,
            "gradient_checkpointing": checkpointing,
        }


class BigTrainer(_Adapters, Trainer):
    """`transformers.Trainer` on a peft model."""

    collators = (label_at_the_end, label_anywhere)


class BigTRL(_Adapters, TRL):
    """TRL's `SFTTrainer` on a peft model."""

    def _arguments(self, scratch: str, seed: int) -> dict[str, Any]:
        return super()._arguments(scratch, seed) | {"padding_free": _has_flash(self.job.device)}


CANDIDATES: dict[str, Any] = {"w2s": Ours, "trainer": BigTrainer, "trl": BigTRL}
assert issubclass(BigTrainer, Candidate)


def _has_flash(device: str) -> bool:
    return device == "cuda" and importlib.util.find_spec("flash_attn") is not None


def measure(name: str, job: Job, born: float) -> dict[str, Any]:
    """Cold and warm seconds, tokens per second, MFU and peak memory of one candidate."""
    candidate = CANDIDATES[name](job)
    candidate.run()
    finished(job.device)
    cold = time.monotonic() - born
    if job.device == "cuda":
        torch.cuda.reset_peak_memory_stats()
    start = time.perf_counter()
    candidate.run()
    finished(job.device)
    warm = time.perf_counter() - start
    lengths = np.array([len(row) for row in job.rows()[0]])
    peak = matrix_peak(job.device)
    operations = job.epochs * needed_operations(job.size.config, lengths, job.recipe().lora_rank)
    return {
        "candidate": name,
        "setting": candidate.setting,
        "cold_s": cold,
        "warm_s": warm,
        "tokens": int(lengths.sum()) * job.epochs,
        "tokens_per_s": float(lengths.sum()) * job.epochs / warm,
        "matrix_peak": peak,
        "mfu": operations / warm / peak,
        "peak_mib": _peak_mib(job.device),
    }


def _peak_mib(device: str) -> float:
    if device == "cuda":
        return torch.cuda.max_memory_allocated() / 2**20
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024


def main() -> None:
    """Measure one candidate and print it, or say why it cannot be."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--candidate", choices=CANDIDATES, required=True)
    parser.add_argument("--items", type=int, default=512)
    parser.add_argument(
        "--epochs", type=int, default=1, help="the study's recipe has 5; the rate is the same"
    )
    parser.add_argument("--token-budget", type=int, default=16_384)
    parser.add_argument("--tiny", action="store_true", help="a tiny model on a CPU, to try the code")
    parser.add_argument("--born", type=float, default=time.monotonic())
    given = parser.parse_args()
    if not given.tiny and not torch.cuda.is_available():
        print(json.dumps({"candidate": given.candidate, "skipped": "this machine has no CUDA device"}))
        return
    size, device = (TINY, "cpu") if given.tiny else (STUDY, "cuda")
    if given.tiny:
        torch.set_num_threads(1)
    job = Job(size, device, given.items, given.epochs, given.token_budget)
    print(json.dumps(measure(given.candidate, job, given.born)))


if __name__ == "__main__":
    main()
