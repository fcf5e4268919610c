"""A lab's database as a run of seven minutes leaves it, with made-up figures: for the report's tests."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

import aar.database
from aar import ledger
from aar.database import clock, meta, researchers, runs, submissions
from aar.database.charges import ChargeKind
from aar.database.figures import Figures
from aar.folder import LabFolder
from aar.forum import Forum
from aar.prices import Tokens
from aar.run_records import RunEnd, RunError
from aar.submissions.snapshots import Snapshots
from w2s.records import Estimate

START = 1_795_000_000.0
SPLITS = {"dev": (0.622, 0.931, 1000), "sealed": (0.617, 0.926, 1000)}

# researcher, minute, title, parents, true PGR (None: fails), status
STORY: list[tuple[str, float, str, list[int], float | None, submissions.Status]] = [
    ("r1", 1.6, "keep the confident half", [2], 0.31, "no_improvement"),
    ("r2", 1.8, "zero-shot in both orders, averaged", [3], 0.47, "verified"),
    ("r3", 2.0, "log-confidence loss", [1], 0.36, "no_improvement"),
    ("r1", 2.5, "confident half, then self-training", [4, 5], 0.52, "not_reproduced"),
    ("r3", 2.7, "loss with a hidden-state penalty", [6], None, "failed"),
    ("r2", 3.0, "EM posterior of weak labels and zero-shot", [5], 0.61, "verified"),
    ("r1", 3.4, "agreement of weak and zero-shot", [5], 0.50, "no_improvement"),
    ("r3", 3.6, "majority answer of a group as target", [6], 0.88, "violation"),
    ("r2", 3.9, "EM posterior, softened targets", [9], 0.58, "no_improvement"),
    ("r1", 4.3, "elicit first, then train on the posterior", [9, 10], 0.72, "verified"),
    ("r3", 4.6, "log-confidence on the EM posterior", [9, 6], 0.66, "no_improvement"),
    ("r2", 5.0, "posterior with three supervisors", [13], 0.70, "no_improvement"),
    ("r1", 5.4, "elicit, train, elicit again", [13], 0.69, "no_improvement"),
    ("r3", 5.7, "probe on layer 3 as a third channel", [13, 14], None, "pending"),
]

REPLIES: dict[str, str] = {
    "verified": "verified: a new record",
    "no_improvement": "no significant improvement over the record",
    "not_reproduced": "not reproduced on fresh seeds and items",
    "violation": "violation: the targets follow the majority answer of a group",
    "failed": "the method failed: ValueError in method.py, line 41",
}


def estimate(mean: float, *, half: float, seeds: int, n: int) -> Estimate:
    return Estimate(round(mean, 4), round(mean - half, 4), round(mean + 1.05 * half, 4), seeds, n)


def figures(pgr: float, split: str, *, seeds: int, rng: np.random.Generator, **more: object) -> Figures:
    floor, ceiling, n = SPLITS[split]
    mean = pgr + float(rng.normal(0, 0.02))
    half = 0.30 / np.sqrt(seeds)
    parts = {}
    if split == "sealed":
        parts = {
            "id_pgr": estimate(mean + 0.03, half=half * 1.3, seeds=seeds, n=700),
            "ood_pgr": estimate(mean - 0.07, half=half * 1.8, seeds=seeds, n=300),
        }
    return Figures(
        seeds=seeds,
        n=n,
        accuracy=estimate(floor + mean * (ceiling - floor), half=0.02, seeds=seeds, n=n),
        floor=floor,
        ceiling=ceiling,
        pgr=estimate(mean, half=half, seeds=seeds, n=n),
        **parts,  # type: ignore[arg-type]
        **more,  # type: ignore[arg-type]
    )


def fabricate(lab: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Write the database, the ledger's mirror and the forum of a finished run into `lab`."""
    minute = 0.0
    monkeypatch.setattr(clock, "now", lambda: START + 60 * minute)
    rng = np.random.default_rng(7)
    folder = LabFolder(lab)
    database = aar.database.open(folder.database, create=True)
    snapshots = Snapshots(folder.snapshots)
    with database.write() as tx:
        settings = {"testbed": "mini-chat", "model": "aar/evolution", "seed": 4, "minutes": 7.0, "slots": 2}
        meta.put(tx, "testbed", "mini-chat")
        meta.put(tx, "settings", settings)
        meta.put(tx, "elapsed_seconds", 421.0)
        ledger.append(tx, "lab", {"testbed": "mini-chat", "settings": settings})
        researchers.add(tx, "lab")
        directions = ["denoise the weak labels", "elicit what the strong model knows", "change the loss"]
        for i, direction in enumerate(directions, start=1):
            researchers.add(tx, f"r{i}", direction=direction, model="aar/evolution", submissions=12)
        for split, (floor, ceiling, n) in SPLITS.items():
            for name, accuracy, seeds in (("floor", floor, 16), ("ceiling", ceiling, 8)):
                measured = Figures(seeds=seeds, n=n, accuracy=estimate(accuracy, half=0.01, seeds=seeds, n=n))
                ledger.record_reference(tx, split=split, name=name, kind=name, figures=measured)  # type: ignore[arg-type]
        for title, pgr in (("vanilla", 0.24), ("confident_labels", 0.27), ("zero_shot", 0.38)):
            made = submit(tx, "lab", title, [], snapshots)
            scored = figures(pgr, "dev", seeds=5, rng=rng)
            decide(tx, made, "dev", "pending", "", scored)
            decide(tx, made, "sealed", "verified", "baseline", figures(pgr, "sealed", seeds=8, rng=rng))
            execute(tx, made, "lab", split="dev", count=5)
            execute(tx, made, "lab", split="sealed", count=8)
    champion, champion_pgr, attempt = "s3", 0.38, 0
    verified: dict[str, float] = {}
    for number, (who, minute, title, parents, pgr, status) in enumerate(STORY, start=4):
        with database.write() as tx:
            researchers.set_state(tx, who, "working")
            tx.execute(aar.database.schema.researchers.update().values(started=START + 60.0))
            made = submit(tx, who, title, [f"s{parent}" for parent in parents], snapshots)
            assert made == f"s{number}"
        minute += 0.6
        with database.write() as tx:
            execute(tx, made, who, split="dev", count=3, fails=status == "failed")
            if status == "pending":
                continue
            if pgr is None:
                decide(tx, made, "dev", "failed", REPLIES["failed"], Figures(seeds=0, n=0))
                continue
            onwards = status in ("verified", "not_reproduced", "violation")
            dev_status: submissions.Status = "pending" if onwards else status
            reply = "a would-be record; it is being reproduced" if onwards else REPLIES[status]
            repeats = {"same_as": "s4"} if title.startswith("agreement") else {}
            decide(tx, made, "dev", dev_status, reply, figures(pgr, "dev", seeds=3, rng=rng, **repeats))
            if not onwards:
                continue
            attempt += 1
            true_pgr = 0.42 if status == "not_reproduced" else pgr
            gain = estimate(true_pgr - champion_pgr, half=0.07, seeds=8, n=1000)
            sealed = figures(
                true_pgr,
                "sealed",
                seeds=8,
                rng=rng,
                champion=champion,
                gain=gain,
                accuracy_gain=estimate(gain.mean * 0.31, half=0.022, seeds=8, n=1000),
                attempt=attempt,
                alpha=round(0.05 * 6 / (np.pi * attempt) ** 2, 4),
            )
            sealed = replace(sealed, track="weak-to-strong", audits=found(status))
            if status == "verified":
                over = {
                    other: estimate((true_pgr - theirs) * 0.31, half=0.036, seeds=8, n=1000)
                    for other, theirs in verified.items()
                }
                sealed, verified[made] = replace(sealed, over=over), true_pgr
            execute(tx, made, who, split="sealed", count=8)
            rule = "targets follow the majority answer" if status == "violation" else None
            decide(tx, made, "sealed", status, REPLIES[status], sealed, rule=rule)
            if status == "verified":
                champion, champion_pgr = made, true_pgr
    talk(Forum(database, folder.forum))
    minute = 7.0
    with database.write() as tx:
        for who in ("r1", "r2", "r3"):
            ledger.record_charge(
                tx,
                f"{who}-call-1",
                researcher=who,
                kind=ChargeKind.MODEL,
                tokens=Tokens(input_tokens=18_240, output_tokens=3_127),
            )
            researchers.set_state(tx, who, "finished")
    ledger.Ledger(database).export_jsonl(folder.ledger)
    database.close()
    return lab


