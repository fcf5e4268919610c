"""Would: fits at home, on the published checkpoint, what reads the truth off hidden states, and brings it along.

At home a bench is asked about as many items of the public world as one likes, in the model's own basis and with the
truth; in the lab once about the lab's own, in the lab's basis. What goes from one to the other are numbers (a
direction, moments, states of known texts) that fit into a submission. `benchmarks/decoder.py` prints what each road
recovers.

    fixed       a direction for the states
    principal   its coordinates along the principal axes; signs from the mean and the skewness along each
    constants   the basis by Procrustes from states of templates that show nothing of an item
    questions   the same from items that are recognised: their state under a template that shows one field
                depends on that text alone, and its length (a norm) names the text
    moments     the same from means of the states weighted by functions of what no basis changes (norms, log-odds)
    taught      no direction: a probe that is fitted in the lab to what a decoder of the log-odds alone says
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import pytest

from w2s import testbeds
from w2s.bench import LocalBench
from w2s.bench.basis import Bases, Basis
from w2s.records import Example, Items, Split
from w2s.testbeds import Testbed

Floats = npt.NDArray[np.float64]
Signs = npt.NDArray[np.float64]

CONSTANTS = tuple(
    f"{words}:" for words in (
        "Question", "Answer", "Verdict", "Claim", "A", "B", "True", "False", "Claim: True", "Claim: False",
        "Verdict: A", "Verdict: B", "Question: A", "Answer: B",
    )
)  # fmt: skip
"""Templates that show nothing of an item: each names one state exactly. With both others of a run they are 16."""
FEATURES = 320
ANCHORS = 320
SHRINKAGE = 1e-3


@contextmanager
def unrotated() -> Iterator[None]:
    """A bench without the prevention: states in the model's own basis."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(Bases, "of", lambda _, model, layer, *, width: Basis(np.eye(width, dtype=np.float32)))
        yield


def bench_of(testbed: Testbed, split: Split, *, seed: int) -> LocalBench:
    """A bench with weak labels that say nothing."""
    return LocalBench.from_split(testbed, split, np.full(len(split.unlabelled), 0.4), seed=seed)


@dataclass(frozen=True)
class Seen:
    """What a bench says of its items, and at home their truth.

    Attributes:
        states: States of the items as shown, [n, h].
        swapped: States of pairs in the other order, [n, h]; None for proposed answers.
        scalars: What no basis changes: norms, log-odds, likelihood of the item as shown and swapped, [2, n, k].
        one_field: States under a template that shows one field alone, [n, h].
        constants: States under each of `CONSTANTS`, [c, h].
        is_test: Items that are predicted, [n].
        truth: 1 or -1 for each item, [n]; 0 where it is not known.
    """

    states: Floats
    swapped: Floats | None
    scalars: Floats
    one_field: Floats
    constants: Floats
    is_test: npt.NDArray[np.bool_]
    truth: Signs

    @property
    def odd(self) -> Floats:
        """What a decoder reads, [n, h]: of a pair what changes its sign with the order."""
        return self.states if self.swapped is None else (self.states - self.swapped) / 2.0

    @property
    def every(self) -> tuple[Floats, Floats]:
        """States and scalars of each showing, both orders of a pair one after the other: [m, h], [m, k]."""
        if self.swapped is None:
            return self.states, self.scalars[0]
        return np.vstack([self.states, self.swapped]), np.vstack([*self.scalars])


def look(testbed: Testbed, bench: LocalBench, truth: Sequence[float] | None = None, *, layer: int) -> Seen:
    """Ask a bench all that the roads below use: 16 templates, the testbed's own two among them."""
    student = bench.strong()
    pools = (bench.unlabelled, bench.test)

    def all_of(ask: Callable[[Items], npt.NDArray[np.floating]]) -> Floats:
        return np.concatenate([np.asarray(ask(pool), dtype=np.float64) for pool in pools])

    pairs = bench.unlabelled.answer is None
    field = "prompt" if pairs else "question"

    def showing(turn: Callable[[Items], Items]) -> tuple[Floats, Floats]:
        states = all_of(lambda items: student.hidden_states(turn(items), layer))
        told = [
            np.linalg.norm(states, axis=1),
            all_of(lambda items: student.zero_shot(turn(items))),
            all_of(
                lambda items: student.zero_shot(turn(items), template=testbed.template, labels=testbed.labels)
            ),
            all_of(lambda items: student.likelihood(turn(items))),
        ]
        return states, np.stack(told, axis=1)

    states, scalars = showing(lambda items: items)
    turned = showing(lambda items: items.swapped()) if pairs else None
    return Seen(
        states=states,
        swapped=None if turned is None else turned[0],
        scalars=np.stack([scalars, scalars if turned is None else turned[1]]),
        one_field=all_of(lambda items: student.hidden_states(items, layer, template=f"{{{field}}}")),
        constants=np.concatenate(
            [student.hidden_states(bench.test[:1], layer, template=text) for text in CONSTANTS]
        ).astype(np.float64),
        is_test=np.repeat([False, True], [len(pool) for pool in pools]),
        truth=np.zeros(len(states)) if truth is None else 2.0 * np.asarray(truth, dtype=np.float64) - 1.0,
    )


