"""What an attacker who knows nothing learns of dev labels from what is returned, policy by policy.

    python benchmarks/scoring_attacks.py [--repeats 10] [--state FILE] [--out FILE] [--small]

Five known attacks send k vectors of predictions on n items whose labels are fair coins, and end with the vector that
they believe in; what it gains above one half is what was learnt. The table gives, for each policy, the best attack's
mean gain over the repeats. `exact`, `noisy` and the gate are the functions that the scorer runs
(`aar.scoring.ladder.feedback.score`, `aar.scoring.judge_dev`); the others are what they are compared with, a line each.

- flips: blocks of n/k items are turned, one block a query, and stay turned if the score says so;
- edge: a vector at an edge of the rounding is looked for, then single items are turned there;
- weighing: random vectors, and the labels in [-1, 1] that explain the scores best (least squares by FISTA);
- boosting: random vectors, each counted for or against by its score (Blum and Hardt 2015);
- climbing: some items are turned, 2 % or 15 % at a time, and stay turned if the score rose.

Under the Ladders the answer is one bit, "would-be record or not"; the attacker starts from the holder's own answers,
which are at chance, and sealed refuses what is sent on, so that the holder stays.

Then the same attackers hand in 300 submissions to the scorer itself: a lab's vault, database and ledger, with
n = 1000 synthetic labels, runs that hold the attacker's predictions, and replies read as a researcher reads them.

Every cell is kept in the state file as it is done; an interrupted run goes on from there.
"""

from __future__ import annotations

import argparse
import json
import os
import platform
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from aar import database, ledger
from aar.database import researchers, runs, submissions, verdicts
from aar.folder import LabFolder
from aar.run_records import RunEnd
from aar.scoring import judge_dev
from aar.scoring.evidence.source import Source
from aar.scoring.ladder.feedback import score
from aar.scoring.truth.vault import Vault
from aar.scoring.verdicts.judge import Judge
from aar.settings import Settings
from w2s.records import Example, Split

Bits = npt.NDArray[np.bool_]
Ask = Callable[[Bits], float]
"""The answer to a vector of predictions: a score, or 1 for a would-be record and 0 for none."""

SIZES: Mapping[int, tuple[int, ...]] = {400: (30, 100, 300), 1263: (30, 100, 300, 1000), 2567: (30, 100, 300)}
SMALL: Mapping[int, tuple[int, ...]] = {400: (30,)}
CLIMBED = (0.02, 0.15)
PROBES, PROBED = 300, 1000


# -- what is returned ------------------------------------------------------------------------------------------


@dataclass
class Oracle:
    """One lab's labels and what it answers; `base` is the holder's vector, which the attacker knows."""

    policy: str
    truth: Bits
    base: Bits
    rng: np.random.Generator
    own: npt.NDArray[np.float64] | None = None
    record: float = 0.0

    def __post_init__(self) -> None:
        self.holder = self._correct(self.base)
        self.items = np.arange(len(self.truth))
        self.record = float(self.holder.mean())

    def ask(self, vector: Bits) -> float:
        correct, n = self._correct(vector), len(self.truth)
        accuracy = float(correct.mean())
        if self.policy in ("exact", "noisy"):
            value = score(self.policy, [correct], self.rng)  # type: ignore[arg-type]
            assert value is not None
            return value
        if self.policy == "rounded":
            return round(accuracy, 2)
        if self.policy == "gaussian":
            return accuracy + float(self.rng.normal(0, 0.5 / np.sqrt(n)))
        if self.policy == "step":  # Blum and Hardt 2015: the record rises by whatever beats it by a step
            better = accuracy > self.record + 0.5 / np.sqrt(n)
            self.record = accuracy if better else self.record
            return float(better)
        own = None if self.own is None else [self.own]
        accepted = judge_dev([correct], [self.holder], [self.items], own=own).accepted
        if accepted:
            self.own = correct
        return float(accepted)

    def _correct(self, vector: Bits) -> npt.NDArray[np.float64]:
        return (vector == self.truth).astype(np.float64)[None, :]


