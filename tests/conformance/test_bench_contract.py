"""Every bench accepts and refuses the same calls in the same words, and answers with arrays of the same kind."""

from decimal import Decimal

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from student_lab import TEST, UNLABELLED
from three_benches import StudentService, fake_bench, local_bench, of_the_model, outcomes

from w2s import bounds
from w2s.records import Items, Predictions

N = 4


@pytest.fixture(scope="module")
def service(tmp_path_factory):
    service = StudentService(tmp_path_factory.mktemp("conformance") / "service")
    yield service
    service.close()


@pytest.fixture(scope="module")
def compare(service):
    local = local_bench()

    def compared(method):
        """What all three benches do with the calls of `method`; fails where they differ."""
        fresh = local_bench_like(local)
        here = outcomes(fresh, method)
        with service.bench() as remote:
            there = outcomes(remote, method)
        without_model = outcomes(fake_bench(local.layers), method)
        assert there == here
        for fake, real in zip(without_model, here, strict=True):
            if of_the_model(real):
                return here  # what follows may depend on it
            assert fake == real
        return here

    return compared


def local_bench_like(bench):
    """A new run on the models that `bench` has loaded."""
    strong, recipe = bench._models["strong"]
    weak, weak_recipe = bench._models["weak"]
    n = len(bench.unlabelled)
    return type(bench)(
        strong=strong,
        weak=weak,
        prompting=bench._prompting,
        kind=bench.kind,
        recipe=recipe,
        weak_recipe=weak_recipe,
        unlabelled=bench._examples[:n],
        test=bench._examples[n:],
        supervisors=[labels.soft for labels in bench.supervisors],
        seed=7,
        log_names=("loss", "share"),
    )


def strange(items):
    """Items of no run."""
    return Items(items.ids ^ np.uint64(2**63 + 1), items.group, items.length)


def broken_loss(batch):
    raise KeyError("mine")


def teach(*targets, **options):
    return lambda b, s: s.finetune(b.unlabelled[:N], targets[0] if targets else np.ones(N), **options)


def many_names(b, s):
    b.log(**{f"n{k}": 1.0 for k in range(33)})


