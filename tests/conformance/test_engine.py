"""What every engine does: the local one, one that the page on extending shows, and the one that `--engine` names.

python -m pytest tests/conformance/test_engine.py --engine NAME
"""

import asyncio
import contextlib

import pytest
from engine_jobs import HOSTILE, VANILLA, Folders, beside_an_honest_one, check_hostile, job
from student_lab import TEST, fill

from aar.engines import ENGINES, Setup
from aar.errors import BadSnapshot, EngineError, NoSandbox
from aar.sandboxes import choose

pytestmark = pytest.mark.usefixtures("packages")

TESTBED = "mini-chat"
SLOTS = 2
FOREVER = "def run(bench):\n    while True: pass"
ZERO_SHOT = "def run(bench): return bench.strong().predict(bench.test)"


@pytest.fixture(scope="module")
def loop():
    with asyncio.Runner() as runner:
        yield runner


@pytest.fixture(scope="module")
def setup(engine_name, tmp_path_factory):
    folders = Folders(tmp_path_factory.mktemp("engine"))
    fill(folders.service)
    return Setup(folders, TESTBED, slots=1 if engine_name == "polite" else SLOTS)


@pytest.fixture(scope="module")
def stopped():
    """Engines that a test has stopped."""
    return []


@pytest.fixture(scope="module")
def engine(engine_name, setup, loop, stopped):
    try:
        choose()
    except NoSandbox as error:
        pytest.skip(str(error))
    made = ENGINES.make(engine_name, setup)
    loop.run(made.start())
    yield made
    if made not in stopped:
        loop.run(made.stop())


@pytest.fixture
def outcome(engine, loop):
    return lambda source, **changes: loop.run(engine.run(job(source, **changes)))


def test_it_says_how_many_runs_it_takes(engine):
    assert isinstance(engine.capacity, int)
    assert engine.capacity >= 1


def test_as_many_jobs_as_it_takes_run_at_once_and_each_has_its_own_outcome(engine, loop):
    async def all_of_them():
        sources = [f"def run(bench): raise ValueError({n})" for n in range(engine.capacity)]
        return await asyncio.gather(
            *(engine.run(job(source, split="practice", practice=True)) for source in sources)
        )

    done = loop.run(all_of_them())
    assert [(one.end.error and one.end.error.message) for one in done] == [str(n) for n in range(len(done))]


def test_a_job_that_is_cancelled_ends_and_leaves_its_place_to_the_next(engine, loop, outcome):
    async def start_and_cancel():
        running = asyncio.ensure_future(engine.run(job(FOREVER)))
        await asyncio.sleep(0.5)
        assert not running.done()
        running.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await running
        return running.cancelled()

    for _ in range(engine.capacity + 1):
        assert loop.run(start_and_cancel())
    assert outcome(ZERO_SHOT).status == "ok"


def test_a_method_runs_in_its_sandbox_and_its_arrays_come_back(outcome):
    done = outcome(VANILLA)
    assert done.status == "ok", done
    assert done.arrays["predictions"].shape == (TEST,)
    assert set(done.end.logged) == {"share"}
    assert done.end.nominal > 0


def test_the_same_job_gives_the_same_arrays_to_the_bit(outcome):
    first, second = outcome(VANILLA), outcome(VANILLA)
    assert first.arrays["predictions"].tobytes() == second.arrays["predictions"].tobytes()


def test_numbers_of_a_sealed_run_are_not_kept(outcome):
    done = outcome(VANILLA, split="sealed")
    assert (done.status, done.end.logged) == ("ok", {})


def test_an_exception_is_told_by_type_and_place_without_its_words(outcome):
    done = outcome("""
        def run(bench):
            return deeper(bench)

        def deeper(bench):
            raise ValueError("words")
    """)
    assert (done.status, done.end.error.type, done.end.error.file, done.end.error.line) == (
        "method_failed",
        "ValueError",
        "method.py",
        6,
    )
    assert done.end.error.message is None


