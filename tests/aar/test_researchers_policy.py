from __future__ import annotations

import json
import time

import pytest
from fake_lab import FakeLab, FakeTools, research

from aar.researchers.evolution import reading
from aar.researchers.evolution.calls import DIARY, NOTEBOOK, Call
from aar.researchers.evolution.evidence import STATUS_WORTH, Reading, weigh
from aar.researchers.evolution.genome import CHOICES, Genome, from_source
from aar.researchers.evolution.memory import Known, Memory
from aar.researchers.evolution.policy import Answer, Policy
from aar.researchers.watching import LAST_TURNS


def lineage(lab: FakeLab) -> list[tuple[str, str, tuple[str, ...]]]:
    return [
        (one["researcher"], from_source(one["files"]["method.py"]).key(), tuple(one["parents"]))
        for one in lab.submissions.values()
    ]


def test_the_same_seed_and_the_same_reading_give_the_same_lineage() -> None:
    first, second = FakeLab(), FakeLab()
    research(first, seed=7)
    research(second, seed=7)
    assert lineage(first) == lineage(second)


def test_two_run_seeds_give_different_lineages() -> None:
    first, second = FakeLab(), FakeLab()
    research(first, seed=7)
    research(second, seed=8)
    assert lineage(first) != lineage(second)
    assert lineage(first)[0] != lineage(second)[0]


@pytest.mark.parametrize("seed", [1, 2, 3])
def test_with_the_forum_blocked_first_choices_stay_and_later_ones_differ(seed: int) -> None:
    together, alone = FakeLab(), FakeLab(forum=False)
    research(together, seed=seed)
    research(alone, seed=seed)

    def of(lab: FakeLab, who: str) -> list[tuple[str, tuple[str, ...]]]:
        return [(key, parents) for author, key, parents in lineage(lab) if author == who]

    assert all(of(together, who)[0] == of(alone, who)[0] for who in together.researchers)
    assert any(of(together, who)[1:] != of(alone, who)[1:] for who in together.researchers)
    assert not alone.posts
    for one in alone.submissions.values():
        assert all(alone.submissions[parent]["researcher"] == one["researcher"] for parent in one["parents"])


def test_researchers_build_on_each_other_and_cite_each_other() -> None:
    lab = FakeLab()
    research(lab, seed=1)
    author = {name: one["researcher"] for name, one in lab.submissions.items()}
    across = [
        one for one in lab.submissions.values() if any(author[p] != one["researcher"] for p in one["parents"])
    ]
    assert across
    assert any(author[name] != post["researcher"] for post in lab.posts for name in post["cited"])
    assert any(post["comments"] for post in lab.posts)


@pytest.mark.parametrize("seed", range(6))
def test_a_search_beats_the_record_within_a_few_submissions(seed: int) -> None:
    lab = FakeLab(submissions_each=4)
    research(lab, seed=seed)
    assert len(lab.submissions) == 12
    assert any(one["status"] == "verified" for one in lab.submissions.values())


def test_what_did_not_work_is_told_as_well() -> None:
    lab = FakeLab()
    research(lab, seed=1)
    told = {name for post in lab.posts for name in post["cited"]}
    assert {name for name, one in lab.submissions.items() if one["status"] == "no_improvement"} <= told


def test_a_score_that_the_lab_tells_decides_what_is_built_on() -> None:
    memory = Memory()
    told = {"a": 0.61, "b": 0.74, "c": 0.68}
    for name in told:
        memory.submissions[name] = Known(status="no_improvement")
    assert len({known.worth(memory.scores) for known in memory.submissions.values()}) == 1
    entries = [
        {"submission": name, "status": "no_improvement", "rank": None, "score": score}
        for name, score in told.items()
    ]
    reading.take_ranks(memory, {"entries": entries})
    worth = {name: known.worth(memory.scores) for name, known in memory.submissions.items()}
    assert worth["a"] < worth["c"] < worth["b"] < STATUS_WORTH["verified"]
    memory.submissions["a"].status = "verified"
    assert memory.submissions["a"].worth(memory.scores) > worth["b"]
    assert Memory.from_json(memory.to_json()) == memory


@pytest.mark.parametrize("score", ["0.9", 1.5, -0.1, float("nan"), None, [0.9], True])
def test_a_score_that_is_no_accuracy_is_not_believed(score: object) -> None:
    assert reading.score({"score": score}, None) is None


