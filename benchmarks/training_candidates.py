"""One candidate of the training benchmark in a process of its own: w2s, transformers.Trainer or TRL's SFTTrainer.

    python benchmarks/training_candidates.py --candidate trainer --data items.json --born SECONDS

Started by `training.py`, which hands over items as JSON and when it started the process (monotonic seconds).
Prints one JSON object. A first run of `students` students counts as cold: imports, loading, tokenizing and
training. The runs after it are warm: base model and token rows are there, and each makes its own students.

What is the same for all: items, targets, label as text, AdamW fused with the same rates, linear schedule
with the same warm-up steps, clipping at 1, batches grouped by length, float32, threads. No evaluation, no
logging, no saving. What a candidate may choose is set to what was fastest for it: see `_arguments`.
"""

from __future__ import annotations

import abc
import argparse
import copy
import json
import math
import resource
import tempfile
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import numpy as np

SEED = 20


class Candidate(abc.ABC):
    """A base model and the items of one data file, made into trained modules on demand."""

    def __init__(self, data: dict[str, Any], processes: int = 1) -> None:
        from w2s.models import Prompting, load_model
        from w2s.records import Example, Recipe

        self.processes = processes
        self.base = load_model(data["model"])
        self.prompting = Prompting(**{k: _tuple(v) for k, v in data["prompting"].items()})
        self.recipe = Recipe(**data["recipe"])
        self.items = [Example(**item) for item in data["items"]]
        self.test = [Example(**item) for item in data["test"]]
        self.targets = np.array(data["targets"], dtype=np.float64)
        self.truth = np.array(data["truth"], dtype=np.float64)
        self.tokens = sum(self.base.length(self.prompting.template, item) for item in self.items)

    @abc.abstractmethod
    def train(self, seeds: Sequence[int]) -> list[Any]:
        """A trained module for each seed."""

    def accuracy(self, module: Any) -> float:
        """Share of the test items that `module` answers as the truth does; read in the same way for all."""
        from w2s.models import BaseModel, TextStudent

        model = BaseModel(module.eval(), self.base.tokenizer, self.base.source)
        student = TextStudent(model, self.prompting, self.recipe, 0)
        said = student.predict(self.test, np.zeros(len(self.test), dtype=bool))
        return float(np.mean((said > 0.5) == self.truth))


class Ours(Candidate):
    """`w2s.models.TextStudent.finetune`; several students in processes forked from one, as the lab's slots are."""

    def train(self, seeds: Sequence[int]) -> list[Any]:
        """A trained module for each seed."""
        from w2s.models import TextStudent

        students = [TextStudent(self.base, self.prompting, self.recipe, seed) for seed in seeds]
        if self.processes == 1 or len(students) == 1:
            self._teach(students)
        else:
            self._teach_in_processes(students)
        return [student._module for student in students]

    def _teach(self, students: Sequence[Any]) -> None:
        upright = np.zeros(len(self.items), dtype=bool)
        for student in students:
            student.finetune(self.items, upright, self.targets)

    def _teach_in_processes(self, students: Sequence[Any]) -> None:
        import multiprocessing

        import torch

        vectors = [student._trainable().vector.data for student in students]
        shared = torch.stack(vectors).share_memory_()

        def teach(mine: Sequence[int]) -> None:
            torch.set_num_threads(1)
            self._teach([students[k] for k in mine])
            for k in mine:
                shared[k].copy_(vectors[k])

        context = multiprocessing.get_context("fork")
        parts = [range(k, len(students), self.processes) for k in range(self.processes)]
        workers = [context.Process(target=teach, args=(part,)) for part in parts]
        for worker in workers:
            worker.start()
        for worker in workers:
            worker.join()
            if worker.exitcode:
                raise SystemExit(f"a process that trains students ended with {worker.exitcode}")
        for vector, trained in zip(vectors, shared, strict=True):
            vector.copy_(trained)


class Trainer(Candidate):
    """`transformers.Trainer` on prompts that end in their label, the loss on that token alone."""

    collator = staticmethod(lambda pad: label_at_the_end(pad))

    def __init__(self, data: dict[str, Any], processes: int = 1) -> None:
        super().__init__(data)
        import datasets

        from w2s.models.prompting import render

        datasets.disable_progress_bars()
        words = [self.base.label_token(label) for label in self.prompting.labels]
        rows = []
        for item, target in zip(self.items, self.targets, strict=True):
            prompt = self.base.encode(render(self.prompting.template, item.fields))
            ids = [*prompt, words[int(target)]]
            rows.append({"input_ids": ids, "labels": [-100] * len(prompt) + ids[-1:], "length": len(ids)})
        self.rows = datasets.Dataset.from_list(rows)

    def train(self, seeds: Sequence[int]) -> list[Any]:
        """A trained module for each seed, one after the other."""
        return [self._one(seed) for seed in seeds]

    def _module(self, seed: int) -> Any:
        return copy.deepcopy(self.base.module).float().requires_grad_(True)

    def _one(self, seed: int) -> Any:
        module = self._module(seed)
        with tempfile.TemporaryDirectory() as scratch:
            trainer = self._trainer(module, self._arguments(scratch, seed))
            trainer.train()
        return module

    def _arguments(self, scratch: str, seed: int) -> dict[str, Any]:
        recipe = self.recipe
        steps = recipe.epochs * math.ceil(len(self.rows) / recipe.batch_size)
        return {
            "output_dir": scratch,
            "seed": seed,
            "per_device_train_batch_size": recipe.batch_size,
            "num_train_epochs": recipe.epochs,
            "learning_rate": recipe.learning_rate,
            "weight_decay": recipe.weight_decay,
            "warmup_steps": max(1, round(recipe.warmup * steps)),
            "lr_scheduler_type": "linear",
            "max_grad_norm": 1.0,
            "optim": "adamw_torch_fused",
            "train_sampling_strategy": "group_by_length",
            "length_column_name": "length",
            "use_cpu": self.base.device.type == "cpu",
            "bf16": self.base.device.type != "cpu",
            "gradient_checkpointing": False,
            "dataloader_num_workers": 0,
            "logging_strategy": "no",
            "save_strategy": "no",
            "report_to": [],
            "disable_tqdm": True,
        }

    def _trainer(self, module: Any, arguments: dict[str, Any]) -> Any:
        import transformers

        return transformers.Trainer(
            model=module,
            args=transformers.TrainingArguments(**arguments),
            train_dataset=self.rows,
            data_collator=self.collator(self.base.tokenizer.pad_token_id or 0),
        )