def test_on_practice_the_words_are_told_too(outcome):
    done = outcome("def run(bench): raise ValueError('words')", split="practice", practice=True)
    assert (done.end.error.type, done.end.error.message) == ("ValueError", "words")


@pytest.mark.parametrize(
    ("source", "error"),
    [
        ("x = (", "SyntaxError"),
        ("walk = 1", "NoRun"),
        ("def run(bench): return None", "BadPredictions"),
        (
            "import w2s\ndef run(bench): return w2s.Predictions(bench.test, [2.0] * len(bench.test))",
            "BadPredictions",
        ),
        ("import w2s\ndef run(bench): return w2s.Predictions(bench.test[:1], [0.5])", "WrongIds"),
        ("import sys\ndef run(bench): sys.exit(0)", "SystemExit"),
        ("import os\ndef run(bench): os._exit(0)", "SystemExit"),
        ("def run(bench): bench._line._sock.close()", "SystemExit"),
        ("def run(bench): bench._line._sock.send(b'garbage' * 99)", "BadMethod"),
        ("def run(bench): run(bench)", "RecursionError"),
        ("import w2s.testbeds", "ModuleNotFoundError"),
        ("import aar", "ModuleNotFoundError"),
    ],
)
def test_a_method_that_breaks_the_contract_fails_by_name(outcome, source, error):
    done = outcome(source)
    assert (done.status, done.end.error.type) == ("method_failed", error), done


def test_an_endless_loop_ends_with_a_clear_rule(outcome):
    done = outcome("def run(bench):\n    while True: pass", wall_seconds=1.5)
    assert (done.status, done.end.error.type, done.end.error.rule) == (
        "method_failed",
        "TimeoutError",
        "took longer than 1.5 s",
    )


def test_eating_memory_ends_with_a_clear_rule(outcome):
    done = outcome(
        """
        def run(bench):
            held = []
            while True:
                held.append(bytearray(b"x") * (1 << 24))
    """,
        memory_mb=300,
    )
    assert (done.status, done.end.error.type) == ("method_failed", "MemoryError"), done
    assert done.end.error.rule == "used more than 300 MB of memory"


@pytest.fixture(scope="module")
def alone(engine, loop):
    return loop.run(engine.run(job(VANILLA)))


@pytest.mark.parametrize("what", HOSTILE)
def test_a_hostile_run_ends_by_itself_and_the_one_beside_it_is_as_alone(what, engine, loop, alone):
    honest, hostile = loop.run(beside_an_honest_one(engine, what))
    check_hostile(what, hostile)
    assert honest.status == alone.status == "ok", (honest, alone)
    assert honest.arrays["predictions"].tobytes() == alone.arrays["predictions"].tobytes()


def test_a_method_cannot_see_the_service_its_texts_or_the_network(outcome):
    done = outcome("""
        import os, socket

        def run(bench):
            for path in ("/service", "/service/splits.json", os.environ.get("HOME", "/") + "/service"):
                assert not os.path.exists(path), path
            assert os.listdir(os.path.dirname(__file__)) == ["method.py"]
            try:
                socket.create_connection(("1.1.1.1", 53), timeout=1)
            except OSError:
                return bench.strong().predict(bench.test)
    """)
    assert done.status == "ok", done


def test_a_job_of_another_testbed_or_with_a_strange_file_is_refused(outcome):
    with pytest.raises(EngineError, match="mini-math"):
        outcome(VANILLA, testbed="mini-math")
    with pytest.raises(BadSnapshot, match=r"\.\./x\.py"):
        outcome(VANILLA, code={"../x.py": ""})
    with pytest.raises(EngineError, match="no weak labels"):
        outcome(VANILLA, supervisor_seeds=(99,))


def test_stop_ends_jobs_in_flight_as_lost(engine, loop, stopped):
    """The engine that all tests before it used; none after it may."""

    async def play():
        running = asyncio.create_task(engine.run(job(FOREVER)))
        await asyncio.sleep(0.5)
        stopped.append(engine)
        await engine.stop()
        return await running

    assert loop.run(play()).status == "lost"
