"""Would: fits at home a decoder of log-odds, which no basis changes, and brings its few weights along.

words        log-odds of many pairs of label words under two templates: each is another direction of the last
             state, and the directions are chosen at home by how well the truth can be read off them together
directions   log-odds of students that were moved along seeded directions, which cost no template: what a seed
             names is the same at home, so that each answer is one more known number about the item
"""

from __future__ import annotations

import functools
import itertools
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from offline_decoder import Floats, bench_of, fitted

from w2s import testbeds
from w2s.bench import LocalBench
from w2s.bounds import LABEL_CHARS
from w2s.models import BaseModel
from w2s.records import BoolArray, Items, Split, SplitName
from w2s.testbeds import Testbed

Question = tuple[str, tuple[str, str]]
Ask = Callable[[Items], npt.NDArray[np.floating]]
TRIED = 3000
"""Pairs of words that are tried at home, under each template."""


@dataclass(frozen=True)
class Own:
    """A bench on items of a known seed and their truth, 1 or -1, [n] for the unlabelled and then the test items."""

    bench: LocalBench
    truth: Floats
    testbed: Testbed

    @classmethod
    def of(
        cls, testbed: Testbed, item_seed: bytes, *, n: int | None = None, split: SplitName = "sealed"
    ) -> Own:
        """The items of the first world of `split`, at most `n` of each pool; that of dev is another one."""
        splits, truth = testbeds.generate(testbed, item_seed=item_seed)
        whole = splits[split][0]
        cut = Split(whole.name, whole.world, (), whole.unlabelled[:n], whole.test[:n])
        signs = [2.0 * truth[e.id] - 1.0 for e in (*cut.unlabelled, *cut.test)]
        bench = bench_of(testbed, cut, seed=int.from_bytes(item_seed[-4:], "big"))
        return cls(bench, np.array(signs), testbed)

    @property
    def pairs(self) -> bool:
        return self.bench.unlabelled.answer is None

    def both(self, ask: Ask, items: Items) -> Floats:
        """Of a pair what changes its sign with the order."""
        shown = np.asarray(ask(items), dtype=np.float64)
        return (shown - np.asarray(ask(items.swapped()))) / 2.0 if self.pairs else shown


def choose(
    homes: Sequence[Own], *, most: int, allowed: Sequence[str] | None = None
) -> tuple[list[Question], Floats]:
    """Questions chosen one by one, each with those before it the best for the truth, and their answers at home [n, k].

    The state that log-odds are read from is known at home, so every pair of words is tried without asking: of those
    that are `allowed`, or of the whole vocabulary.
    """
    base = homes[0].bench._models["strong"][0]
    head = base.module.get_output_embeddings().weight.detach().numpy().astype(np.float64)
    words = _words(base) if allowed is None else list(allowed)
    pairs = list(itertools.combinations(words, 2))
    rng = np.random.default_rng(0)
    pairs = [pairs[i] for i in rng.permutation(len(pairs))[:TRIED]]
    reads = np.stack([head[base.label_token(b)] - head[base.label_token(a)] for a, b in pairs], axis=1)
    templates = (homes[0].testbed.template, homes[0].testbed.zero_shot_template)
    answers = np.hstack([np.vstack([_last(own, t) for own in homes]) @ reads for t in templates])
    questions = [(template, pair) for template in templates for pair in pairs]
    truth = np.concatenate([own.truth for own in homes])
    chosen = _greedy(answers - answers.mean(axis=0) * (not homes[0].pairs), truth, most=most)
    return [questions[i] for i in chosen], answers[:, chosen]


def _words(base: BaseModel) -> list[str]:
    """Words of the vocabulary that may be labels."""
    known = {word.strip("Ġ▁") for word in base.tokenizer.get_vocab()}
    return sorted(
        word for word in known if word.isalnum() and len(word) <= LABEL_CHARS and _is_one(base, word)
    )


def _is_one(base: BaseModel, word: str) -> bool:
    tokens = base.tokenizer(" " + word, add_special_tokens=False)["input_ids"]
    return len(tokens) == 1 and tokens[0] != base.tokenizer.unk_token_id