POLICIES = {
    "exact": ("exact counts (policy `exact`)", True),
    "rounded": ("rounded to .01", False),
    "gaussian": ("Gaussian noise, sd .5/√n", False),
    "noisy": ("a random half, rounded to .01 (policy `noisy`)", True),
    "step": ("Ladder, step .5/√n", False),
    "gate": ("gate of two standard errors (policy `ladder`)", True),
}
ONE_BIT = ("step", "gate")


# -- attacks ---------------------------------------------------------------------------------------------------


def flips(ask: Ask, base: Bits, k: int, rng: np.random.Generator, *, one_bit: bool) -> Bits:
    start, now = ask(base), base.copy()
    for block in np.array_split(rng.permutation(len(base)), k - 1):
        turned = (now if one_bit else base).copy()
        turned[block] = ~turned[block]
        if ask(turned) > start:
            now[block] = ~now[block]
    return now


def edge(ask: Ask, base: Bits, k: int, rng: np.random.Generator, *, one_bit: bool) -> Bits:
    if one_bit:  # the only edge is the record itself, and each crossing moves it
        return climbing(ask, base, k, rng, one_bit=True, share=1 / len(base))
    order, n = rng.permutation(len(base)), len(base)

    def prefix(length: int) -> Bits:
        turned = base.copy()
        turned[order[:length]] = ~turned[order[:length]]
        return turned

    low, high, asked = 0, n, 2
    below = ask(base)
    if below == ask(~base):
        return base
    while high - low > 1 and asked < k:
        middle, asked = (low + high) // 2, asked + 1
        if ask(prefix(middle)) == below:
            low = middle
        else:
            high = middle
    at, crossing = prefix(low), ask(prefix(high))
    rises = crossing > below
    now = at.copy()
    for item in rng.permutation(n)[: max(0, k - asked - 1)]:
        turned = at.copy()
        turned[item] = ~turned[item]
        crossed = ask(turned) != below
        if crossed == rises:  # turning it moves towards more right answers
            now[item] = ~now[item]
    return now


def weighing(ask: Ask, base: Bits, k: int, rng: np.random.Generator, *, one_bit: bool) -> Bits:
    n = len(base)
    asked = rng.random((k, n)) < 0.5
    signs = np.where(asked, 1.0, -1.0).astype(np.float32)
    answers = np.array([ask(vector) for vector in asked], dtype=np.float32)
    target = (answers - answers.mean()) * n if one_bit else (2 * answers - 1) * n
    if not target.any():
        return base
    step = 1.0 / (np.sqrt(n) + np.sqrt(k)) ** 2
    found = np.zeros(n, dtype=np.float32)
    ahead, speed = found, 1.0
    for _ in range(200):
        new = np.clip(ahead - step * (signs.T @ (signs @ ahead - target)), -1, 1)
        faster = (1 + np.sqrt(1 + 4 * speed**2)) / 2
        ahead, found, speed = new + (speed - 1) / faster * (new - found), new, faster
    return np.where(found == 0, base, found > 0)


def boosting(ask: Ask, base: Bits, k: int, rng: np.random.Generator, *, one_bit: bool) -> Bits:
    votes = np.zeros(len(base))
    for _ in range(k):
        vector = rng.random(len(base)) < 0.5
        answer = ask(vector)
        votes += np.where(vector, 1, -1) * (answer if one_bit else np.sign(answer - 0.5))
    return np.where(votes == 0, base, votes > 0)


def climbing(ask: Ask, base: Bits, k: int, rng: np.random.Generator, *, one_bit: bool, share: float) -> Bits:
    now = base
    best = 0.0 if one_bit else ask(base)
    for _ in range(k if one_bit else k - 1):
        turned = np.where(rng.random(len(base)) < share, ~now, now)
        answer = ask(turned)
        if answer > best:
            now, best = turned, 0.0 if one_bit else answer
    return now