def test_scores_weigh_the_choices_of_methods_that_all_got_the_same_word() -> None:
    good, bad = Genome(signals=("zero_shot",)), Genome(signals=("weak",))
    known = [Reading(good, "no_improvement", 0.9, True), Reading(bad, "no_improvement", -0.5, True)]
    leaning = weigh(known, [], [])
    assert leaning["signal:zero_shot"] > 0 > leaning["signal:weak"]
    without = weigh([Reading(one.genome, one.status, None, True) for one in known], [], [])
    assert without["signal:zero_shot"] == without["signal:weak"] == 0.0


def test_posts_say_that_no_language_model_wrote_them() -> None:
    lab = FakeLab()
    research(lab, seed=1)
    assert lab.posts
    assert all("not a language model" in post["body"] for post in lab.posts)


def test_a_method_that_fails_in_practice_is_not_submitted_but_told() -> None:
    lab = FakeLab(practice_error="no such thing")
    research(lab, seed=1, turns=120)
    assert not lab.submissions
    assert any(post["kind"] == "error" and "no such thing" in post["body"] for post in lab.posts)


def test_every_submission_names_what_it_builds_on_in_its_source() -> None:
    lab = FakeLab()
    research(lab, seed=2)
    for one in lab.submissions.values():
        for parent in one["parents"]:
            assert parent in one["files"]["method.py"]


def test_methods_stay_within_their_cost() -> None:
    lab = FakeLab(submissions_each=20, minutes=30)
    research(lab, seed=3, turns=2000)
    assert max(from_source(one["files"]["method.py"]).cost() for one in lab.submissions.values()) <= 3.0


def test_nobodys_method_is_submitted_twice() -> None:
    lab = FakeLab(submissions_each=10, minutes=30)
    research(lab, seed=4, turns=2000)
    keys = [key for _, key, _ in lineage(lab)]
    # Two may still have had the same thought at the same moment.
    assert len(keys) - len(set(keys)) <= 2


def test_after_a_restart_the_notebook_and_the_lab_are_enough() -> None:
    lab = FakeLab(researchers=("r1",), directions=("noise",), submissions_each=5, minutes=60)
    policy, memory = Policy(researcher="r1", seed=5), Memory()
    tools, answer = FakeTools(lab, "r1"), Answer()
    while len(lab.submissions) < 3:
        answer = tools.use(policy.step(memory, answer))
    before = dict(lab.submissions)

    reborn, answer = Memory(), Answer()
    for _ in range(40):
        answer = tools.use(policy.step(reborn, answer))
    assert reborn.methods > 0
    assert set(before) <= set(reborn.submissions)
    keys = [key for _, key, _ in lineage(lab)]
    assert len(set(keys)) == len(keys) > len(before)


def test_without_a_notebook_the_lab_alone_is_enough() -> None:
    lab = FakeLab(researchers=("r1",), directions=("noise",), submissions_each=5, minutes=60)
    policy, memory = Policy(researcher="r1", seed=5), Memory()
    tools, answer = FakeTools(lab, "r1"), Answer()
    while len(lab.submissions) < 2:
        answer = tools.use(policy.step(memory, answer))
    tools.files.clear()

    reborn, answer = Memory(), Answer()
    for _ in range(60):
        answer = tools.use(policy.step(reborn, answer))
    keys = [key for _, key, _ in lineage(lab)]
    assert len(set(keys)) == len(keys) > 2


@pytest.mark.parametrize(
    "answer", ["", "[]", "null", '{"posts": 3, "entries": {}, "submissions": "x"}', "\x00" * 9]
)
def test_answers_that_make_no_sense_do_not_stop_it(answer: str) -> None:
    policy, memory = Policy(researcher="r1", seed=1), Memory()
    for _ in range(60):
        policy.step(memory, Answer(text=answer))
    for _ in range(60):
        policy.step(memory, Answer(error="something went wrong"))


def test_memory_survives_its_own_json() -> None:
    lab = FakeLab()
    tools = research(lab, seed=1)
    text = tools["r1"].files["notebook/policy.json"]
    found = Memory.from_json(text)
    assert found is not None
    assert json.loads(found.to_json()) == json.loads(text)
    assert Memory.from_json("{}") is None
    assert Memory.from_json(text.replace('"weak"', '"strong"')) is None


def test_after_a_long_run_the_notebook_can_still_be_read_in_one_go() -> None:
    lab = FakeLab(submissions_each=40, minutes=200)
    tools = research(lab, seed=1, turns=2500)
    assert len(lab.submissions) > 100
    assert len(tools["r1"].files["notebook/policy.json"]) < 150_000