def at_home(testbed: Testbed, *, seeds: Sequence[int], layer: int, n: int | None = None) -> list[Seen]:
    """The sealed world's items under seeds of one's own, with their truth and without the prevention."""
    with unrotated():
        return [seen_of(testbed, seed.to_bytes(16, "big"), layer=layer, n=n)[0] for seed in seeds]


def seen_of(
    testbed: Testbed, item_seed: bytes, *, layer: int, n: int | None = None, world: str | None = None
) -> tuple[Seen, LocalBench]:
    """The items of the first sealed world that `item_seed` gives, at most `n` of each pool, and their bench.

    The attacker is told the world: finding it among eight would come on top.
    """
    splits, truth = testbeds.generate(testbed, item_seed=item_seed)
    whole = splits["dev" if world == "north" else "sealed"][0]
    unlabelled, test = whole.unlabelled[:n], whole.test[:n]
    split = Split(whole.name, whole.world, (), unlabelled, test)
    examples: list[Example] = [*unlabelled, *test]
    bench = bench_of(testbed, split, seed=int.from_bytes(item_seed[-4:], "big"))
    return look(testbed, bench, [truth[e.id] for e in examples], layer=layer), bench


@dataclass(frozen=True)
class Decoder:
    """margin = states . direction + constant, in the basis that it was fitted in; `direction` is [h]."""

    direction: Floats
    constant: float

    def in_basis(self, q: Floats) -> Decoder:
        """The same where states are shown as states @ q."""
        return Decoder(self.direction @ q, self.constant)

    def accuracy(self, lab: Seen) -> float:
        """Share of the test items that are told right."""
        margin = lab.odd @ self.direction + self.constant
        return float(np.mean(np.sign(margin[lab.is_test]) == lab.truth[lab.is_test]))


def fitted(x: Floats, y: Signs, *, odd: bool) -> Decoder:
    """Least squares on the truth, [n, h] to [n]."""
    middle = np.zeros(x.shape[1]) if odd else x.mean(axis=0)
    constant = 0.0 if odd else float(y.mean())
    z = x - middle
    gram = z.T @ z / len(z)
    ridge = SHRINKAGE * np.trace(gram) / len(gram) * np.eye(len(gram))
    direction = np.linalg.solve(gram + ridge, z.T @ (y - constant) / len(z))
    return Decoder(direction, constant - float(middle @ direction))


def decoder(home: Sequence[Seen]) -> Decoder:
    """The direction that is brought along."""
    x, y = np.vstack([seen.odd for seen in home]), np.concatenate([seen.truth for seen in home])
    return fitted(x, y, odd=home[0].swapped is not None)


def principal(home: Sequence[Seen], lab: Seen) -> Floats:
    """Basis from principal axes: the k-th at home is the k-th in the lab, signs from mean and skewness."""

    def axes(x: Floats) -> tuple[Floats, Floats]:
        middle = x.mean(axis=0)
        values, vectors = np.linalg.eigh(np.cov(x.T))
        vectors = vectors[:, np.argsort(-values)]
        along = (x - middle) @ vectors
        spread = along.std(axis=0)
        # in units of the axis: how far the mean lies along it, its skewness, and its skewness about 0
        signs = np.stack([middle @ vectors / spread, (along**3).mean(axis=0) / spread**3])
        return vectors, signs

    ours, our_signs = axes(np.vstack([seen.every[0] for seen in home]))
    theirs, their_signs = axes(lab.every[0])
    turn = np.where((our_signs * their_signs).sum(axis=0) >= 0, 1.0, -1.0)
    return (ours * turn) @ theirs.T


def constants(home: Sequence[Seen], lab: Seen) -> Floats:
    """Basis from states that are known exactly."""
    return procrustes(home[0].constants, lab.constants)