class TRL(Trainer):
    """TRL's `SFTTrainer` on the same token rows; its loss never builds the logits of what is not counted."""

    def _trainer(self, module: Any, arguments: dict[str, Any]) -> Any:
        import trl

        return trl.SFTTrainer(
            model=module,
            args=trl.SFTConfig(**arguments, max_length=None, dataset_kwargs={"skip_prepare_dataset": True}),
            train_dataset=self.rows,
            processing_class=self.base.tokenizer,
        )


def label_at_the_end(pad: int) -> Callable[[list[dict[str, Any]]], dict[str, Any]]:
    """A collator that pads on the left to the longest row, so that only two positions need the vocabulary."""
    import torch

    def collate(rows: list[dict[str, Any]]) -> dict[str, Any]:
        longest = max(len(row["input_ids"]) for row in rows)
        short = [longest - len(row["input_ids"]) for row in rows]
        ids = [[pad] * gap + row["input_ids"] for gap, row in zip(short, rows, strict=True)]
        seen = [[0] * gap + [1] * (longest - gap) for gap in short]
        return {
            "input_ids": torch.tensor(ids),
            "attention_mask": torch.tensor(seen),
            "labels": torch.tensor([row["labels"][-2:] for row in rows]),
            "logits_to_keep": 2,
        }

    return collate


CANDIDATES: dict[str, type[Candidate]] = {"w2s": Ours, "trainer": Trainer, "trl": TRL}


def label_anywhere(pad: int) -> Callable[[list[dict[str, Any]]], dict[str, Any]]:
    """A collator that pads on the right and gives no mask: causal attention never looks there."""
    import torch

    def collate(rows: list[dict[str, Any]]) -> dict[str, Any]:
        longest = max(len(row["input_ids"]) for row in rows)
        gaps = [longest - len(row["input_ids"]) for row in rows]
        return {
            "input_ids": torch.tensor([r["input_ids"] + [pad] * g for r, g in zip(rows, gaps, strict=True)]),
            "labels": torch.tensor([r["labels"] + [-100] * g for r, g in zip(rows, gaps, strict=True)]),
        }

    return collate


def _cpu_seconds() -> float:
    """Processor seconds of this process and of those it has waited for."""
    spent = [resource.getrusage(who) for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)]
    return sum(one.ru_utime + one.ru_stime for one in spent)


def _tuple(value: Any) -> Any:
    return tuple(value) if isinstance(value, list) else value


def measure(
    name: str, files: Sequence[Path], *, students: int, warm_runs: int, born: float, processes: int
) -> dict[str, Any]:
    """Cold and warm seconds, tokens, peak memory, and the test accuracy of every student, by data file."""
    found: dict[str, Any] = {"candidate": name, "warm": [], "warm_cpu": [], "accuracy": []}
    for path in files:
        candidate = CANDIDATES[name](json.loads(path.read_text()), processes)
        modules = candidate.train([SEED + k for k in range(students)])
        found.setdefault("cold", time.monotonic() - born)
        found.setdefault("cold_cpu", _cpu_seconds())
        for again in range(warm_runs):
            start, start_cpu = time.perf_counter(), _cpu_seconds()
            modules = candidate.train([SEED + k + students * (again + 1) for k in range(students)])
            found["warm"].append(time.perf_counter() - start)
            found["warm_cpu"].append(_cpu_seconds() - start_cpu)
        found["peak_mib"] = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
        found["items"] = len(candidate.items) * candidate.recipe.epochs * students
        found["tokens"] = candidate.tokens * candidate.recipe.epochs * students
        found["accuracy"].append([candidate.accuracy(module) for module in modules])
    return found


def main() -> None:
    """Measure one candidate and print it."""
    import torch

    parser = argparse.ArgumentParser()
    parser.add_argument("--candidate", choices=CANDIDATES, required=True)
    parser.add_argument("--data", type=Path, nargs="+", required=True)
    parser.add_argument("--students", type=int, default=1)
    parser.add_argument("--warm-runs", type=int, default=0)
    parser.add_argument("--threads", type=int, default=1)
    parser.add_argument("--processes", type=int, default=1)
    parser.add_argument("--born", type=float, default=time.monotonic())
    given = parser.parse_args()
    torch.set_num_threads(given.threads)
    found = measure(
        given.candidate,
        given.data,
        students=given.students,
        warm_runs=given.warm_runs,
        born=given.born,
        processes=given.processes,
    )
    print(json.dumps(found))


if __name__ == "__main__":
    main()
