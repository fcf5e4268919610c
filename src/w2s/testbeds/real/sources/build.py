"""One of the study's testbeds, rebuilt: rows from the sources, proposals where they are needed, then an import."""

from __future__ import annotations

import tempfile
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from pathlib import Path

from w2s.errors import NotFound, Unavailable
from w2s.testbeds.real.problems import refuse
from w2s.testbeds.real.qwen import QWEN
from w2s.testbeds.real.sources import chat, code, math, proposals
from w2s.testbeds.real.sources.assemble import SIZES, ItemPool, assemble, write_files
from w2s.testbeds.real.sources.source import Rows, Source
from w2s.testbeds.real.store import Imported, ImportRequest, import_release

SOURCES: tuple[Source, ...] = (
    chat.HELPSTEER2, chat.HELPSTEER3, chat.RM_BENCH, chat.REWARD_BENCH_2, math.DAPO, math.AIME_2024, math.AIME_2025,
    *code.TACO,
)  # fmt: skip
"""Every data set that a builder reads."""


@dataclass(frozen=True)
class Generator:
    """The model that a user lets write proposals (math only), where they are kept, and how many a question."""

    model: str
    keep: Path
    per_question: int = 8
    questions: int = 1200
    device: str = "cpu"


@dataclass(frozen=True)
class Built:
    """Result of a build: the items imported, and the number of unused source rows by reason."""

    imported: Imported
    skipped: Mapping[str, int]


def build(
    name: str,
    rows: Rows,
    wanted: ImportRequest,
    *,
    into: Path,
    judged: Path | None = None,
    generator: Generator | None = None,
    seed: int = 0,
    replacing: bool = False,
    progress: Callable[[int, int], None] = lambda done, total: None,
) -> Built:
    """Rebuild `name` below `into`; `judged` is a file of proposals, `generator` writes one (math only).

    Raises `NotFound` for another name, `Unavailable` where the hub or the proposals are missing, and
    `BadTestbed` for sources or proposals in another format.
    """
    if name not in QWEN:
        raise NotFound.among("testbed to build", name, QWEN)
    wanted = replace(wanted, description=f"{QWEN[name].description} Rebuilt from the public sources.")
    pool = _pool(name, rows, judged, generator, seed, progress)
    if not pool.near or not pool.far:
        side = "in distribution" if not pool.near else "out of distribution"
        reasons = "; ".join(f"{count} times: {reason}" for reason, count in sorted(pool.skipped.items()))
        raise refuse(
            name, f"the sources gave no items {side} ({reasons or 'no rows'})", "check the proposals"
        )
    with tempfile.TemporaryDirectory(prefix="aar-build-") as scratch:
        write_files(Path(scratch), assemble(pool, SIZES[name], seed=seed))
        done = import_release(Path(scratch), wanted, into=into, replacing=replacing)
    return Built(done, dict(sorted(pool.skipped.items())))


def _pool(
    name: str,
    rows: Rows,
    judged: Path | None,
    generator: Generator | None,
    seed: int,
    progress: Callable[[int, int], None],
) -> ItemPool:
    if name == "qwen-chat":
        if judged is not None or generator is not None:
            raise refuse(name, "needs no proposals: its sources have the answers", "leave them out")
        return chat.collect(rows)
    if name == "qwen-code":
        if judged is None:
            raise Unavailable(
                "qwen-code needs programs with verdicts, which no source has: give --proposals FILE with lines "
                '{"question", "choice", "correct"}; run the programs in a sandbox of yours, this package runs none'
            )
        verdicts = proposals.read(judged, judged=True)
        pool = ItemPool()
        return code.collect(code.questions(rows, skip=pool.skip), verdicts, pool=pool)
    if judged is None and generator is None:
        raise Unavailable(
            "qwen-math needs proposed solutions, which no source has: give --proposals FILE with lines "
            '{"question", "choice"}, or --model MODEL to write them'
        )
    pool = ItemPool()
    known = math.questions(rows, skip=pool.skip)
    if judged is None:
        assert generator is not None
        judged = generator.keep
        asked = math.draw(known, generator.questions, seed=seed)
        proposals.write_with_model(
            asked,
            generator.model,
            judged,
            per_question=generator.per_question,
            seed=seed,
            device=generator.device,
            progress=progress,
        )
    return math.collect(known, proposals.read(judged, judged=False), pool=pool)