CALLS = {
    "weights above a million": ("BadTargets", teach(weights=[1e6, 1e6 + 1, 1, 1])),
    "weights of a million": (None, teach(weights=[1e6, 0, 1, 1], epochs=1)),
    "weights whose mean is no number": ("BadTargets", teach(weights=[5e-324, 0, 0, 0])),
    "weights of 0": ("BadTargets", teach(weights=np.zeros(N))),
    "weights below 0": ("BadTargets", teach(weights=-np.ones(N))),
    "weights that are NaN": ("BadTargets", teach(weights=[1, np.nan, 1, 1])),
    "targets in two dimensions": ("BadTargets", teach(np.ones((N, 1)))),
    "one target for all": ("BadTargets", teach(1.0)),
    "targets as words": ("BadTargets", teach(["a"] * N)),
    "targets as booleans in a list": (None, teach([True, False, True, False], epochs=1)),
    "targets below 0": ("BadTargets", teach([-1e-9, 0, 0, 0])),
    "too few targets": ("BadTargets", teach(np.ones(N - 1))),
    "an order of fractions": ("BadTargets", teach(order=[0.2, 1.1, 2.9, 3.0])),
    "an order of whole floats": (None, teach(order=[3.0, 2.0, 1.0, 0.0], epochs=1)),
    "an order beyond every integer": ("BadTargets", teach(order=[0, 1, 2, 2**70])),
    "no epoch": ("TooMuch", teach(epochs=0)),
    "two and a half epochs": ("BadTargets", teach(epochs=2.5)),
    "epochs as a word": ("BadTargets", teach(epochs="three")),
    "epochs as numpy's integer": (None, teach(epochs=np.int64(1))),
    "more epochs than any integer": ("TooMuch", teach(epochs=10**30)),
    "a learning rate that is NaN": ("BadTargets", teach(learning_rate=np.nan)),
    "a learning rate above 1": ("BadTargets", teach(learning_rate=1.5)),
    "a learning rate as a list": ("BadTargets", teach(learning_rate=[0.1, 0.2])),
    "a loss that is no function": ("BadTargets", teach(loss=3)),
    "a loss that gives no number": ("BadTargets", teach(loss=lambda batch: 1.0)),
    "a loss that is NaN": ("BadTargets", teach(loss=lambda batch: batch.logits.sum() * np.nan)),
    "a loss that raises": ("KeyError", teach(loss=broken_loss)),
    "a custom loss": (None, teach(loss=lambda batch: (batch.logits - batch.targets).square().mean())),
    "test items as training data": ("WrongIds", lambda b, s: s.finetune(b.test, np.ones(TEST))),
    "items as a list": ("WrongIds", lambda b, s: s.predict([1, 2])),
    "items of another run": ("WrongIds", lambda b, s: s.predict(strange(b.test))),
    "no items": ("WrongIds", lambda b, s: s.likelihood(b.test[[]])),
    "items in two dimensions": ("WrongIds", lambda b, s: s.predict(b.test[np.array([[0, 1]])])),
    "ids that are floats": ("WrongIds", lambda b, s: s.predict(Items(np.ones(2), np.ones(2), np.ones(2)))),
    "too many items": ("TooMuch", lambda b, s: s.predict(b.test[np.zeros(20_000, dtype=int)])),
    "the same item twice": (None, lambda b, s: s.predict(b.test[[0, 0]])),
    "swapped pairs": (None, lambda b, s: s.likelihood(b.test[:N].swapped())),
    "a scale above 100": ("BadTargets", lambda b, s: s.perturb(1, 100.5)),
    "a scale of 100": (None, lambda b, s: s.perturb(1, -100)),
    "a scale that is infinite": ("BadTargets", lambda b, s: s.perturb(1, np.inf)),
    "a scale that is NaN": ("BadTargets", lambda b, s: s.step({1: np.nan})),
    "a negative seed": ("BadTargets", lambda b, s: s.step({-1: 1.0})),
    "a seed above 63 bits": ("BadTargets", lambda b, s: s.step({2**63: 1.0})),
    "a seed far above 64 bits": ("BadTargets", lambda b, s: s.perturb(2**200, 1.0)),
    "the largest seed": (None, lambda b, s: s.perturb(2**63 - 1, 0.01)),
    "a seed that is a fraction": ("BadTargets", lambda b, s: s.perturb(1.5, 0.01)),
    "a seed that is a word": ("BadTargets", lambda b, s: s.step({"a": 0.01})),
    "a step without directions": (None, lambda b, s: s.step({})),
    "directions as a list": ("BadTargets", lambda b, s: s.step([1, 2])),
    "too many directions": ("TooMuch", lambda b, s: s.step(dict.fromkeys(range(1025), 0.0))),
    "a template that is a number": ("BadTemplate", lambda b, s: s.zero_shot(b.test, template=3)),
    "a template that is empty": ("BadTemplate", lambda b, s: s.zero_shot(b.test, template="")),
    "a template of 301 characters": ("BadTemplate", lambda b, s: s.zero_shot(b.test, template="x" * 301)),
    "a template with a lone surrogate": ("BadTemplate", lambda b, s: s.zero_shot(b.test, template="\ud800")),
    "an unknown field": ("BadTemplate", lambda b, s: s.zero_shot(b.test, template="{truth} is")),
    "a field by its place": ("BadTemplate", lambda b, s: s.zero_shot(b.test, template="{} {0}")),
    "a field that is formatted": ("BadTemplate", lambda b, s: s.zero_shot(b.test, template="{prompt!r}")),
    "a brace that is open": ("BadTemplate", lambda b, s: s.zero_shot(b.test, template="{prompt")),
    "labels that are equal": ("BadTemplate", lambda b, s: s.zero_shot(b.test, labels=("A", "A"))),
    "labels that are numbers": ("BadTemplate", lambda b, s: s.zero_shot(b.test, labels=(1, 2))),
    "three labels": ("BadTemplate", lambda b, s: s.zero_shot(b.test, labels=["A", "B", "C"])),
    "labels that are no list": ("BadTemplate", lambda b, s: s.zero_shot(b.test, labels=3)),
    "a label of 21 characters": ("BadTemplate", lambda b, s: s.zero_shot(b.test, labels=("A", "b" * 21))),
    "labels with a lone surrogate": ("BadTemplate", lambda b, s: s.zero_shot(b.test, labels=("A", "\ud800"))),
    "layer 0": ("BadTemplate", lambda b, s: s.hidden_states(b.test, 0)),
    "a layer too many": ("BadTemplate", lambda b, s: s.hidden_states(b.test, b.layers + 1)),
    "half a layer": ("BadTargets", lambda b, s: s.hidden_states(b.test, 1.5)),
    "the last layer": (None, lambda b, s: s.hidden_states(b.test, b.layers)),
    "a generated field of capitals": ("BadTemplate", lambda b, s: s.generate(b.test, "{prompt}", into="Aa")),
    "a generated field that is an item's": (
        "BadTemplate",
        lambda b, s: s.generate(b.test, "{prompt}", into="first"),
    ),
    "a generated field without a name": (
        "BadTemplate",
        lambda b, s: s.generate(b.test, "{prompt}", into=None),
    ),
    "generation without a template": ("BadTemplate", lambda b, s: s.generate(b.test, None, into="draft")),
    "a logged word": ("BadMethod", lambda b, s: b.log(loss="high")),
    "a logged name outside the source": ("TooMuch", lambda b, s: b.log(message=1.0)),
    "a logged name with a lone surrogate": ("TooMuch", lambda b, s: b.log(**{"\ud800": 1.0})),
    "33 logged names": ("TooMuch", many_names),
    "logged numbers of every kind": (
        None,
        lambda b, s: b.log(loss=np.float32(0.5), share=float("nan")) or b.log(loss=True, share=10**400),
    ),
    "predictions that are an array": ("BadPredictions", lambda b, s: b.finish(np.ones(TEST))),
    "predictions that miss an item": (
        "WrongIds",
        lambda b, s: b.finish(Predictions(b.test[1:], np.ones(TEST - 1))),
    ),
    "an item predicted twice": (
        "WrongIds",
        lambda b, s: b.finish(Predictions(b.test[np.r_[0, 0 : TEST - 1]], np.ones(TEST))),
    ),
    "predictions of unlabelled items": (
        "WrongIds",
        lambda b, s: b.finish(Predictions(b.unlabelled, np.ones(UNLABELLED))),
    ),
    "no predictions": ("WrongIds", lambda b, s: b.finish(Predictions(b.test[[]], np.zeros(0)))),
}