def _climber(share: float) -> Callable[..., Bits]:
    return lambda *given, **named: climbing(*given, **named, share=share)


ATTACKS: Mapping[str, Callable[..., Bits]] = {
    "flips": flips,
    "edge": edge,
    "weighing": weighing,
    "boosting": boosting,
    **{f"climbing {share:g}": _climber(share) for share in CLIMBED},
}


def at_chance(truth: Bits, rng: np.random.Generator) -> Bits:
    """A vector with every second answer right: what is above one half in the end was learnt."""
    return truth ^ (rng.permutation(len(truth)) % 2 == 0)


def gain(policy: str, attack: str, *, n: int, k: int, seed: int) -> float:
    """Accuracy above one half that one attack ends with."""
    rng = np.random.default_rng([seed, n, k])
    truth = rng.random(n) < 0.5
    base = at_chance(truth, rng)
    oracle = Oracle(policy, truth, base, rng)
    final = ATTACKS[attack](oracle.ask, base, k, rng, one_bit=policy in ONE_BIT)
    return float((final == truth).mean()) - 0.5


# -- the scorer itself -----------------------------------------------------------------------------------------


@dataclass
class ProbedLab:
    """A lab whose scorer is the real one; `ask` hands in a method with these dev answers and reads the reply."""

    path: Path
    n: int
    rng: np.random.Generator
    researchers: int = 1
    asked: int = 0
    records: int = 0
    repeated: int = 0
    truth: Bits = field(init=False)
    base: Bits = field(init=False)

    def __post_init__(self) -> None:
        folder = LabFolder(self.path)
        self.settings = Settings(baselines=(), researchers=self.researchers)
        folder.describe({"testbed": "mini-chat", "settings": self.settings.as_json()})
        vault = Vault(folder.vault)
        vault.create()
        splits = {name: _split(name, self.n) for name in ("dev", "sealed")}
        labels = {one.id: int(self.rng.random() < 0.5) for split in splits.values() for one in split.test}
        parts = {**splits, "practice": _split("practice", 2)}
        vault.store_items({name: (part,) for name, part in parts.items()})  # type: ignore[misc]
        vault.store_truth(labels | {one.id: 0 for one in _split("practice", 2).test})
        self.truth = np.array([labels[one.id] == 1 for one in splits["dev"].test])
        self.base = at_chance(self.truth, self.rng)
        for k in range(10):  # whoever holds the record is at chance, and the attacker has its answers
            for kind, right in (("floor", (self.base == self.truth)), ("ceiling", np.ones(self.n))):
                vault.store_reference(kind, "dev", k, right.astype(np.float64), key="")  # type: ignore[arg-type]
                drawn = self.rng.random(self.n) < (0.5 if kind == "floor" else 1.0)
                vault.store_reference(kind, "sealed", k, drawn.astype(np.float64), key="")  # type: ignore[arg-type]
        folder.blobs.mkdir()
        self.folder, self.database = folder, database.open(folder.database, create=True)
        with self.database.write() as tx:
            for name in (researchers.LAB, "r1"):
                researchers.add(tx, name)
            ledger.append(tx, "lab", {"testbed": "mini-chat", "settings": self.settings.as_json()})
        source = Source(vault, folder.blobs, lambda submission: {"method.py": submission.code_hash})
        self.judge = Judge(self.database, source, self.settings)

    def ask(self, vector: Bits) -> float:
        self.asked += 1
        code = f"{self.asked:064x}"
        with self.database.write() as tx:
            one = ledger.record_submission(
                tx, code_hash=code, commit="0" * 40, researcher="r1", title="a probe"
            )
            for k in range(self.settings.dev_seeds):
                self._run(tx, one.id, code, "dev", k, vector)
        self.judge.step()
        found = self._found(one.id)
        if found.stage == "sealed":
            with self.database.write() as tx:
                for k in range(10):
                    self._run(tx, one.id, code, "sealed", k, self.rng.random(self.n) < 0.5)
            self.judge.step()
            found = self._found(one.id)
        assert found.stage == "done", found
        with self.database.read() as tx:
            on_dev = verdicts.find(tx, one.id, "dev")
        repeats = on_dev is not None and on_dev.figures.same_as is not None
        self.repeated += repeats
        news = found.status != "no_improvement" and not repeats
        self.records += news
        return float(news)

    def leaks(self) -> Mapping[Any, ledger.Leak]:
        """What the ledger says was told; the whole chain is verified for it."""
        return ledger.Ledger(self.database).verify().leaks

    def _found(self, id: str) -> submissions.Submission:
        with self.database.read() as tx:
            return submissions.get(tx, id)

    def _run(self, tx: database.Transaction, one: str, code: str, split: str, k: int, said: Bits) -> None:
        from safetensors.numpy import save

        key = f"{code}-{split}-{k}"
        arrays = {"predictions": np.where(said, 0.9, 0.1)}
        (self.folder.blobs / f"{key}.safetensors").write_bytes(save(arrays))
        runs.queue(
            tx,
            key,
            researcher="r1",
            submission=one,
            code_hash=code,
            commit="0" * 40,
            split=split,
            pair_index=k,
            supervisor_seed=k,
            student_seed="00",
            nominal_cost=1.0,
        )
        ledger.record_run(tx, key, state="done", end=RunEnd(seconds=1.0, core_seconds=1.0), blob=key)


