"""The terminal while a run goes on: nothing is cut that matters, nothing wraps, and standing still costs nothing."""

from __future__ import annotations

import io
import re
from collections.abc import Iterator
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from rich.cells import cell_len
from rich.console import Console

from aar.cli.display import Display, progress_line
from aar.cli.screen import screen
from aar.cli.wording import State, plain, state_of, time_left
from aar.database.progress import EndReason, ProviderTrouble

HEADERS = ["researcher", "state", "doing", "submitted", "verified"]
ACTIVITIES = [
    "starting", "thinking", "reading", "writing", "computing", "practising", "submitting", "waiting", "posting",
    "resting",
]  # fmt: skip
STATUSES = ["verified", "pending", "no_improvement", "not_reproduced", "violation", "failed"]
LEFT = re.compile(r"(?:(\d+) h ?)?(?:(\d+) min ?)?(?:(\d+) s )?left")
"""How a benchmark reads the time left; its lines are an interface."""


class Time:
    """A clock that stands until somebody moves it."""

    def __init__(self) -> None:
        self.now = 1000.0

    def __call__(self) -> float:
        return self.now


class Terminal:
    """A display on a terminal of fixed size, or on a pipe, and what it put there since the last look."""

    def __init__(self, width: int = 80, height: int = 24, *, piped: bool = False) -> None:
        self.console = Console(
            file=io.StringIO(),
            record=True,
            width=width,
            height=height,
            force_terminal=not piped,
            legacy_windows=False,
            _environ={"TERM": "xterm"},
        )
        self.time = Time()
        self.display = Display(self.console, monotonic=self.time)

    def look(self) -> list[str]:
        return self.console.export_text().splitlines()

    def written(self) -> str:
        file = self.console.file
        assert isinstance(file, io.StringIO)
        return file.getvalue()

    def after(self, seconds: float) -> list[str]:
        """What is new when so much time has passed."""
        self.time.now += seconds
        self.display.tick()
        return self.look()


@pytest.fixture
def terminal() -> Iterator[Terminal]:
    terminal = Terminal()
    with terminal.display:
        yield terminal


@pytest.fixture
def pipe() -> Iterator[Terminal]:
    pipe = Terminal(piped=True)
    with pipe.display:
        yield pipe


def researcher(number: int, **changes: Any) -> dict[str, Any]:
    row = {
        "name": f"r{number}",
        "direction": "elicit what the model knows with prompts",
        "state": "working",
        "activity": ACTIVITIES[number % len(ACTIVITIES)],
        "text": f"methods/m{number}/method.py",
        "process": "running",
        "submitted": 3,
        "budget": 5,
        "verified": 0,
        "pending": 1,
    }
    return row | changes


def submission(number: int, **changes: Any) -> dict[str, Any]:
    row = {
        "id": f"s{number}",
        "researcher": f"r{number}",
        "title": f"confident labels {number}",
        "status": STATUSES[number % len(STATUSES)],
        "stage": "done",
    }
    return row | changes


def status(number: int = 3, **changes: Any) -> dict[str, Any]:
    whole = {
        "phase": "research",
        "researchers": [researcher(i + 1) for i in range(number)],
        "recent": [submission(i + 1) for i in range(6)],
        "queue": {"running": 2, "queued": 12, "done": 40},
        "references": {"done": 60, "total": 60},
        "traffic": {"engine": {"lost_in_a_row": 0, "resumes_in_seconds": 0.0, "why": ""}},
        "clock": {"seconds_left": 250.0, "bound_seconds_left": None, "measured": True},
        "best": "s7 by r2, PGR 0.62 [0.50, 0.74]",
    }
    return whole | changes


def shown(state: dict[str, Any], *, width: int = 80, height: int = 24) -> list[str]:
    """What stands on a terminal of this size after one update."""
    terminal = Terminal(width, height)
    with terminal.display:
        terminal.display.update(state)
        return terminal.look()


