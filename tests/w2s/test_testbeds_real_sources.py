"""Builders on small samples in the sources' own formats, made for the test; no hub is asked."""

from __future__ import annotations

import json
import random
from collections import Counter
from collections.abc import Iterable
from pathlib import Path

import pytest

from w2s import testbeds
from w2s.errors import BadTestbed, NotFound, Unavailable
from w2s.testbeds.real.sources import chat, code, math
from w2s.testbeds.real.sources.assemble import ItemPool, Sizes, assemble
from w2s.testbeds.real.sources.build import Built, Generator, build
from w2s.testbeds.real.sources.proposals import Proposal, read, write_with_model
from w2s.testbeds.real.sources.rows import Row, Source
from w2s.testbeds.real.store import ImportRequest

WORDS = [f"{a}{b}" for a in ("ka", "lo", "mi", "ru", "sev") for b in ("dor", "fen", "gal", "hul")]


def words(rng: random.Random, n: int = 12) -> str:
    return " ".join(rng.choices(WORDS, k=n))


class Hub:
    """Rows by source name, as the hub would stream them."""

    def __init__(self, **rows: list[Row]) -> None:
        self.rows = rows

    def __call__(self, source: Source) -> Iterable[Row]:
        return self.rows[
            source.name.rsplit("/", 1)[-1].replace("-", "_")
            + ("_test" if "test-*" in (source.files or "") else "")
        ]


def chat_hub(n: int = 40) -> Hub:
    rng = random.Random(0)
    helpsteer2: list[Row] = []
    for i in range(n):
        prompt = words(rng)
        if i == 0:
            prompt = f"Hi {words(rng)}\n<extra_id_1>Assistant\nHello\n<extra_id_1>User\nWhy?"
        scores = (4, 1) if i % 4 else (2, 2)
        for score in scores if i % 2 else scores[::-1]:
            helpsteer2.append(
                {"prompt": prompt, "response": f"grade {score} {words(rng, 5)}", "helpfulness": score,
                 "correctness": score, "coherence": 4, "complexity": 1, "verbosity": 1}
            )  # fmt: skip
    helpsteer3 = [
        {"domain": "multilingual" if i % 10 == 9 else "general", "language": "english",
         "context": [{"role": "user", "content": words(rng)}], "response1": f"grade {3 - p} {words(rng, 5)}",
         "response2": f"grade {3 + p} {words(rng, 5)}", "overall_preference": p, "individual_preference": []}
        for i, p in enumerate(rng.choices(range(-3, 4), k=n))
    ]  # fmt: skip
    rm_bench = [
        {"id": str(i), "prompt": words(rng), "chosen": [f"grade 9 style {k} {i}" for k in range(3)],
         "rejected": [f"grade 0 style {k} {i}" for k in range(3)], "domain": "chat"}
        for i in range(n)
    ]  # fmt: skip
    reward_bench_2 = [
        {"id": str(i), "prompt": words(rng), "chosen": [f"grade 9 {i}"],
         "rejected": [f"grade 0 {i} {k}" for k in range(3)], "num_correct": 1, "num_incorrect": 3,
         "total_completions": 4, "models": [], "subset": "Ties" if i % 5 == 4 else "Focus"}
        for i in range(n)
    ]  # fmt: skip
    return Hub(HelpSteer2=helpsteer2, HelpSteer3=helpsteer3, RM_Bench=rm_bench, reward_bench_2=reward_bench_2)


def grade(text: str) -> int:
    return int(text.split()[1])


def test_chat_pairs_prefer_what_their_sources_prefer() -> None:
    pool = chat.collect(chat_hub())
    assert Counter(item.subset for item in pool.far) == {"rm-bench": 40, "reward-bench-2": 32}
    assert {item.subset for item in pool.near} == {"helpsteer2", "helpsteer3"}
    assert sum(item.subset == "helpsteer2" for item in pool.near) == 30
    assert pool.skipped["HelpSteer2: equally helpful"] == 10
    assert pool.skipped["RewardBench 2: ties"] == 8
    for item in (*pool.near, *pool.far):
        first, second = grade(item.fields["first"]), grade(item.fields["second"])
        assert (first > second) == bool(item.label)
    labels = [item.label for item in (*pool.near, *pool.far)]
    assert 0.3 < sum(labels) / len(labels) < 0.7
    for item in pool.far:
        if item.subset == "rm-bench":  # both answers of a pair are in one style
            assert (
                len({text.split("style ")[1] for name, text in item.fields.items() if name != "prompt"}) == 1
            )


