"""What each fault of a provider or of a model looks like, costs, and comes to: the table `results/faults.md`.

    python benchmarks/faults.py
    python benchmarks/faults.py --model openai/gpt-5 --only 529 --only talks

A real session with the real sandbox and tools, before a made-up lab (`tests/aar/fake_lab.py`) and a local server that
speaks the provider's protocol and bills each request (`tests/aar/provider_servers`). Time is compressed: every wait of
the session is a hundredth of the real one. Dollars are those of claude-opus-4-5 for every model, so that they compare.
"""

from __future__ import annotations

import argparse
import contextlib
import io
import os
import platform
import socket
import sys
import tempfile
import threading
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

REPOSITORY = Path(__file__).parents[1]
sys.path[:0] = [str(Path(__file__).parent), str(REPOSITORY / "tests" / "aar")]

from fake_lab import FakeLab, serve  # noqa: E402
from faults_cases import COMPRESSED, MODEL, PROVIDER, WAITS, Case, Ending  # noqa: E402
from provider_servers import ENVIRONMENT, Bill, Provider  # noqa: E402
from provider_servers import serve as provide  # noqa: E402

from aar.errors import AarError  # noqa: E402
from aar.processes import printable_line  # noqa: E402
from aar.reports.words import ENDED, ENOUGH, TROUBLE, count  # noqa: E402
from aar.researchers.inspect_models import ModelOptions  # noqa: E402
from aar.researchers.session import Session, run  # noqa: E402

MODELS = ("anthropic/claude-opus-4-5", "openai/gpt-5", "openai-api/local/any")
PRICE = (5.0, 25.0, 0.5, 6.25)
REST_SEEN_S = 0.5
OUT = REPOSITORY / "benchmarks" / "results" / "faults.md"


@dataclass(frozen=True)
class Row:
    """What came of a fault.

    Attributes:
        model: The session's model.
        case: The fault.
        seen: What a person sees: the trouble or the reason, in the words of the display and the terminal.
        requests: Requests that reached the provider.
        billed: US dollars that the provider billed.
        counted: US dollars that the lab counted, and how many of its calls were cut off and are estimates.
        lost: Calls that were cut off.
        noticed: Seconds between the provider's recovery and the next answer; None without an outage.
        end: How the session ended.
        seconds: Time of all of it.
    """

    model: str
    case: Case
    seen: str
    requests: int
    billed: float
    counted: float
    lost: int
    noticed: float | None
    end: str
    seconds: float


def measured(case: Case, model: str) -> Row:
    """One session with one fault."""
    lab = FakeLab(researchers=("r1",), minutes=600, minutes_a_look=0)
    lab.calls.prices, lab.calls.usd = {model: PRICE}, case.usd
    ending = Ending(case, lab)
    provider = Provider(ending.script, fault=case.fault, bill=Bill(writes=model.startswith("anthropic")))
    printed = io.StringIO()
    with (
        tempfile.TemporaryDirectory() as made,
        serve(lab, {"token": "r1"}) as url,
        _listening(provider, late=case.late) as base,
        _over_once_seen(lab, wanted=case.turns is None),
    ):
        Path(made).chmod(0o755)
        folder = Path(made) / "lab"
        for name in ("forum", "practice"):
            (folder / name).mkdir(parents=True)
        begun = time.monotonic()
        options = ModelOptions(base_url=base if model.startswith("anthropic") else f"{base}/v1")
        session = Session(
            folder, "r1", url, model=model, options=options, messages=case.messages, waits=WAITS
        )
        with contextlib.redirect_stderr(printed), contextlib.redirect_stdout(printed):
            try:
                end = f"exit {int(run(session, 'token'))}"
            except AarError as error:
                end = "exit 1"
                print(f"{type(error).__name__}: {error}", file=sys.stderr)  # as `aar.researchers` does
        seconds = time.monotonic() - begun
    name = model.partition("/")[2].removeprefix("local/")
    reasons = [reason.value for reason in dict.fromkeys(lab.calls.ends())]
    return Row(
        model,
        case,
        _seen(lab, "" if end == "exit 0" else printable_line(printed.getvalue())),
        len(provider.requests),
        provider.bill.usd({name: PRICE}),
        lab.calls.cost(),
        sum(call.used is not None and call.used.lost for call in lab.calls.by_id.values()),
        _noticed(case, provider),
        ", ".join([*reasons, end]),
        seconds,
    )