def found(status: str) -> tuple[dict[str, object], ...]:
    votes = status == "violation"
    structure = {
        "audit": "structure",
        "verdict": "violation" if votes else "clean",
        "sentence": "Its targets follow the answer that was proposed most often."
        if votes
        else "It does not count.",
        "statistic": 0.98 if votes else 0.01,
        "low": 0.95 if votes else -0.03,
        "high": 1.0 if votes else 0.05,
        "threshold": 0.1,
        "n": 1620,
        "cost": 3,
    }
    lottery = {"audit": "seed lottery", "verdict": "no power", "sentence": "Nothing to compare with.", "n": 0}
    return structure, lottery


CODE: dict[str, str] = {
    "probe on layer 3 as a third channel": "student.hidden_states(bench.unlabelled, 3)",
    "log-confidence loss": "student.finetune(bench.unlabelled, bench.weak.hard, loss=w2s.losses.logconf)",
    "loss with a hidden-state penalty": "w2s.rank.penalty(student.hidden_states(bench.unlabelled, 2))",
    "posterior with three supervisors": "labels = [one.hard for one in bench.supervisors]",
}
"""Code of some titles; all others teach a student in two steps."""


def files_of(title: str) -> dict[str, str]:
    step = CODE.get(title, "student.finetune(a, y)\n    student.finetune(b, y)")
    return {
        "method.py": f"# {title}\nimport w2s\n\n\ndef run(bench):\n    student = bench.strong()\n    {step}\n"
    }