def fits(lines: list[str], *, width: int, height: int) -> bool:
    return len(lines) <= height and all(cell_len(line) <= width for line in lines)


@pytest.mark.parametrize("width", [60, 80, 109])
@pytest.mark.parametrize("researchers", [1, 3, 16, 64])
def test_no_header_is_cut_and_the_direction_needs_a_wide_terminal(width: int, researchers: int) -> None:
    lines = shown(status(researchers), width=width)
    assert lines[0].split() == HEADERS
    assert fits(lines, width=width, height=24)


@pytest.mark.parametrize(("width", "height"), [(120, 40), (200, 50)])
def test_a_wide_terminal_also_shows_the_direction(width: int, height: int) -> None:
    lines = shown(status(3), width=width, height=height)
    assert lines[0].split() == [*HEADERS, "direction"]
    assert "elicit what the model knows" in lines[1]
    assert fits(lines, width=width, height=height)


def test_a_row_says_who_does_what_and_how_much_of_the_budget_is_used() -> None:
    rows = [researcher(1, activity="reading", text="s3"), researcher(2, budget=None, verified=1)]
    lines = shown(status(researchers=rows))
    assert lines[1].split() == ["r1", "reading", "s3", "3", "of", "5", "0"]
    assert lines[2].split() == ["r2", "reading", "methods/m2/method.py", "3", "1"]


def test_text_that_is_cut_leaves_the_columns_after_it_alone() -> None:
    line = shown(status(researchers=[researcher(1, text="methods/" * 20)]), width=60)[1]
    assert re.search(r"methods/\w*…  3 of 5 +0$", line)


@pytest.mark.parametrize(("width", "height"), [(80, 24), (60, 24), (120, 40)])
@pytest.mark.parametrize("researchers", [0, 3, 16, 64])
def test_the_footer_stays_whatever_the_number_of_researchers(
    width: int, height: int, researchers: int
) -> None:
    lost = {"engine": {"lost_in_a_row": 3, "resumes_in_seconds": 40.0, "why": "no memory"}}
    text = shown(status(researchers, traffic=lost), width=width, height=height)
    footer = "\n".join(text[-8:])
    for words in (
        "about 4 min left",
        "runs: 2 running, 12 queued, 40 done",
        "the engine lost 3 runs in a row, next in 40 s: no",
        "best verified: s7 by r2, PGR 0.62 [0.50, 0.74]",
        "confident labels 6",
        "confident labels 4",
    ):
        assert words in footer
    assert fits(text, width=width, height=height)


def test_sixteen_researchers_fit_into_24_rows_since_recent_submissions_give_way() -> None:
    lines = shown(status(16))
    assert [line.split()[0] for line in lines[1:17]] == [f"r{i + 1}" for i in range(16)]
    assert sum(line.startswith("s") for line in lines) == 3
    assert sum(line.startswith("s") for line in shown(status(3))) == 6


def test_the_last_line_of_a_table_that_is_too_long_counts_the_others() -> None:
    rows = [researcher(i + 1, activity="waiting" if i % 2 else "thinking") for i in range(64)]
    lines = shown(status(researchers=rows))
    assert "and 49 more: 25 waiting, 24 thinking" in lines
    assert lines[15].startswith("r15 ")


def test_who_needs_attention_comes_first_then_names_in_their_natural_order() -> None:
    rows = [researcher(i + 1) for i in range(64)]
    rows[41]["process"], rows[49]["process"] = "restarting", "ended"
    lines = shown(status(researchers=rows))
    assert [line.split()[0] for line in lines[1:6]] == ["r50", "r42", "r1", "r2", "r3"]


@pytest.mark.parametrize("height", [1, 2, 3, 5, 8, 12])
def test_in_a_few_rows_the_time_left_is_what_stays(height: int) -> None:
    lines = shown(status(16), height=height)
    assert fits(lines, width=80, height=max(1, height - 1))
    assert any("about 4 min left" in line for line in lines)