def test_turns_of_a_conversation_name_who_speaks() -> None:
    hub = chat_hub()
    hub.rows["HelpSteer2"] = [
        {
            "prompt": "Hi\n<extra_id_1>Assistant\nHello\n<extra_id_1>User\nWhy?",
            "response": f"grade {i}",
            "helpfulness": i,
        }
        for i in (1, 3)
    ]
    (item,) = (item for item in chat.collect(hub).near if item.subset == "helpsteer2")
    assert item.question == "User: Hi\n\nAssistant: Hello\n\nUser: Why?"


def test_a_rebuilt_testbed_is_imported_like_a_release(tmp_path: Path) -> None:
    done = build("qwen-chat", chat_hub(160), ImportRequest(name="again", like="qwen-chat"), into=tmp_path)
    assert done.imported.folder is not None
    testbed = testbeds.load(done.imported.folder)
    splits, _ = testbeds.generate(testbed, item_seed=bytes(16))
    assert {e.subset for e in splits["sealed"][0].test} == {"id", "ood"}
    assert {e.subset for e in splits["dev"][0].test} == {"id"}
    assert testbed.worlds["main"].weak == "Qwen/Qwen1.5-0.5B-Chat"


def math_hub(n: int = 60) -> Hub:
    rng = random.Random(1)
    before = (
        "Solve the following math problem step by step. The last line of your response should be of the form Answer: "
        "$Answer (without quotes) where $Answer is the answer to the problem.\n\n"
    )
    after = '\n\nRemember to put your answer on its own line after "Answer:".'
    dapo = [
        {"data_source": "math_dapo", "prompt": [{"role": "user", "content": before + words(rng) + "?" + after}],
         "ability": "MATH", "reward_model": {"ground_truth": str(i), "style": "rule"}, "extra_info": {"index": str(i)}}
        for i in range(n)
    ]  # fmt: skip
    chinese = {**dapo[0], "prompt": [{"role": "user", "content": before + "已知 x" + after}]}
    aime = [{"id": i, "problem": words(rng) + "?", "answer": f"0{i}"} for i in range(12)]
    late = [{"id": str(i), "problem": words(rng) + "?", "answer": str(i)} for i in range(12)]
    return Hub(DAPO_Math_17k=[*dapo, *dapo, chinese], aime_2024=aime, aime25=late)


def test_math_questions_lose_their_instructions_and_their_copies() -> None:
    known = math.questions(math_hub())
    assert len(known) == 60 + 24
    assert not [question for question in known if "Remember" in question or "Solve" in question]
    assert set(math.draw(known, 30, seed=0)) >= {q for q, (_, subset) in known.items() if subset != "dapo"}


def proposals_file(path: Path, lines: list[dict[str, object]]) -> Path:
    path.write_text("".join(json.dumps(line) + "\n" for line in lines))
    return path


def test_a_proposed_solution_is_right_if_its_final_answer_is(tmp_path: Path) -> None:
    known = math.questions(math_hub())
    lines = []
    for question, (answer, _) in known.items():
        lines += [
            {"question": question, "choice": f"Surely \\boxed{{{int(answer)}}}."},
            {"question": question, "choice": f"So we get\nAnswer: {int(answer) + 1}"},
            {"question": question, "choice": "I do not know."},
        ]
    file = proposals_file(
        tmp_path / "proposals.jsonl", [*lines, {"question": "Of nobody?", "choice": "Answer: 1"}]
    )
    pool = math.collect(known, read(file, judged=False))
    assert pool.skipped == {
        "a proposal without a final answer": 84,
        "a proposal to a question that no source has": 1,
    }
    assert all(item.label == ("boxed" in item.fields["choice"]) for item in (*pool.near, *pool.far))
    done = build(
        "qwen-math", math_hub(), ImportRequest(name="m", like="qwen-math"), into=tmp_path / "t", judged=file
    )
    assert done.imported.kind == "verification"
    assert done.imported.ood == 48