def _split(name: str, n: int) -> Split:
    fields = {"prompt": "?", "first": "a", "second": "b"}
    test = tuple(
        Example(id=f"{name}{i}", kind="pair", fields=fields, group=f"{name}{i}", subset="id")
        for i in range(n)
    )
    return Split(name=name, world="north", labelled=(), unlabelled=(), test=test)  # type: ignore[arg-type]


def probe(attack: str, *, seed: int, n: int = PROBED, k: int = PROBES) -> dict[str, float]:
    """Hand `k` adversarial submissions in to the scorer; what was gained, and what its ledger says of it."""
    rng = np.random.default_rng([seed, n, k])
    with tempfile.TemporaryDirectory() as folder:
        lab = ProbedLab(Path(folder) / "lab", n, rng)
        final = ATTACKS[attack](lab.ask, lab.base, k, rng, one_bit=True)
        leak = lab.leaks()["dev"]
        found = {
            "gain": float((final == lab.truth).mean()) - 0.5,
            "asked": lab.asked,
            "records": lab.records,
            "repeated": lab.repeated,
            "bits": leak.bits,
            "bound": leak.most_gain,
        }
        lab.database.close()
    return found


# -- the table -------------------------------------------------------------------------------------------------


@dataclass
class State:
    """Cells that are done, in a file."""

    path: Path
    cells: dict[str, Any] = field(default_factory=dict)

    def __post_init__(self) -> None:
        if self.path.exists():
            self.cells = json.loads(self.path.read_text(encoding="utf-8"))

    def get(self, key: str, make: Callable[[], Any]) -> Any:
        if key not in self.cells:
            began = time.process_time()
            self.cells[key] = make()
            temporary = self.path.with_suffix(".part")
            temporary.write_text(json.dumps(self.cells), encoding="utf-8")
            temporary.replace(self.path)
            print(f"{key}: {time.process_time() - began:.1f} s", file=sys.stderr, flush=True)
        return self.cells[key]