@pytest.mark.parametrize("width", [1, 5, 12, 22, 34, 44])
def test_a_narrow_terminal_leaves_out_columns_and_wraps_nothing(width: int) -> None:
    lines = shown(status(3), width=width)
    assert fits(lines, width=width, height=24)
    if width >= 22:
        assert set(lines[0].split()) <= set(HEADERS)


@pytest.mark.parametrize(
    ("row", "word"),
    [
        ({"process": "ended", "state": "working"}, "ended"),
        ({"process": "restarting", "state": "working"}, "restarting"),
        ({"process": "not started", "state": "waiting"}, "not started"),
        ({"process": "not started", "state": "finished"}, "finished"),
        ({"process": "running", "state": "finished"}, "finished"),
        ({"process": "ended", "state": "stopped"}, "ended"),
        ({"process": "running", "state": "working", "activity": "an unknown word"}, "working"),
        ({"state": "working", "activity": "resting"}, "resting"),
        *(({"process": "running", "state": "working", "activity": word}, word) for word in ACTIVITIES),
    ],
)
def test_a_researchers_state_is_one_word(row: dict[str, str], word: str) -> None:
    line = shown(status(researchers=[researcher(1, **({"activity": "thinking"} | row))]))[1]
    assert line[12:].startswith(word)
    assert line[12 + len(word)] == " "


def test_what_a_researcher_did_before_its_process_ended_is_not_shown_as_what_it_does() -> None:
    assert "method.py" not in shown(status(researchers=[researcher(1, process="ended")]))[1]


@pytest.mark.parametrize(
    ("seconds", "bound", "words"),
    [
        (None, None, "estimating the time left"),
        (None, 600.0, "estimating the time left"),
        (-5.0, None, "under a minute left"),
        (59.9, None, "under a minute left"),
        (60.0, None, "about 1 min left"),
        (144.0, None, "about 2 min 30 s left"),
        (299.0, None, "about 5 min left"),
        (370.0, None, "about 6 min left"),
        (3599.0, None, "about 1 h left"),
        (4790.0, None, "about 1 h 20 min left"),
        (36000.0, None, "about 10 h left"),
        (900.0, 720.0, "at most 12 min left"),
        (900.0, 721.0, "at most 13 min left"),
        (900.0, 20.0, "under a minute left"),
        (720.0, 900.0, "about 12 min left"),
    ],
)
def test_the_time_left_is_as_coarse_as_people_speak(
    seconds: float | None, bound: float | None, words: str
) -> None:
    assert time_left({"seconds_left": seconds, "bound_seconds_left": bound, "measured": False}) == words


@given(st.floats(60, 400_000), st.booleans())
def test_a_benchmark_reads_the_time_left_back(seconds: float, bounded: bool) -> None:
    clock = {"seconds_left": seconds + bounded, "bound_seconds_left": seconds if bounded else None}
    found = LEFT.search(time_left(clock))
    assert found is not None
    hours, minutes, rest = (int(number or 0) for number in found.groups())
    read = 3600 * hours + 60 * minutes + rest
    step = 30 if seconds < 300 else 60 if seconds < 3600 else 300
    assert (0 <= read - seconds <= step) if bounded else abs(read - seconds) <= step / 2


def test_the_clock_runs_down_between_updates(terminal: Terminal) -> None:
    terminal.display.update(status())
    assert "about 4 min left" in "\n".join(terminal.look())
    assert terminal.after(5.0) == [], "the words are the same"
    assert "about 3 min 30 s left" in "\n".join(terminal.after(25.0))


def test_nothing_is_drawn_while_nothing_that_is_shown_changes(terminal: Terminal) -> None:
    terminal.display.update(status())
    terminal.look()
    written = terminal.written()
    for second in range(1, 10):
        terminal.time.now += 1.0
        clock = {"seconds_left": 250.0 - second, "bound_seconds_left": None, "measured": True}
        terminal.display.update(status(phase="settling", clock=clock))
        terminal.display.tick()
    assert terminal.written() == written


