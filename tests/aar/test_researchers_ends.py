"""Every end of a session reaches the lab with its reason, and its exit code says whether another start would help."""

from __future__ import annotations

from pathlib import Path

import pytest
from fake_lab import FakeLab, serve
from provider_servers import OVERFLOW, Cut, Fault, Provider, Refuse, Say, Turn, Use
from provider_servers import serve as provide
from provider_servers.answers import Script, script_of
from provider_servers.server import KEY

from aar.database.progress import EndReason
from aar.errors import MissingPackage, ModelError
from aar.researchers.exits import ExitCode
from aar.researchers.inspect_models import ModelOptions, make
from aar.researchers.session import Session, run
from aar.researchers.turns import MOST_IN_A_ROW
from aar.researchers.waits import Waits

OPUS = "anthropic/claude-opus-4-5"
PRICE = (5.0, 25.0, 0.5, 6.25)
SHORT = Waits(
    first=0.01,
    most=0.05,
    permanent_first=0.01,
    permanent_most=0.05,
    turn_first=0.001,
    turn_most=0.01,
    rest=0.5,
    least_rest=0.1,
)
LOOK = Use.one("my_status")


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("ANTHROPIC_API_KEY", KEY)
    lab = tmp_path / "lab"
    for name in ("forum", "practice"):
        (lab / name).mkdir(parents=True)
    tmp_path.chmod(0o755)
    return lab


def a_lab() -> FakeLab:
    lab = FakeLab(researchers=("r1",), minutes=30, minutes_a_look=0)
    lab.calls.prices = {OPUS: PRICE}
    return lab


def work(
    folder: Path, lab: FakeLab, provider: Provider, *, messages: int = 1000, waits: Waits = SHORT
) -> ExitCode:
    with serve(lab, {"token": "r1"}) as url, provide(provider) as base:
        session = Session(
            folder, "r1", url, model=OPUS, options=ModelOptions(base_url=base), messages=messages, waits=waits
        )
        return run(session, "token")


def at(number: int, lab: FakeLab, script: Script) -> Script:
    """The script, in which the lab is over from an answer on."""

    def answer(turn: Turn) -> object:
        if turn.number >= number:
            lab.stopped = "submissions"
        return script(turn)

    return answer  # type: ignore[return-value]


def said_to_the_model(provider: Provider) -> str:
    return "\n".join(turn.last for turn in provider.turns)