def table(state: State, sizes: Mapping[int, tuple[int, ...]], *, repeats: int) -> Iterator[str]:
    """The simulation's table: for each policy the best attack's mean, and which one it was."""
    heads = [f"n={n}, k={'/'.join(map(str, ks))}" for n, ks in sizes.items()]
    yield f"| what is returned | {' | '.join(heads)} |"
    yield f"|---|{'---|' * len(heads)}"
    for policy, (name, ours) in POLICIES.items():
        columns = []
        for n, ks in sizes.items():
            best = []
            for k in ks:
                means = {}
                for attack in ATTACKS:
                    key = f"{policy}, {attack}, n={n}, k={k}, {repeats} repeats"
                    gains = state.get(
                        key,
                        lambda p=policy, a=attack, n=n, k=k: [
                            gain(p, a, n=n, k=k, seed=seed) for seed in range(repeats)
                        ],
                    )
                    means[attack] = float(np.mean(gains))
                chosen = max(means, key=lambda attack: means[attack])
                best.append(f"{_three(max(means.values()))} {chosen[0]}")
            columns.append(" / ".join(best))
        yield f"| {'**' + name + '**' if ours else name} | {' | '.join(columns)} |"


def probes(state: State, *, repeats: int) -> Iterator[str]:
    """The leak of 300 adversarial submissions through the scorer, attack by attack."""
    yield "| attack | gained (mean, largest) | would-be records | answered as before | bits by the ledger | its bound |"
    yield "|---|---|---|---|---|---|"
    for attack in ATTACKS:
        found = [
            state.get(f"scorer, {attack}, seed {seed}", lambda a=attack, s=seed: probe(a, seed=s))
            for seed in range(repeats)
        ]
        gains = [one["gain"] for one in found]
        mean = {name: float(np.mean([one[name] for one in found])) for name in found[0]}
        yield (
            f"| {attack} | {_three(mean['gain'])}, {_three(max(gains))} | {mean['records']:.1f} | "
            f"{mean['repeated']:.1f} | {mean['bits']:.1f} | {_three(mean['bound'])} |"
        )


def _three(value: float) -> str:
    """Three digits without the zero in front.

    >>> _three(0.0214), _three(-0.001)
    ('.021', '-.001')
    """
    return f"{value:.3f}".replace("0.", ".", 1)


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--repeats", type=int, default=10, help="labs for each cell of the table")
    parser.add_argument("--labs", type=int, default=3, help="labs for each attack on the scorer itself")
    parser.add_argument("--state", type=Path, default=Path(tempfile.gettempdir()) / "scoring_attacks.json")
    parser.add_argument("--out", type=Path, help="write the page here, else to standard output")
    parser.add_argument("--small", action="store_true", help="a quick check, whose figures mean nothing")
    given = parser.parse_args()
    state = State(given.state)
    sizes = SMALL if given.small else SIZES
    command = f"python benchmarks/scoring_attacks.py --repeats {given.repeats} --labs {given.labs}"
    lines = [
        "# What a scorer gives away, measured on the code that runs",
        "",
        f"`{command}`, {time.strftime('%Y-%m-%d', time.gmtime())}: {os.cpu_count()} cores, {platform.machine()}, "
        f"Python {platform.python_version()}, numpy {np.__version__}.",
        "",
        "Accuracy gained above one half by the best of five attacks that know nothing, mean over "
        f"{given.repeats} labs. The letter names the attack (flips, edge, weighing, boosting, climbing); bold rows",
        "are the scorer's own functions, the others a line of the benchmark each.",
        "",
        *table(state, sizes, repeats=given.repeats),
        "",
        f"## {PROBES} adversarial submissions to the scorer, n = {PROBED}",
        "",
        "A vault, a database and a ledger with synthetic labels; code whose runs answer what the attacker wants; the",
        f"policy `ladder`; labs for each attack: {given.labs}. The bound is what the ledger's bits allow at most.",
        "",
        *probes(state, repeats=1 if given.small else given.labs),
    ]
    page = "\n".join(lines) + "\n"
    if given.out is None:
        print(page, end="")
    else:
        given.out.write_text(page, encoding="utf-8")


if __name__ == "__main__":
    main()