def _last(own: Own, template: str) -> Floats:
    """States that log-odds are read from, [n, h]: of a pair half the difference of both orders."""
    import torch

    from w2s.models.forward import label_reader

    text = own.bench.strong()._text
    examples = own.bench._examples
    up = np.zeros(len(examples), dtype=np.bool_)

    def read(flipped: BoolArray) -> Floats:
        rows = text._rows(examples, flipped, template)
        states = np.zeros((len(examples), text.base.hidden))
        with torch.inference_mode():
            for index, ids, last in text._batches(rows):
                states[index] = label_reader(text._module)(ids, last).float().numpy()
        return states

    return np.asarray((read(up) - read(~up)) / 2.0 if own.pairs else read(up))


def _greedy(columns: Floats, y: Floats, *, most: int) -> list[int]:
    """Orthogonal matching pursuit: columns [n, c] that together give y [n] best."""
    rest, left = columns.copy(), y - y.mean()
    chosen: list[int] = []
    for _ in range(min(most, columns.shape[1])):
        size = np.linalg.norm(rest, axis=0)
        gain = np.abs(left @ rest) / np.maximum(size, 1e-3 * size.max())
        gain[chosen] = -1.0
        best = int(gain.argmax())
        chosen.append(best)
        axis = rest[:, best] / np.linalg.norm(rest[:, best])
        rest = rest - np.outer(axis, axis @ rest)
        left = left - axis * (axis @ left)
    return chosen


def by_words(
    homes: Sequence[Own], labs: Sequence[Own], *, counts: Sequence[int], allowed: Sequence[str] | None = None
) -> dict[int, list[float]]:
    """Accuracy on each lab's test items by the number of questions that are asked."""
    questions, answers = choose(homes, most=max(counts), allowed=allowed)
    truth = np.concatenate([own.truth for own in homes])
    asked = [_asked(lab, questions) for lab in labs]
    found: dict[int, list[float]] = {}
    for k in (k for k in counts if k <= len(questions)):
        reader = fitted(answers[:, :k], truth, odd=labs[0].pairs)
        said = [np.sign(each[:, :k] @ reader.direction + reader.constant) for each in asked]
        found[k] = [
            float(np.mean(signs == lab.truth[-len(signs) :])) for signs, lab in zip(said, labs, strict=True)
        ]
    return found


def _asked(lab: Own, questions: Sequence[Question]) -> Floats:
    """Answers about a lab's test items, [n, questions]."""
    student, items = lab.bench.strong(), lab.bench.test
    return np.stack(
        [
            lab.both(functools.partial(student.zero_shot, template=template, labels=pair), items)
            for template, pair in questions
        ],
        axis=1,
    )


def moved(own: Own, *, seeds: Sequence[int], scale: float) -> Floats:
    """Log-odds of a student moved along each direction, less those of it unmoved, [n, k + 1] with these at the end."""
    student = own.bench.strong()
    student.step({0: 0.0})
    pools = (own.bench.unlabelled, own.bench.test)

    def ask(items: Items) -> Floats:
        return student.zero_shot(items, template=own.testbed.template, labels=own.testbed.labels)

    def asked() -> Floats:
        return np.concatenate([own.both(ask, pool) for pool in pools])

    plain = asked()
    told = []
    for seed in seeds:
        student.perturb(seed, scale)
        told.append((asked() - plain) / scale)
        student.perturb(seed, -scale)
    return np.stack([*told, plain], axis=1)


def by_directions(home: Own, lab: Own, *, counts: Sequence[int], scale: float = 0.003) -> dict[int, float]:
    """Accuracy on the lab's test items by the number of directions."""
    seeds = list(range(1, max(counts) + 1))
    ours, theirs = moved(home, seeds=seeds, scale=scale), moved(lab, seeds=seeds, scale=scale)
    spread = ours.std(axis=0)
    found = {}
    for k in counts:
        columns = [*range(k), len(seeds)]
        reader = fitted((ours / spread)[:, columns], home.truth, odd=lab.pairs)
        said = np.sign((theirs / spread)[:, columns] @ reader.direction + reader.constant)[
            -len(lab.bench.test) :
        ]
        found[k] = float(np.mean(said == lab.truth[-len(said) :]))
    return found
