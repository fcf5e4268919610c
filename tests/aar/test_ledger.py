import json
import sqlite3
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import aar.database
from aar import ledger
from aar.database import charges, researchers, runs, standing, submissions, verdicts
from aar.database.charges import ChargeKind
from aar.database.figures import Figures
from aar.database.standing import Standing
from aar.errors import BadRequest, BrokenChain, WrongFormat
from aar.lab.run_end import write_blob
from aar.run_records import RunEnd
from w2s.errors import NotFound
from w2s.records import Estimate

PGR = Estimate(mean=0.5, low=0.4, high=0.6, seeds=5, n=1000)


@pytest.fixture
def database(tmp_path: Path) -> aar.database.Database:
    return fill(tmp_path)


def fill(folder: Path) -> aar.database.Database:
    """A lab's first hour: a baseline, one submission that was run, charged and decided."""
    opened = aar.database.open(folder / "lab.db", create=True)
    with opened.write() as tx:
        researchers.add(tx, "r1", direction="denoise")
        ledger.append(tx, "lab", {"testbed": "mini-chat"})
        ledger.record_reference(
            tx, split="dev", name="vanilla", kind="baseline", figures=Figures(seeds=5, n=9, pgr=PGR)
        )
        ledger.record_submission(tx, code_hash="c0de", commit="c", researcher="r1", title="keep confident")
        runs.queue(
            tx,
            "k1",
            researcher="r1",
            code_hash="c0de",
            commit="c",
            split="dev",
            pair_index=0,
            supervisor_seed=3,
            student_seed="ff",
            nominal_cost=1.0,
            submission="s1",
        )
        ledger.record_charge(tx, "k1", researcher="r1", kind=ChargeKind.RUN, nominal_minutes=1)
        ledger.record_run(
            tx, "k1", state="done", end=RunEnd(seconds=2.5, core_seconds=2, logged={"kept": 0.5}), blob="k1"
        )
        decide(tx)
    return opened


def decide(tx: aar.database.Transaction) -> bool:
    return ledger.record_verdict(
        tx,
        "s1",
        stage="dev",
        status="pending",
        reply="a would-be record; it is being reproduced",
        figures=Figures(seeds=5, n=1000, pgr=PGR),
    )


def test_an_untouched_ledger_verifies(database: aar.database.Database) -> None:
    verified = ledger.Ledger(database).verify()
    assert verified.entries == 6
    assert verified.kinds["verdict"] == 1
    assert len(verified.head) == 64


def test_a_verdict_stands_once_given(database: aar.database.Database) -> None:
    with database.write() as tx:
        assert not decide(tx)
        found = submissions.get(tx, "s1")
        assert (found.status, found.stage, found.decided) == ("pending", "sealed", None)
        assert ledger.record_verdict(
            tx, "s1", stage="sealed", status="verified", reply="verified", figures=Figures(seeds=8, n=1000)
        )
        found = submissions.get(tx, "s1")
        assert (found.status, found.stage) == ("verified", "done")
        assert [verdict.stage for verdict in verdicts.all(tx, "s1")] == ["dev", "sealed"]
        assert verdicts.all(tx)[0].figures.pgr == PGR
    ledger.Ledger(database).verify()


def test_nothing_is_paid_twice(database: aar.database.Database) -> None:
    with database.write() as tx:
        assert not ledger.record_charge(tx, "k1", researcher="r1", kind=ChargeKind.RUN, nominal_minutes=1.0)
        assert not ledger.record_run(tx, "k1", state="failed", end=RunEnd(seconds=1.0, core_seconds=1.0))
        assert charges.of_researcher(tx, "r1").nominal_minutes == 1.0
    assert ledger.Ledger(database).verify().entries == 6


def test_an_unknown_parent_is_refused(database: aar.database.Database) -> None:
    with database.write() as tx, pytest.raises(NotFound, match="did you mean s1"):
        ledger.record_submission(
            tx, code_hash="d", commit="d", researcher="r1", title="next", parents=["s11"]
        )


def test_text_that_is_no_unicode_is_refused(database: aar.database.Database) -> None:
    with database.write() as tx, pytest.raises(BadRequest, match="UTF-8"):
        ledger.record_submission(tx, code_hash="d", commit="d", researcher="r1", title="\ud800")