def test_a_model_that_declines_from_the_start_is_not_started_again(
    folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    lab, provider = a_lab(), Provider(script_of(Refuse("I will not do this.")))
    assert work(folder, lab, provider) is ExitCode.ENDED_FOR_GOOD
    (told,) = [state for _, state in lab.calls.states]
    assert (told.state, told.reason) == ("stopped", EndReason.REFUSALS)
    assert "I will not do this." in told.detail
    assert (
        "too soon, its model declined: several times in a row (I will not do this.)"
        in capsys.readouterr().err.strip().splitlines()[-1]
    )
    assert len(provider.bill.calls) == 3
    assert not lab.finished


def test_one_that_had_worked_before_may_begin_anew(folder: Path) -> None:
    lab = a_lab()
    assert work(folder, lab, Provider(script_of(LOOK, Refuse()))) is ExitCode.ENDED_EARLY
    assert [(state.state, state.reason) for _, state in lab.calls.states] == [("working", EndReason.REFUSALS)]


def test_a_conversation_that_never_fits_ends_for_good(folder: Path) -> None:
    lab, provider = a_lab(), Provider(script_of(Say("x")), fault=lambda *_: OVERFLOW)
    assert work(folder, lab, provider) is ExitCode.ENDED_FOR_GOOD
    assert lab.calls.ends() == [EndReason.CONTEXT]
    assert len(provider.requests) < 20


def test_one_that_does_not_fit_now_and_then_is_summed_up_and_goes_on(folder: Path) -> None:
    lab = a_lab()

    def full(number: int, seconds: float) -> Fault | None:
        return OVERFLOW if number == 3 else None

    provider = Provider(
        at(8, lab, script_of(LOOK, LOOK, LOOK, Say("a summary of it all"), then=LOOK)), fault=full
    )
    assert work(folder, lab, provider) is ExitCode.OK
    assert lab.calls.ends() == [EndReason.LAB_OVER]
    assert len(lab.calls.used()) == len(provider.bill.calls), "the summary is counted as well"
    assert lab.calls.cost() == pytest.approx(provider.bill.usd({"claude-opus-4-5": PRICE}), abs=1e-12)


def test_a_session_with_too_many_messages_begins_anew(folder: Path) -> None:
    lab = a_lab()
    assert work(folder, lab, Provider(script_of(LOOK)), messages=12) is ExitCode.ENDED_EARLY
    assert lab.calls.ends() == [EndReason.MESSAGE_LIMIT]


def test_an_outage_eats_no_messages(folder: Path) -> None:
    lab = a_lab()

    def down(number: int, seconds: float) -> Fault | None:
        return Fault(status=529, kind="overloaded_error", message="Overloaded") if 1 <= number < 30 else None

    provider = Provider(at(2, lab, script_of(LOOK)), fault=down)
    assert work(folder, lab, provider, messages=30) is ExitCode.OK
    assert len(provider.requests) > 30


def test_one_that_only_talks_is_helped_slowed_down_and_rests(folder: Path) -> None:
    lab = a_lab()
    provider = Provider(
        at(MOST_IN_A_ROW + 4, lab, script_of(Say("I think about it."), Cut("a long tex"), then=Say("Hm.")))
    )
    assert work(folder, lab, provider) is ExitCode.OK
    rest, back, *_ = [state for _, state in lab.calls.states]
    assert (rest.state, rest.reason) == ("resting", EndReason.NO_EFFECT)
    assert "only talked 11 times" in rest.detail
    assert "answer cut off once" in rest.detail
    assert back.state == "working"
    told = said_to_the_model(provider)
    assert "the tools are bash, python" in told
    assert "cut off after" in told
    assert "You have rested" in told
    assert "Your submissions are used up." in told, "it is told the truth at the end"


def test_a_rest_ends_with_the_lab(folder: Path) -> None:
    lab = a_lab()

    def script(turn: Turn) -> Say:
        if turn.number == MOST_IN_A_ROW - 1:
            lab.stopped = "time"
        return Say("Hm.")

    waits = Waits(turn_first=0.001, turn_most=0.01, rest=3600.0, least_rest=3600.0)
    provider = Provider(script)
    assert work(folder, lab, provider, waits=waits) is ExitCode.OK
    assert lab.calls.ends()[-1] is EndReason.LAB_OVER
    assert "The time of this study is over." in said_to_the_model(provider)


def test_a_budget_is_announced_before_it_is_spent_and_then_ends_the_session(folder: Path) -> None:
    lab, provider = a_lab(), Provider(script_of(LOOK))
    lab.calls.usd = 0.12
    assert work(folder, lab, provider) is ExitCode.OK
    assert [(state.state, state.reason) for _, state in lab.calls.states] == [("finished", EndReason.BUDGET)]
    told = said_to_the_model(provider)
    assert told.count("The budget for your model is nearly spent") == 1
    assert "US dollars" in told
    cost = provider.bill.usd({"claude-opus-4-5": PRICE})
    assert lab.calls.cost() == pytest.approx(cost, abs=1e-12)
    assert cost >= 0.12
    last = provider.bill.calls.pop()
    assert provider.bill.usd({"claude-opus-4-5": PRICE}) < 0.12, (
        f"only the call in flight went beyond: {last}"
    )


@pytest.mark.parametrize(
    ("whose", "reason", "words"),
    [
        ("researcher", EndReason.BUDGET, "The hours that you may work are used up."),
        ("study", EndReason.LAB_OVER, "The time of this study is over."),
    ],
)
def test_whose_time_is_over_is_told_to_the_model_and_the_lab(
    folder: Path, whose: str, reason: EndReason, words: str
) -> None:
    lab = a_lab()
    lab.stop_of = whose

    def look(turn: Turn) -> object:
        lab.stopped = "time" if turn.number >= 3 else None
        return LOOK

    provider = Provider(look)  # type: ignore[arg-type]
    assert work(folder, lab, provider) is ExitCode.OK
    assert words in said_to_the_model(provider)
    assert lab.calls.ends() == [reason]
    ((_, told),) = lab.calls.states
    assert told.detail == ("its hours are used up" if whose == "researcher" else "")


def test_a_missing_package_is_one_line_that_says_how_to_get_it(monkeypatch: pytest.MonkeyPatch) -> None:
    import sys

    monkeypatch.setitem(sys.modules, "anthropic", None)
    monkeypatch.setenv("ANTHROPIC_API_KEY", KEY)
    with pytest.raises(
        MissingPackage, match=r"^anthropic/x needs the package anthropic: pip install anthropic$"
    ):
        make("anthropic/x", ModelOptions())


def test_an_option_that_a_provider_does_not_take_is_one_line(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ANTHROPIC_API_KEY", KEY)
    with pytest.raises(ModelError, match="does not take these options"):
        make(OPUS, ModelOptions(args={"no_such_option": 1}))
    with pytest.raises(ModelError, match="does not take these options"):
        make(OPUS, ModelOptions(effort="enormous"))