def test_changes_within_a_second_are_drawn_together(terminal: Terminal) -> None:
    terminal.display.update(status())
    terminal.look()
    for running in (3, 4):
        terminal.time.now += 0.4
        terminal.display.update(status(queue={"running": running, "queued": 0, "done": 0}))
        assert terminal.look() == []
    assert "runs: 4 running" in "\n".join(terminal.after(0.4))


def test_a_stage_is_shown_at_once_with_a_bar_where_it_is_known_how_much_there_is(terminal: Terminal) -> None:
    terminal.display.stage("making this lab's own items")
    assert terminal.look() == ["making this lab's own items ..."]
    terminal.display.stage("training supervisors", done=15, total=60)
    assert terminal.look() == ["training supervisors " + "━" * 30 + " 15/60"]
    terminal.display.update(status())
    assert terminal.look()[0].split() == HEADERS
    terminal.display.stage("writing the report")
    assert terminal.look() == ["writing the report ..."]


def test_the_screen_is_taken_away_at_the_end_and_what_was_said_stays() -> None:
    terminal = Terminal()
    with terminal.display:
        terminal.display.say("run folder: runs/1")
        terminal.display.update(status())
        assert "run folder: runs/1" in terminal.look()
    assert "\x1b[?25h" in terminal.written(), "the cursor is back"


def test_a_status_without_researchers_and_with_nothing_but_what_must_be_there_is_shown() -> None:
    bare = {"researchers": [], "recent": [], "queue": {"running": 1, "queued": 2, "done": 3}}
    assert shown(bare) == ["runs: 1 running, 2 queued, 3 done"]
    assert progress_line(bare) == "runs: 1 running, 2 queued, 3 done"
    lines = shown(bare | {"references": {"done": 30, "total": 60}})
    assert lines == ["runs: 1 running, 2 queued, 3 done   references trained: 30 of 60"]


def test_a_pending_submission_says_where_it_is() -> None:
    lines = shown(
        status(recent=[submission(1, status="pending", stage="sealed"), submission(2, status="failed")])
    )
    assert "s1  pending on sealed  r1  confident labels 1" in lines
    assert "s2  failed             r2  confident labels 2" in lines


@pytest.mark.parametrize("where", ["name", "text", "title"])
def test_what_agents_wrote_is_plain_text_of_one_line(where: str) -> None:
    nasty = "a[bold red]b[/]\x1b[2J\x07\r\n\u202ec\u2066d :boom:"
    state = status(
        researchers=[researcher(1, **({where: nasty} if where != "title" else {}))],
        recent=[submission(1, **({"title": nasty} if where == "title" else {}))],
    )
    text = "\n".join(shown(state, width=120, height=40))
    assert "a[bold red]b" in text
    assert not re.search("[\x00-\x09\x0b-\x1f\u202a-\u202e\u2066-\u2069]", text)
    if where != "name":  # a name is cut
        assert "a[bold red]b[/][2J  cd :boom:" in text
    assert "\x1b" not in progress_line(state)


def test_said_lines_cannot_move_the_cursor(terminal: Terminal) -> None:
    terminal.display.say("r1 ended: [bold]x\x1b[2J\nnext")
    assert terminal.look()[0] == "r1 ended: [bold]x[2J next"


def test_wide_letters_count_as_two() -> None:
    rows = [researcher(i, text="方法" * 40, name=f"研究者{i}") for i in (1, 2)]
    lines = shown(status(researchers=rows, recent=[submission(1, title="方" * 100)]))
    assert fits(lines, width=80, height=24)
    column = [cell_len(line[: line.index("3 of 5")]) for line in lines[1:3]]
    assert column == [lines[0].index("submitted")] * 2