@pytest.mark.parametrize("what", CALLS)
def test_a_call_is_accepted_by_every_bench_or_refused_by_every_bench(compare, what):
    error, call = CALLS[what]

    def method(bench):
        student = bench.strong()
        yield lambda: call(bench, student)
        yield lambda: student.predict(bench.test[:1])

    (outcome, after) = compare(method)
    assert (outcome[1] if outcome[0] == "refused" else None) == error
    failed_half_way = what in ("a loss that gives no number", "a loss that is NaN", "a loss that raises")
    assert after[:2] == (("refused", "NotFound") if failed_half_way else ("answered", "float64"))


def test_answers_have_the_same_shapes_and_types_everywhere(compare):
    def method(bench):
        for name in ("unlabelled", "test"):
            for part in ("ids", "group", "length", "flipped"):
                yield lambda name=name, part=part: getattr(getattr(bench, name), part)
        yield lambda: bench.weak.soft
        yield lambda: bench.weak.hard
        yield lambda: bench.kind
        student = bench.strong()
        yield lambda: student.predict(bench.test)
        yield lambda: student.zero_shot(bench.test)
        yield lambda: student.likelihood(bench.test)
        yield lambda: student.hidden_states(bench.test, 1)
        yield lambda: student.copy().predict(bench.unlabelled)
        yield lambda: bench.weak_model().predict(bench.unlabelled.swapped())

    assert "refused" not in {outcome[0] for outcome in compare(method)}


def test_templates_students_and_generated_fields_are_counted_alike(compare):
    def method(bench):
        student = bench.strong()
        one = bench.test[:1]
        for k in range(10):
            yield lambda k=k: student.generate(one, "{prompt}", into="abcdefghij"[k])
        yield lambda: student.zero_shot(one, template="{a} {prompt}")
        yield lambda: student.zero_shot(bench.test, template="{a} {prompt}")
        yield lambda: student.copy().zero_shot(one, template="{a} {prompt}")
        for k in range(16):
            yield lambda k=k: student.zero_shot(one, template=f"{k} {{truth}}")
        for _ in range(32):
            yield lambda: bench.weak_model() and None

    refusals = [outcome[1] for outcome in compare(method) if outcome[0] == "refused"]
    assert refusals.count("TooMuch") == 2 + 2 + 2  # fields j and i, two templates, two students


def test_requests_are_counted_alike(compare):
    def method(bench):
        student = bench.strong()
        for _ in range(bounds.REQUESTS):
            yield lambda: student.step({})

    refused = [k for k, outcome in enumerate(compare(method)) if outcome[0] == "refused"]
    assert refused == list(range(bounds.REQUESTS - 2, bounds.REQUESTS))


