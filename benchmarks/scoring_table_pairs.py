"""How often would one vanilla have been verified over another, each in turn as the one that is compared with?

Null submissions of one lab are all compared with the same runs of the plain baseline and share its luck, so that their
alarms come together. Over all ordered pairs of vanillas everybody's luck counts alike: what is left is how often gate
and confirmation are wrong.
"""

from __future__ import annotations

from scoring_table_rows import SCORES, Row, Rows, key, version

from aar import database
from aar.folder import LabFolder
from aar.scoring.evidence.board import Watch
from aar.scoring.evidence.evidence import Evidence
from aar.scoring.evidence.source import Source
from aar.scoring.ladder import judge_dev, judge_sealed, level
from aar.scoring.truth.vault import Vault
from aar.settings import settings_of
from w2s.metrics import Tables


def add_pairs(rows: Rows, folder: LabFolder, *, testbed: str, lab: int) -> None:
    """Judge every ordered pair of vanillas of a lab at the level of a first attempt; a row of how many passed what."""
    settings = settings_of(folder)
    store = database.open(folder.database)
    source = Source(Vault(folder.vault), folder.blobs, lambda submission: {})
    evidence = Evidence(Watch(store).board(), settings, source)
    store.close()
    vanillas = _vanillas(evidence)
    if len(vanillas) < 2:
        return
    dev = evidence.items("dev").clusters(range(settings.dev_seeds))
    sealed = evidence.items("sealed").clusters(range(settings.sealed_seeds))
    passed = []
    for one in vanillas:
        for other in vanillas:
            if one is not other:
                gate = judge_dev(one[0], other[0], dev).accepted
                confirmed = judge_sealed(one[1], other[1], sealed, alpha=level(1, authors=1)).verified
                passed.append((gate, confirmed, gate and confirmed))
    row: Row = {
        "part": "pairs",
        "key": key(version(SCORES), str(folder.path.name), len(vanillas)),
        "version": version(SCORES)[:8],
        "testbed": testbed,
        "name": "vanilla",
        "lab": lab,
        "vanillas": len(vanillas),
        "pairs": len(passed),
        "gate": sum(gate for gate, _, _ in passed),
        "sealed": sum(confirmed for _, confirmed, _ in passed),
        "both": sum(both for _, _, both in passed),
    }
    if row["key"] not in rows.known("pairs"):
        rows.add(row)


def _vanillas(evidence: Evidence) -> list[tuple[Tables, Tables]]:
    """Correctness on dev and sealed of each vanilla that was run on both, a table [seeds, n] a world each."""
    found: dict[str, tuple[Tables, Tables]] = {}
    for one in evidence.board.submissions:
        if one.title.split(" again")[0] != "vanilla" or one.code_hash in found:
            continue
        dev, sealed = (evidence.outcome(one, split).rows for split in ("dev", "sealed"))
        on_dev, on_sealed = range(evidence.settings.dev_seeds), range(evidence.settings.sealed_seeds)
        if set(on_dev) <= set(dev) and set(on_sealed) <= set(sealed):
            found[one.code_hash] = (
                evidence.items("dev").tables(dev, on_dev),
                evidence.items("sealed").tables(sealed, on_sealed),
            )
    return list(found.values())