def test_a_pipe_gets_a_line_every_ten_seconds_at_most_and_only_if_something_changed(pipe: Terminal) -> None:
    pipe.display.update(status())
    assert pipe.look() == [
        "[about 4 min left] 9 of 15 handed in, 6 judged, 0 verified; runs 2+12; "
        "r1 thinking, r2 reading, r3 writing"
    ]
    changed = status(queue={"running": 1, "queued": 13, "done": 40})
    pipe.time.now += 5.0
    pipe.display.update(changed)
    assert pipe.look() == []
    assert "runs 1+13" in pipe.after(5.0)[0], "a tick tells what an update could not"
    assert pipe.after(10.0) == []
    assert pipe.after(15.0)[0].startswith("[about 3 min 30 s left] 9 of 15 handed in")


def test_a_dumb_terminal_gets_lines() -> None:
    terminal = Terminal()
    terminal.console._environ = {"TERM": "dumb"}
    with terminal.display:
        terminal.display.update(status())
        assert terminal.look()[0].startswith("[about 4 min left]")


def test_many_researchers_are_one_short_line() -> None:
    rows = [researcher(i + 1, activity="waiting" if i < 5 else "thinking") for i in range(9)]
    rows[6]["process"] = "restarting"
    line = progress_line(status(researchers=rows))
    assert line.endswith("; 5 waiting, 3 thinking, r7 restarting")
    for row in rows:
        row["process"] = "ended"
    assert progress_line(status(researchers=rows)).endswith("; 9 ended")


def test_a_plain_line_says_what_is_wrong_with_the_engine_and_the_time_left() -> None:
    lost = {"engine": {"lost_in_a_row": 2, "resumes_in_seconds": 90.0, "why": "no memory"}}
    line = progress_line(status(traffic=lost, clock=None))
    assert line.startswith(
        "[estimating the time left] the engine lost 2 runs in a row, next in 1 min 30 s: no memory; 9 of 15"
    )


def test_a_pipe_hears_of_a_stage(pipe: Terminal) -> None:
    pipe.display.stage("training supervisors", done=1, total=60)
    assert pipe.look() == ["training supervisors (1/60)"]


def with_model(number: int, usd: float, context: int, **changes: Any) -> dict[str, Any]:
    return researcher(number, money={"usd": usd, "tokens": 1000}, context_tokens=context, **changes)


def out(seconds: float, *, kind: str = "no_credit", permanent: bool = True) -> dict[str, Any]:
    return {"kind": kind, "detail": "balance is too low", "permanent": permanent, "seconds": seconds}


SPENDING = {
    "usd": 47.5,
    "usd_left": 2.5,
    "usd_budget": 50.0,
    "tokens": 3_000_000,
    "weighted_tokens": 900_000,
    "tokens_left": None,
    "tokens_budget": None,
    "lost_calls": 2,
    "lost_usd": 0.4,
}


def test_what_calls_cost_and_how_long_a_context_is_stands_in_80_columns() -> None:
    rows = [with_model(1, 1.234, 61_100), with_model(2, 1234.5, 1_234_567), researcher(3)]
    lines = shown(status(researchers=rows, spending=SPENDING))
    assert lines[0].split() == ["researcher", "state", "doing", "submitted", "verified", "cost", "context"]
    assert lines[1].split()[-2:] == ["$1.23", "61k"]
    assert lines[2].split()[-2:] == ["$1234.50", "1.2M"]
    assert lines[3].split()[-1] == "$0.00"
    assert "$47.50 of $50.00 spent, about $0.40 of it in calls cut off" in "\n".join(lines)
    assert fits(lines, width=80, height=24)
    narrow = shown(status(researchers=rows), width=48)
    assert narrow[0].split() == ["researcher", "state", "submitted", "cost"]