def questions(home: Sequence[Seen], lab: Seen) -> Floats:
    """Basis from states of texts that are recognised by their norm, and of the constants."""
    known = np.vstack([seen.one_field for seen in home])
    _, first = np.unique(np.round(np.linalg.norm(known, axis=1), 4), return_index=True)
    chosen = np.random.default_rng(0).permutation(first)[:ANCHORS]  # as many as fit into a submission
    known = known[chosen]
    sizes, seen = np.linalg.norm(known, axis=1), np.linalg.norm(lab.one_field, axis=1)
    nearest = np.abs(sizes[None, :] - seen[:, None]).argmin(axis=1)
    hit = np.abs(sizes[nearest] - seen) < 3e-6 * seen
    # one showing of each text
    _, once = np.unique(nearest[hit], return_index=True)
    ours, theirs = known[nearest[hit]][once], lab.one_field[hit][once]
    return procrustes(np.vstack([ours, home[0].constants]), np.vstack([theirs, lab.constants]))


def moments(home: Sequence[Seen], lab: Seen) -> Floats:
    """Basis from means of whitened states, each weighted by a function of the scalars."""
    scalars = np.vstack([seen.every[1] for seen in home])
    middle, spread = scalars.mean(axis=0), scalars.std(axis=0)
    rng = np.random.default_rng(0)
    slopes, phases = rng.normal(size=(scalars.shape[1], FEATURES)), rng.uniform(0, 2 * np.pi, FEATURES)

    def anchors(x: Floats, told: Floats) -> tuple[Floats, Floats]:
        z = (told - middle) / spread
        weights = np.hstack([np.ones((len(z), 1)), z, np.cos(z @ slopes + phases)])
        values, vectors = np.linalg.eigh(x.T @ x / len(x))
        root = vectors * np.maximum(values, 1e-9 * values.max()) ** -0.5 @ vectors.T
        return weights.T @ (x @ root) / len(x), root

    ours, _ = anchors(np.vstack([seen.every[0] for seen in home]), scalars)
    theirs, _ = anchors(*lab.every)
    return procrustes(ours, theirs)


def procrustes(ours: Floats, theirs: Floats) -> Floats:
    """The orthogonal q [h, h] with ours @ q nearest to theirs, both [a, h]."""
    u, _, vt = np.linalg.svd(ours.T @ theirs)
    return u @ vt


def told(home: Sequence[Seen]) -> Decoder:
    """A decoder of the scalars alone, [k] numbers of an item."""
    x, y = np.vstack([_told(seen) for seen in home]), np.concatenate([seen.truth for seen in home])
    return fitted(x, y, odd=home[0].swapped is not None)


def taught(home: Sequence[Seen], lab: Seen) -> float:
    """Accuracy of a probe that is fitted in the lab to what the scalars say."""
    scalars = told(home)
    said = np.tanh(_told(lab) @ scalars.direction + scalars.constant)
    return fitted(lab.odd, said, odd=lab.swapped is not None).accuracy(lab)


def _told(seen: Seen) -> Floats:
    return seen.scalars[0] if seen.swapped is None else (seen.scalars[0] - seen.scalars[1]) / 2.0


def in_drawn_bases(brought: Decoder, plain: Seen, *, draws: int) -> Floats:
    """Accuracy of a direction that is used as it is, in many runs' bases, [draws]; `plain` was seen without any.

    One run says little: where the truth lies along the longest axis of the states, every direction is right in .3 or .7
    of the items, and which of both is a toss of a coin.
    """
    h = plain.states.shape[1]
    bases = (Bases(b"run %d" % k).of("strong", 1, width=h).columns.astype(np.float64) for k in range(draws))
    return np.array([brought.in_basis(columns.T).accuracy(plain) for columns in bases])


ROADS: dict[str, Callable[[Sequence[Seen], Seen], Floats]] = {
    "principal": principal,
    "constants": constants,
    "questions": questions,
    "moments": moments,
}
"""How a basis is found, by name."""


def accuracies(home: Sequence[Seen], lab: Seen) -> dict[str, float]:
    """Accuracy of each road on the test items of the lab."""
    plain = decoder(home)
    found = {"fixed": plain.accuracy(lab)}
    found |= {name: plain.in_basis(road(home, lab)).accuracy(lab) for name, road in ROADS.items()}
    scalars = told(home)
    margin = _told(lab) @ scalars.direction + scalars.constant
    found["scalars"] = float(np.mean(np.sign(margin[lab.is_test]) == lab.truth[lab.is_test]))
    found["taught"] = taught(home, lab)
    return found