def submit(
    tx: aar.database.Transaction,
    who: str,
    title: str,
    parents: list[str],
    snapshots: Snapshots | None = None,
) -> str:
    code = f"{abs(hash(title)) % 16**8:08x}"
    commit = code * 5
    if snapshots is not None:
        put = snapshots.put(files_of(title), researcher=who, message=title)
        code, commit = put.tree, put.commit
    return ledger.record_submission(
        tx,
        code_hash=code,
        commit=commit,
        researcher=who,
        title=title,
        summary=f"Try to {title}; what it builds on is named as its parents.",
        parents=parents,
        claim="" if who == "lab" else "about 0.9 of the gap, I think",
    ).id


def decide(
    tx: aar.database.Transaction,
    submission: str,
    stage: str,
    status: submissions.Status,
    reply: str,
    found: Figures,
    rule: str | None = None,
    ended: submissions.Ended = submissions.Ended.DECIDED,
) -> None:
    ledger.record_verdict(
        tx,
        submission,
        stage=stage,
        status=status,
        reply=reply,
        figures=found,
        rule=rule,  # type: ignore[arg-type]
        ended=ended,
    )


def execute(
    tx: aar.database.Transaction, submission: str, who: str, *, split: str, count: int, fails: bool = False
) -> None:
    row = submissions.get(tx, submission)
    for k in range(1 if fails else count):
        key = f"{row.code_hash}-{split}-{k}"
        runs.queue(
            tx,
            key,
            researcher=who,
            code_hash=row.code_hash,
            commit=row.commit,
            split=split,
            pair_index=k,
            supervisor_seed=k,
            student_seed="00",
            nominal_cost=0.2,
            submission=submission,
        )
        ledger.record_charge(tx, key, researcher=who, kind=ChargeKind.RUN, nominal_minutes=0.2)
        ledger.record_run(
            tx,
            key,
            state="failed" if fails else "done",
            end=RunEnd(
                seconds=5.5,
                core_seconds=5.2,
                error=RunError("ValueError", file="method.py", line=41) if fails else None,
            ),
        )


def talk(forum: Forum) -> None:
    first = forum.post(
        "r2",
        kind="result",
        title="Both orders, averaged, beat every baseline",
        body=(
            "Asking for the label in **both orders** and averaging the log-odds removes the position bias.\n\n"
            "| what | agreement with weak labels |\n|---|---|\n| one order | 0.58 |\n| both | 0.63 |\n\n"
            "```python\nscore = (student.zero_shot(items) - student.zero_shot(items.swapped())) / 2\n```\n"
        ),
        submissions=["s5"],
    )
    forum.comment(
        first, "r1", "Used as the teacher in s7. Thank you, the centring matters more than the template."
    )
    forum.comment(first, "r3", "Does it hold with the *likelihood* instead?")
    forum.vote(first, "r1", 1)
    forum.vote(first, "r3", 1)
    forum.post(
        "r3",
        kind="error",
        title="A hidden-state penalty needs wants_hidden",
        body="`s8` raised a ValueError: `batch.hidden` is None unless the loss says `wants_hidden = True`.",
        submissions=["s8"],
    )
    third = forum.post(
        "r2",
        kind="insight",
        title="Two noisy channels that err differently are worth more than one good one",
        body=(
            "The weak labels and the zero-shot answers disagree on a third of the items, and their errors are "
            "nearly independent:\n\n1. fit both confusion matrices by EM,\n2. train on the posterior.\n\n"
            "<script>alert('a post is text')</script> ![x](https://example.com/track.png)"
        ),
        submissions=["s9", "s12"],
    )
    forum.vote(third, "r1", 1)
    forum.comment(third, "r1", "Confirmed: s13 builds on it, with elicitation before the training.")
    forum.post(
        "r1",
        kind="hypothesis",
        title="A second round of elicitation will not add anything",
        body="The student's own zero-shot answers move towards its training targets; the errors become *dependent*.",
        submissions=["s13", "s16"],
    )