def test_the_hours_that_each_worked_are_shown_where_they_are_bounded() -> None:
    rows = [{**researcher(1), "worked_seconds": 9000.0, "work_seconds": 18_000.0}, researcher(2)]
    lines = shown(status(researchers=rows))
    assert lines[0].split() == ["researcher", "state", "doing", "submitted", "verified", "worked"]
    assert lines[1].endswith("2.5 of 5 h")
    unbounded = shown(status(researchers=[{**rows[0], "work_seconds": None}]))
    assert "worked" not in unbounded[0]


def test_a_researcher_in_trouble_comes_first_with_its_reason_and_since_when() -> None:
    rows = [
        with_model(1, 1.0, 1),
        with_model(2, 1.0, 1, trouble=out(720.0)),
        with_model(3, 1.0, 1, trouble=out(60.0)),
    ]
    lines = shown(status(researchers=rows))
    assert re.match(r"r2 +in trouble +no credit for 1", lines[1])
    assert "r2 and r3: no credit for 12 min: balance is too low" in "\n".join(lines)
    line = progress_line(status(researchers=rows))
    assert "r2 and r3: no credit for 12 min: balance is too low" in line


@pytest.mark.parametrize(
    ("trouble", "style"),
    [
        (out(0.0), "bold red"),
        (out(3.0, kind="rate_limited", permanent=False), "yellow"),
        (out(61.0, kind="overloaded", permanent=False), "bold red"),
    ],
)
def test_permanent_trouble_is_red_at_once_and_what_may_pass_after_a_minute(
    trouble: dict[str, Any], style: str
) -> None:
    lines = screen(status(researchers=[researcher(1, trouble=trouble)]), width=80, height=24)
    assert ("in trouble", style) in lines[1]
    words = [piece for line in lines for piece in line if piece[0].startswith("r1: ")]
    assert [shade for _, shade in words] == [style]


def test_trouble_grows_older_between_two_updates() -> None:
    terminal = Terminal(80, 24)
    with terminal.display:
        terminal.display.update(status(researchers=[researcher(1, trouble=out(58.0, permanent=False))]))
        terminal.look()
        assert "no credit for 1 min 3 s" in "\n".join(terminal.after(5.0))


def test_one_that_ended_too_soon_says_why_and_one_that_had_enough_does_not() -> None:
    rows = [
        researcher(1, state="finished", reason="refusals", detail="three in a row"),
        researcher(2, state="finished", reason="lab_over"),
        researcher(3, state="resting", reason="no_effect"),
    ]
    lines = shown(status(researchers=rows), width=200)
    assert re.match(r"r1 +ended +ended after refusals of its model: three in a row", lines[1])
    assert re.match(r"r2 +finished +3 of 5", lines[2])
    assert re.match(r"r3 +resting +rested after turns without effect", lines[3])


def test_one_that_is_done_before_its_submissions_are_used_up_says_why() -> None:
    done = {"state": "finished", "activity": "thinking"}
    rows = [
        {**researcher(1), **done, "reason": "budget", "detail": "its hours are used up"},
        {**researcher(2), **done, "reason": "budget", "detail": ""},
        {**researcher(3), **done, "reason": "by_a_person"},
        {**researcher(4), **done, "reason": "lab_over", "detail": "anything"},
    ]
    lines = shown(status(researchers=rows), width=120)
    assert re.match(r"r1 +finished +its hours are used up", lines[1])
    assert re.match(r"r2 +finished +its budget is used up", lines[2])
    assert re.match(r"r3 +finished +stopped by a person", lines[3])
    assert "anything" not in lines[4]