numbers = (
    st.floats()
    | st.integers(-3, 25)
    | st.integers()
    | st.booleans()
    | st.none()
    | st.sampled_from(
        [
            np.float32(0.5),
            np.int64(2),
            1e6,
            1e6 + 1,
            100,
            -100.5,
            2**63,
            10**400,
            "1",
            "x",
            1j,
            Decimal("0.5"),
            [1],
            [],
        ]
    )
)
values = (
    st.sampled_from([0.0, 1.0, 0.5, 1e6, 1e6 + 1, 1e-7, 5e-324, -0.0, -1.0, np.nan, np.inf, 2, True])
    | st.floats()
)
vectors = st.builds(
    lambda entries, kind: {
        "list": lambda: entries,
        "tuple": lambda: tuple(entries),
        "array": lambda: np.array(entries, dtype=float),
        "single": lambda: np.array(entries, dtype=np.float32),
        "objects": lambda: np.array(entries, dtype=object),
        "words": lambda: [str(entry) for entry in entries],
        "column": lambda: np.array(entries, dtype=float)[:, None],
        "booleans": lambda: np.array(entries) > 0,
    }[kind](),
    st.lists(values, min_size=N, max_size=N) | st.lists(values, max_size=N + 1),
    st.sampled_from(["list", "tuple", "array", "single", "objects", "words", "column", "booleans"]),
)
orders = st.permutations(range(N)) | st.permutations([float(k) for k in range(N)]) | vectors
choices = st.sampled_from(
    [
        lambda b: b.unlabelled[:N],
        lambda b: b.unlabelled[[0, 0, 1, 1]],
        lambda b: b.unlabelled[:N].swapped(),
        lambda b: b.test[:N],
        lambda b: b.test[:0],
        lambda b: b.test[np.zeros(bounds.ITEMS_PER_CALL + 1, dtype=int)],
        lambda b: b.test[np.array([[0, 1]])],
        lambda b: strange(b.unlabelled[:N]),
        lambda b: Items(b.test.ids[:N].astype(np.float64), b.test.group[:N], b.test.length[:N]),
        lambda b: Items(-np.arange(N), b.test.group[:N], b.test.length[:N]),
        lambda b: b.test.ids[:N],
        lambda b: None,
    ]
)
templates = st.sampled_from(
    [
        None,
        "{prompt} {first} {second}",
        "{draft} {prompt}",
        "{prompt",
        "{0}",
        "{prompt!s}",
        "}",
        "",
        "\ud800",
        7,
        b"x",
    ]
) | st.lists(
    st.sampled_from(["{prompt}", "{truth}", "{{", "}", "{first:>3}", "is it", "é", "\0", "x" * 150]),
    max_size=4,
).map(" ".join)
labels = st.sampled_from(
    [None, ("A", "B"), ["A", "A"], "AB", "A", (), ("A", 1), ("", "B"), ("A", "x" * 21), 5, {"A": 1}]
)
options = st.fixed_dictionaries(
    {},
    optional={
        "weights": vectors,
        "epochs": st.integers(-1, 2) | numbers,
        "learning_rate": numbers,
        "order": orders,
    },
)


def cheap(options):
    """Options that do not train for long."""
    epochs = options.get("epochs", 1)
    if isinstance(epochs, (int, float, Decimal)) and 2 < epochs <= bounds.EPOCHS:
        return {**options, "epochs": 2}
    return {"epochs": 1, **options}


calls = st.one_of(
    st.builds(
        lambda items, targets, more: lambda b, s: s.finetune(items(b), targets, **cheap(more)),
        choices,
        vectors,
        options,
    ),
    st.builds(lambda more: lambda b, s: s.finetune(b.unlabelled[:N], np.ones(N), **cheap(more)), options),
    st.builds(lambda items: lambda b, s: s.predict(items(b)), choices),
    st.builds(lambda items: lambda b, s: s.likelihood(items(b)), choices),
    st.builds(
        lambda text, words: lambda b, s: s.zero_shot(b.test[:N], template=text, labels=words),
        templates,
        labels,
    ),
    st.builds(
        lambda items, layer, t: lambda b, s: s.hidden_states(items(b), layer, template=t),
        choices,
        numbers,
        templates,
    ),
    st.builds(
        lambda t, name: lambda b, s: s.generate(b.test[:2], t, into=name),
        templates,
        st.sampled_from(["draft", "first", "Draft", "a" * 20, "a" * 21, "é", "", 3, None, "class"]),
    ),
    st.builds(lambda seed, scale: lambda b, s: s.perturb(seed, scale), numbers, numbers),
    st.builds(
        lambda seeds, scale: lambda b, s: s.step(dict.fromkeys(seeds, scale)),
        st.lists(
            st.integers(-1, 2**63) | st.floats(allow_nan=False) | st.booleans() | st.text(max_size=2),
            max_size=4,
        ),
        numbers,
    ),
    st.builds(
        lambda given: lambda b, s: b.log(**given),
        st.dictionaries(st.sampled_from(["loss", "share"]) | st.text(max_size=50), numbers, max_size=3),
    ),
    st.just(lambda b, s: b.strong() and None),
)


@settings(max_examples=150, suppress_health_check=list(HealthCheck))
@given(st.lists(calls, min_size=1, max_size=6))
def test_no_sequence_of_calls_tells_the_benches_apart(compare, sequence):
    def method(bench):
        student = bench.strong()
        for call in sequence:
            yield lambda call=call: call(bench, student)

    compare(method)