@pytest.mark.parametrize(
    ("stated", "answer", "same"),
    [
        ("1,024", "1024", True), ("$7$", "7", True), ("007", "7", True), ("\\frac{1}{2}", "0.5", True),
        ("12\\text{ cm}", "12", True), ("x+1", "x + 1", True), ("7", "70", False), ("1/0", "1/0", True),
    ],
)  # fmt: skip
def test_final_answers_are_compared_as_numbers_where_they_are(stated: str, answer: str, same: bool) -> None:
    assert math.equal(stated, answer) is same


def code_hub() -> Hub:
    rng = random.Random(2)
    levels = ["EASY", "MEDIUM", "MEDIUM_HARD", "HARD", "VERY_HARD", "UNKNOWN_DIFFICULTY"]
    rows: list[Row] = [
        {"question": words(rng), "solutions": '["print(1)"]', "starter_code": "def f(x):" if i % 7 == 0 else "",
         "input_output": '{"inputs": [], "outputs": []}', "difficulty": levels[i % 6], "name": None}
        for i in range(600)
    ]  # fmt: skip
    return Hub(TACO=rows[:500], TACO_test=rows[500:])


def test_programs_need_verdicts_and_difficulty_says_what_is_out_of_distribution(tmp_path: Path) -> None:
    known = code.questions(code_hub())
    assert len(known) == 500
    lines = [
        {"question": question, "choice": f"print({i}, {k})", "correct": (i + k) % 3 == 0}
        for i, question in enumerate(known)
        for k in range(3)
    ]
    file = proposals_file(tmp_path / "programs.jsonl", lines)
    done = build(
        "qwen-code", code_hub(), ImportRequest(name="c", like="qwen-code"), into=tmp_path / "t", judged=file
    )
    assert set(done.imported.subsets) == {"easy", "medium", "medium-hard", "hard", "very-hard"}
    assert not done.imported.warnings
    unjudged = proposals_file(tmp_path / "unjudged.jsonl", [{"question": "a", "choice": "b"}])
    with pytest.raises(BadTestbed, match=r"unjudged.jsonl, line 1, field correct"):
        build("qwen-code", code_hub(), ImportRequest(name="d"), into=tmp_path / "t", judged=unjudged)


def test_what_a_source_lacks_is_said_before_anything_is_fetched(tmp_path: Path) -> None:
    def nobody(_: Source) -> Iterable[Row]:
        raise AssertionError("the hub was asked")

    for name, wish in (("qwen-math", "--model MODEL"), ("qwen-code", "correct")):
        with pytest.raises(Unavailable, match=wish):
            build(name, nobody, ImportRequest(name=name), into=tmp_path)
    with pytest.raises(NotFound, match="did you mean qwen-chat"):
        build("qwen-cat", nobody, ImportRequest(), into=tmp_path)
    assert not list(tmp_path.iterdir())


def test_a_source_that_changed_its_columns_is_named(tmp_path: Path) -> None:
    hub = chat_hub()
    hub.rows["RM_Bench"] = [{"prompt": "a", "chosen": ["b"], "rejects": ["c"], "domain": "chat"}]
    with pytest.raises(BadTestbed, match=r"THU-KEG/RM-Bench, line 1, field rejected"):
        build("qwen-chat", hub, ImportRequest(name="x"), into=tmp_path)
    hub.rows["RM_Bench"] = [{"prompt": "a", "chosen": "b", "rejected": ["c"], "domain": "chat"}]
    with pytest.raises(BadTestbed, match="holds a str"):
        build("qwen-chat", hub, ImportRequest(name="x"), into=tmp_path)
    assert not list(tmp_path.iterdir())


def test_items_are_scaled_down_evenly_where_there_are_too_few() -> None:
    pool = chat.collect(chat_hub(200))
    sizes = Sizes(100, 300, 100)
    files = assemble(pool, sizes, seed=0)
    near = len(pool.near)
    assert len(files["train_label.jsonl"]) == pytest.approx(near * 100 / 450, abs=2)
    assert len(files["train_unlabel.jsonl"]) == pytest.approx(near * 300 / 450, abs=3)
    assert sum(item in pool.far for item in files["test.jsonl"]) == 50
    texts = [item.question for items in files.values() for item in items]
    assert len(texts) == len(set(texts))
    assert assemble(ItemPool(near=pool.near[::-1], far=pool.far[::-1]), sizes, seed=0).keys() == files.keys()