def test_a_step_takes_no_time_that_anyone_would_notice() -> None:
    started = time.process_time()
    tools = research(FakeLab(), seed=1)
    assert (time.process_time() - started) / sum(len(one.calls) for one in tools.values()) < 0.02


def test_every_direction_leans_somewhere() -> None:
    from aar.researchers import directions
    from aar.researchers.evolution.choosing import LEANINGS, direction_name

    assert set(LEANINGS) == set(directions.names())
    assert all(direction_name(name) == name for name in directions.names())
    assert len(CHOICES) == 11


def alone(lab: FakeLab, *, seed: int, turns: int, stopped_at: int | None = None) -> list[Call]:
    """The calls of one researcher until it makes none; from a turn on the lab takes nothing more, and it is told."""
    policy, memory, tools, answer = (
        Policy(researcher="r1", seed=seed),
        Memory(),
        FakeTools(lab, "r1"),
        Answer(),
    )
    for turn in range(turns):
        if stopped_at is not None and turn >= stopped_at:
            lab.minutes = 0.0
            memory.stop = True
        call = policy.step(memory, answer)
        answer = tools.use(call)
        if not call.tool:
            break
    return tools.calls


def written(calls: list[Call]) -> list[str]:
    return [call.arguments["path"] for call in calls if call.tool == "write_file"]


@pytest.mark.parametrize("forum", [True, False])
@pytest.mark.parametrize("seed", [1, 2, 3])
def test_after_its_last_verdict_it_sums_up_keeps_its_notes_and_ends(seed: int, forum: bool) -> None:
    lab = FakeLab(researchers=("r1",), submissions_each=4, minutes=60, forum=forum)
    calls = alone(lab, seed=seed, turns=400)
    assert len(lab.submissions) == 4
    last = max(i for i, call in enumerate(calls) if call.tool == "wait_for_verdict")
    after = calls[last + 1 :]
    assert len(after) < LAST_TURNS
    assert after[-1].tool == ""
    assert written(after) == [NOTEBOOK, DIARY]
    assert [call.thought for call in after if call.tool == "post_finding"][1:] == [
        "sum up at the end"
    ] * forum


@pytest.mark.parametrize("turn", range(1, 60))
def test_whatever_it_does_when_the_lab_stops_its_last_turns_are_enough(turn: int) -> None:
    lab = FakeLab(researchers=("r1",), submissions_each=9, minutes=60, minutes_a_look=0)
    calls = alone(lab, seed=5, turns=turn + 40, stopped_at=turn)[turn:]
    waited = sum(call.tool == "wait_for_verdict" for call in calls)
    assert calls[-1].tool == ""
    assert not any(call.tool == "submit_method" for call in calls)
    # The session is not told while a verdict is out, so these turns are not among its last.
    assert len(calls) - waited <= LAST_TURNS


def test_what_the_lab_declines_for_now_is_tried_again_after_news() -> None:
    lab = FakeLab(researchers=("r1",), minutes=60, minutes_a_look=0, refusal=("NotNow", "the budget is over"))
    calls = alone(lab, seed=1, turns=100)
    tried = [i for i, call in enumerate(calls) if call.tool == "submit_method"]
    assert len(tried) > 3
    assert all(calls[i + 1].tool == "wait_for_news" for i in tried[:-1])
    assert len({calls[i].arguments["folder"] for i in tried}) == 1, "the draft is not at fault"


def test_what_is_used_up_is_not_tried_again() -> None:
    lab = FakeLab(
        researchers=("r1",), minutes=60, minutes_a_look=0, refusal=("OverBudget", "come back, wait for it")
    )
    calls = alone(lab, seed=1, turns=200)
    assert sum(call.tool == "submit_method" for call in calls) == 1
    assert calls[-20:].count(calls[-1]) >= 4, "it rests"
    assert max(call.arguments["seconds"] for call in calls if call.tool == "wait_for_news") == 600


def test_one_whose_session_ends_waits_for_no_verdict() -> None:
    memory = Memory(phase="save", pending="s1", stop=True)
    policy = Policy(researcher="r1", seed=0)
    assert policy.step(memory, Answer("{}")).tool
    waiting = Memory(phase="diary", pending="s1", stop=True)
    assert policy.step(waiting, Answer()).tool == "wait_for_verdict"
    leaving = Memory(phase="diary", pending="s1", stop=True, leaves=True)
    assert policy.step(leaving, Answer()).tool == ""