TEXTS = st.text(max_size=60)
NUMBERS = st.integers(0, 2000)
ROWS = st.fixed_dictionaries(
    {
        "name": TEXTS,
        "state": st.sampled_from(["waiting", "working", "resting", "finished", "stopped"]),
        "submitted": NUMBERS,
    },
    optional={
        "direction": TEXTS,
        "activity": st.sampled_from(ACTIVITIES) | TEXTS,
        "text": TEXTS,
        "process": st.sampled_from(["running", "restarting", "ended", "not started"]),
        "budget": st.none() | NUMBERS,
        "verified": NUMBERS,
        "pending": NUMBERS,
        "reason": st.none() | st.sampled_from([str(reason) for reason in EndReason]),
        "detail": TEXTS,
        "money": st.fixed_dictionaries({"usd": st.floats(0, 1e9), "tokens": NUMBERS}),
        "context_tokens": st.integers(0, 10**8),
        "worked_seconds": st.floats(0, 1e9),
        "work_seconds": st.none() | st.floats(1, 1e9),
        "trouble": st.none()
        | st.fixed_dictionaries(
            {
                "kind": st.sampled_from([str(kind) for kind in ProviderTrouble]),
                "detail": TEXTS,
                "permanent": st.booleans(),
                "seconds": st.floats(0, 1e8),
            }
        ),
    },
)


def test_the_footer_tells_how_different_the_ideas_are() -> None:
    ideas = {"count": 14, "families": {"curriculum": 10, "ensemble": 4}, "effective": 1.83}
    assert any("14 ideas of effectively 1.8 families" in line for line in shown(status(ideas=ideas)))
    assert not any("ideas" in line for line in shown(status(ideas=None)))


SECONDS = st.none() | st.floats(-1e3, 1e7)
ANY_STATUS = st.fixed_dictionaries(
    {
        "researchers": st.lists(ROWS, max_size=64),
        "recent": st.lists(
            st.fixed_dictionaries(
                {
                    "id": TEXTS,
                    "researcher": TEXTS,
                    "title": TEXTS,
                    "status": st.sampled_from(STATUSES),
                    "stage": st.sampled_from(["dev", "sealed", "done"]),
                }
            ),
            max_size=8,
        ),
        "queue": st.fixed_dictionaries({"running": NUMBERS, "queued": NUMBERS, "done": NUMBERS}),
    },
    optional={
        "phase": st.sampled_from(["baselines", "research", "settling", "finished"]),
        "references": st.fixed_dictionaries({"done": NUMBERS, "total": NUMBERS}),
        "traffic": st.fixed_dictionaries(
            {
                "engine": st.fixed_dictionaries(
                    {"lost_in_a_row": NUMBERS, "resumes_in_seconds": st.floats(0, 1e6), "why": TEXTS}
                )
            }
        ),
        "spending": st.fixed_dictionaries(
            {
                "usd": st.floats(0, 1e9),
                "usd_left": st.floats(0, 1e9),
                "usd_budget": st.none() | st.floats(1, 1e9),
                "tokens": NUMBERS,
                "weighted_tokens": NUMBERS,
                "tokens_left": NUMBERS,
                "tokens_budget": st.none() | NUMBERS,
                "lost_calls": NUMBERS,
                "lost_usd": st.floats(0, 1e9),
            }
        ),
        "clock": st.fixed_dictionaries({"seconds_left": SECONDS, "bound_seconds_left": SECONDS}),
        "best": st.none() | TEXTS,
        "ideas": st.none() | st.fixed_dictionaries({"count": NUMBERS, "effective": st.floats(0, 11)}),
    },
)


@settings(deadline=None)
@given(ANY_STATUS, st.integers(1, 220), st.integers(2, 60))
def test_no_status_is_wider_or_higher_than_the_terminal(
    state: dict[str, Any], width: int, height: int
) -> None:
    lines = screen(state, width=width, height=height)
    text = ["".join(piece for piece, _ in line) for line in lines]
    assert fits(text, width=width, height=height)
    assert all(line == plain(line) for line in text)
    assert fits(shown(state, width=width, height=height), width=width, height=height - 1)
    line = progress_line(state)
    assert line == plain(line)
    if state["researchers"]:
        assert LEFT.search(line)


def test_every_activity_of_a_researcher_is_a_word_that_the_display_knows() -> None:
    assert {state_of({"activity": word}).value for word in ACTIVITIES} == set(ACTIVITIES)
    assert State.WORKING.value not in ACTIVITIES