def test_a_model_that_the_user_names_writes_proposals_and_goes_on_where_it_stopped(
    tiny_checkpoint: Path, tmp_path: Path
) -> None:
    path = tmp_path / "proposals.jsonl"
    asked = ["what colour is the sky", "what colour is the grass"]

    def write(questions: list[str]) -> list[Proposal]:
        write_with_model(questions, str(tiny_checkpoint), path, per_question=2, seed=0, max_new_tokens=5)
        return read(path, judged=False)

    first = write(asked[:1])
    both = write(asked)
    assert both[: len(first)] == first
    assert {one.question for one in both} == set(asked)
    assert write(asked) == both
    with pytest.raises(Unavailable, match="cannot load a model"):
        write_with_model(asked, str(tmp_path / "no"), path, per_question=1, seed=0)
    assert Generator("m", path).per_question == 8
    assert Built.__dataclass_fields__.keys() == {"imported", "skipped"}


LINES = [json.dumps({"question": question, "choice": "so so"}) for question in ("what", "why", "how")]
INTERRUPTED = {
    "the last 20 bytes are cut off": ("\n".join(LINES)[:-20], 2),
    "cut off, with a line end": ("\n".join(LINES)[:-20] + "\n", 2),
    "zero bytes after a power cut": ("\n".join(LINES[:2]) + "\n" + "\0" * 40, 2),
    "no line end": ("\n".join(LINES), 3),
    "a blank last line": ("\n".join(LINES) + "\n\n", 3),
    "line ends of Windows": ("\r\n".join(LINES) + "\r\n", 3),
    "one torn line alone": (LINES[0][:10], 0),
    "nothing": ("", 0),
}


@pytest.mark.parametrize("what", INTERRUPTED)
def test_an_interrupted_file_of_proposals_goes_on(what: str, tiny_checkpoint: Path, tmp_path: Path) -> None:
    content, whole = INTERRUPTED[what]
    path = tmp_path / "kept" / "proposals.jsonl"
    path.parent.mkdir()
    path.write_bytes(content.encode())
    write_with_model(
        ["what", "why", "how"], str(tiny_checkpoint), path, per_question=1, seed=0, max_new_tokens=3
    )
    lines = path.read_text().splitlines()
    assert lines[:whole] == LINES[:whole]
    assert [one.question for one in read(path, judged=False)] == ["what", "why", "how"]


def test_what_is_torn_elsewhere_is_named_and_nothing_is_lost(tmp_path: Path) -> None:
    path = tmp_path / "proposals.jsonl"
    content = f"{LINES[0]}\n{LINES[1][:-9]}\n{LINES[2]}\n"
    path.write_text(content)
    with pytest.raises(BadTestbed, match=r"proposals.jsonl, line 2: is not JSON"):
        write_with_model(["what"], str(tmp_path / "no model"), path, per_question=1, seed=0)
    assert path.read_text() == content
    path.write_text(f"{LINES[0]}\n{LINES[1]}\n\n\n")
    assert len(read(path, judged=False)) == 2
    path.write_text(f"{LINES[0]}\n\n{LINES[1]}\n")
    with pytest.raises(BadTestbed, match="line 2: is blank"):
        read(path, judged=False)
    with pytest.raises(Unavailable, match="--keep"):
        write_with_model(["what"], "m", tmp_path / "proposals.jsonl" / "x", per_question=1, seed=0)


def test_a_chat_template_writes_its_special_tokens_once(tiny_checkpoint: Path) -> None:
    from transformers import AutoTokenizer

    from w2s.testbeds.real.sources.proposals import _asked

    tokenizer = AutoTokenizer.from_pretrained(tiny_checkpoint)
    tokenizer.chat_template = "{{ bos_token }}{% for m in messages %}{{ m['content'] }}{% endfor %}"
    tokenizer.bos_token = tokenizer.bos_token or tokenizer.convert_ids_to_tokens(0)
    plain = tokenizer.bos_token_id
    assert _asked(tokenizer, "why").count(plain) == 1