def _seen(lab: FakeLab, printed: str) -> str:
    """In the words of the display and the terminal: the first trouble and its tries, rests, ends, a last line."""
    troubles = [trouble for _, trouble, _ in lab.calls.troubles if trouble.kind is not None]
    words = []
    if troubles:
        first = troubles[0]
        red = "in red, " if first.permanent else ""
        words.append(f"{TROUBLE[first.kind]} ({red}{count(len(troubles), 'try')}): {first.detail[:120]}")
    for _, state in lab.calls.states:
        if state.state in ("resting", "stopped", "finished") and state.reason in ENDED:
            words.append(f"{ENDED[state.reason]}: {state.detail[:120]}")
        elif state.reason in ENOUGH:
            words.append(f"finished: {state.detail or ENOUGH[state.reason]}")
    if printed:
        words.append(f"terminal: {printed[:160]}")
    return "; ".join(words) or "nothing"


def _noticed(case: Case, provider: Provider) -> float | None:
    if case.outage is None:
        return None
    if case.late:
        return provider.first_after
    return next(
        (at - case.outage for at, status in provider.requests if status == 200 and at >= case.outage), None
    )


@contextlib.contextmanager
def _listening(provider: Provider, *, late: float) -> Iterator[str]:
    """The provider, on a port on which nobody listens for some seconds."""
    if not late:
        with provide(provider) as url:
            yield url
        return
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    done = threading.Event()

    def later() -> None:
        time.sleep(late)
        with provide(provider, port):
            done.wait()

    thread = threading.Thread(target=later)
    thread.start()
    yield f"http://127.0.0.1:{port}"
    done.set()
    thread.join()


@contextlib.contextmanager
def _over_once_seen(lab: FakeLab, *, wanted: bool) -> Iterator[None]:
    """End the lab some seconds after a rest or the ninth try, where nothing else would end the session."""
    done = threading.Event()

    def look() -> None:
        while not done.wait(0.05):
            rested = any(state.state == "resting" for _, state in lab.calls.states)
            if rested or len(lab.calls.troubles) > 8:
                done.wait(REST_SEEN_S)
                lab.stopped = "time"
                return

    thread = threading.Thread(target=look)
    if wanted:
        thread.start()
    yield
    done.set()
    if wanted:
        thread.join()


def table(rows: list[Row]) -> str:
    """The page."""
    lines = [
        "# Faults: what is seen, what it costs, how it ends",
        "",
        "    python benchmarks/faults.py",
        "",
        f"{time.strftime('%Y-%m-%d')}, {os.cpu_count()} cores of {platform.machine()}; one session a row, "
        f"{sum(row.seconds for row in rows):.0f} s in all. Real session, sandbox and tools; the lab and the providers "
        f"are doubles. Every wait is 1/{COMPRESSED:.0f} of the real one (an outage of 10 min lasts 6 s); a call that "
        "hangs is cut off after 2 s instead of 30 min. Dollars at $5, 25, 0.50 and 6.25 a million tokens (input, "
        "output, cache read, cache write). *Counted* is what the lab shows: equal to the bill, but for calls that were "
        "cut off, which it counts at their estimate and names. *Noticed* is the time from the provider's recovery to "
        "its next answer, not scaled. "
        "Exit 0: regular; 1: an error, started again; 3: ended early, started again; 4: ended for good, given up and "
        "named. A process that is killed in a call is not in this table.",
        "",
        "| protocol | fault | what people see | requests | billed $ | counted $ | cut off | noticed s | end |",
        "|---|---|---|---|---|---|---|---|---|",
    ]
    for row in rows:
        noticed = "" if row.noticed is None else f"{row.noticed:.1f}"
        seen = row.seen.replace("|", "/")
        lines.append(
            f"| {row.model.partition('/')[0]} | {row.case.name} | {seen} | {row.requests} | {row.billed:.4f} "
            f"| {row.counted:.4f} | {row.lost or ''} | {noticed} | {row.end.replace('|', '/')} |"
        )
    return "\n".join(lines) + "\n"


def main() -> None:
    """Measure and write the table."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--model", action="append", help=f"one of {', '.join(MODELS)}; may be repeated")
    parser.add_argument("--only", action="append", help="cases whose name contains this; may be repeated")
    given = parser.parse_args()
    os.environ.update(ENVIRONMENT("http://127.0.0.1:9"))
    models = given.model or MODELS
    cases = [
        (model, case)
        for number, model in enumerate(models)
        for case in (*PROVIDER, *MODEL)
        if number == 0 or case.protocol
        if not given.only or any(part in case.name for part in given.only)
    ]
    rows = []
    for model, case in cases:
        rows.append(measured(case, model))
        print(f"{model}: {case.name}: {rows[-1].end} ({rows[-1].seconds:.0f} s)", file=sys.stderr, flush=True)
    page = table(rows)
    if given.only or given.model:
        print(page)
    else:
        OUT.write_text(page)


if __name__ == "__main__":
    main()