@pytest.mark.parametrize(
    ("tamper", "named"),
    [
        ("UPDATE ledger SET body = replace(body, '0.5', '0.9') WHERE seq = 6", "entry 6 .*was changed"),
        ("UPDATE ledger SET at = '2020-01-01' WHERE seq = 3", "entry 3 .*was changed"),
        ("UPDATE ledger SET kind = 'note' WHERE seq = 3", "entry 3 .*was changed"),
        ("UPDATE ledger SET body = 'x' WHERE seq = 3", "entry 3 .*not JSON"),
        ("DELETE FROM ledger WHERE seq = 1", "entry 1 of the ledger is missing"),
        ("DELETE FROM ledger WHERE seq = 4", "entry 4 of the ledger is missing"),
        ("DELETE FROM ledger WHERE seq = 6", "verdict s1 at dev that the ledger never recorded"),
        (
            "UPDATE ledger SET seq = -1 WHERE seq = 3; UPDATE ledger SET seq = 3 WHERE seq = 4;"
            "UPDATE ledger SET seq = 4 WHERE seq = -1",
            "entry 3 .*does not follow",
        ),
        (
            "INSERT INTO ledger SELECT 7, kind, body, at, hash, 'made-up' FROM ledger WHERE seq = 6",
            "entry 7 .*was changed",
        ),
        ("UPDATE submissions SET status = 'verified'", "s1 is shown as 'verified'"),
        ("UPDATE submissions SET title = 'mine'", "submission s1 differs"),
        ("UPDATE verdicts SET status = 'verified'", "verdict s1 at dev differs"),
        ("UPDATE verdicts SET figures = replace(figures, '0.6', '0.9')", "verdict s1 at dev differs"),
        (
            "UPDATE reference_figures SET figures = replace(figures, '0.6', '0.9')",
            "reference vanilla on dev differs",
        ),
        ("UPDATE runs SET state = 'failed'", "run k1 differs"),
        ("DELETE FROM charges", "charge of entry 4 is gone"),
    ],
)
def test_tampering_is_found_and_named(database: aar.database.Database, tamper: str, named: str) -> None:
    connection = sqlite3.connect(database.url.database)
    connection.executescript(tamper)
    connection.commit()
    connection.close()
    with pytest.raises(BrokenChain, match=named):
        ledger.Ledger(database).verify()


bodies = st.dictionaries(
    st.text(max_size=5),
    st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.text() | st.none(),
)


@settings(max_examples=25)
@given(notes=st.lists(bodies, min_size=2, max_size=6), data=st.data())
def test_any_change_of_any_entry_is_found(
    tmp_path_factory: pytest.TempPathFactory, notes: list[dict[str, object]], data: st.DataObject
) -> None:
    database = aar.database.open(tmp_path_factory.mktemp("lab") / "lab.db", create=True)
    book = ledger.Ledger(database)
    for note in notes:
        book.append("note", note)
    assert book.verify().entries == len(notes)
    seq = data.draw(st.integers(1, len(notes)))
    column = data.draw(st.sampled_from(["body", "at", "previous", "hash", "kind"]))
    connection = sqlite3.connect(database.url.database)
    old = connection.execute(f"SELECT {column} FROM ledger WHERE seq = {seq}").fetchone()[0]
    new = data.draw(bodies.map(json.dumps).filter(lambda text: json.loads(text) != _json(old)))
    connection.execute(f"UPDATE ledger SET {column} = ? WHERE seq = ?", (new, seq))
    connection.commit()
    connection.close()
    with pytest.raises(BrokenChain):
        book.verify()
    database.close()


def _json(text: str) -> object:
    try:
        return json.loads(text)
    except ValueError:
        return text


def test_the_mirror_grows_by_what_is_new(database: aar.database.Database, tmp_path: Path) -> None:
    mirror = tmp_path / "ledger.jsonl"
    book = ledger.Ledger(database)
    assert book.export_jsonl(mirror) == 6
    assert book.export_jsonl(mirror) == 0
    book.append("note", {"text": "a" * 200_000})
    assert book.export_jsonl(mirror) == 1
    book.append("note", {"text": "last"})
    assert book.export_jsonl(mirror) == 1
    assert [json.loads(line)["seq"] for line in mirror.read_text().splitlines()] == list(range(1, 9))
    assert book.verify(mirror=mirror).entries == 8


def test_a_line_cut_off_by_a_crash_is_written_again(database: aar.database.Database, tmp_path: Path) -> None:
    mirror = tmp_path / "ledger.jsonl"
    book = ledger.Ledger(database)
    book.export_jsonl(mirror)
    whole = mirror.read_bytes()
    for cut in (1, 40, len(whole) - 3, len(whole)):
        mirror.write_bytes(whole[: len(whole) - cut])
        checked = book.verify(mirror=mirror)
        assert checked.mirrored is not None
        assert checked.mirrored < checked.entries
        book.export_jsonl(mirror)
        assert mirror.read_bytes() == whole


def test_an_end_cut_off_from_the_ledger_is_found_by_the_mirror(tmp_path: Path) -> None:
    database = aar.database.open(tmp_path / "lab.db", create=True)
    book = ledger.Ledger(database)
    for text in ("first", "second"):
        book.append("note", {"text": text})
    mirror = tmp_path / "ledger.jsonl"
    book.export_jsonl(mirror)
    connection = sqlite3.connect(database.url.database)
    connection.execute("DELETE FROM ledger WHERE seq = 2")
    connection.commit()
    connection.close()
    with pytest.raises(BrokenChain, match="entry 2"):
        book.verify(mirror=mirror)
    with pytest.raises(BrokenChain, match="entry 2"):
        book.export_jsonl(mirror)


def test_a_mirror_that_is_no_text_is_found(database: aar.database.Database, tmp_path: Path) -> None:
    mirror = tmp_path / "ledger.jsonl"
    book = ledger.Ledger(database)
    book.export_jsonl(mirror)
    mirror.write_bytes(mirror.read_bytes() + b"\xff\xfe\n")
    with pytest.raises(BrokenChain):
        book.verify(mirror=mirror)


def test_figures_that_lost_a_part_are_named(database: aar.database.Database) -> None:
    connection = sqlite3.connect(database.url.database)
    connection.execute("UPDATE verdicts SET figures = '{}'")
    connection.commit()
    connection.close()
    with pytest.raises(WrongFormat, match="changed by hand"):
        ledger.Ledger(database).verify()


def test_an_edited_mirror_is_found(database: aar.database.Database, tmp_path: Path) -> None:
    mirror = tmp_path / "ledger.jsonl"
    book = ledger.Ledger(database)
    book.export_jsonl(mirror)
    mirror.write_text(mirror.read_text().replace("keep confident", "keep everything"))
    with pytest.raises(BrokenChain, match="entry 3"):
        book.verify(mirror=mirror)


@pytest.mark.parametrize(
    "other",
    [Standing("s1", 0.61, 9), Standing(verdicts.FLOOR, 0.9, 9), Standing(verdicts.FLOOR, 0.61, 8)],
)
def test_a_record_that_the_ledger_never_noted_is_found(
    database: aar.database.Database, other: Standing
) -> None:
    with database.write() as tx:
        standing.put(tx, Standing(verdicts.FLOOR, 0.61, 9))
        note = {"ladder": {"holder": verdicts.FLOOR, "record": 0.61}, "items": 9}
        ledger.append(tx, "note", note)
    ledger.Ledger(database).verify()
    with database.write() as tx:
        standing.put(tx, other)
    with pytest.raises(BrokenChain, match="the Ladder stands at"):
        ledger.Ledger(database).verify()


def test_arrays_that_were_changed_after_the_run_are_found(
    database: aar.database.Database, tmp_path: Path
) -> None:
    name = write_blob(tmp_path, "k2", {"predictions": np.ones(3)})
    with database.write() as tx:
        ledger.append(tx, "note", {"text": "before"})
        runs.queue(
            tx,
            "k2",
            researcher="r1",
            code_hash="c0de",
            commit="c",
            split="dev",
            pair_index=1,
            supervisor_seed=1,
            student_seed="01",
            nominal_cost=1.0,
        )
        ledger.record_run(tx, "k2", state="done", end=RunEnd(seconds=1.0, core_seconds=1.0), blob=name)
    ledger.Ledger(database).verify(blobs=tmp_path)
    write_blob(tmp_path, "k2", {"predictions": np.zeros(3)})
    (changed,) = (path for path in tmp_path.glob("k2-*") if path.stem != name)
    changed.replace(tmp_path / f"{name}.safetensors")
    with pytest.raises(BrokenChain, match="were changed after they were written"):
        ledger.Ledger(database).verify(blobs=tmp_path)
