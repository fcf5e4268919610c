"""The bench in this process: the same contract as in the lab, with texts to read."""

from __future__ import annotations

import hashlib
import math
from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING, Any, Literal

import numpy as np
import numpy.typing as npt

from w2s.bench.contract import FloatStates, student_seed
from w2s.bounds import LOGGED_DIGITS, LOGGED_NAMES, STUDENTS, TEMPLATES
from w2s.errors import BadTargets, TooMuch, WrongIds
from w2s.records import (
    Example,
    FloatArray,
    IntArray,
    ItemKind,
    Items,
    Predictions,
    Recipe,
    Split,
    WeakLabels,
)

if TYPE_CHECKING:
    from w2s.models import BaseModel, Prompting, TextStudent
    from w2s.testbeds import Testbed


class LocalBench:
    """A bench in this process: the same contract as in the lab, with `items.text(i)` to read.

        bench = LocalBench.from_split(testbed, split, soft_labels, seed=0)
        predictions = w2s.methods.load("vanilla")(bench)

    It keeps the lab's bounds on templates, students and logged numbers, so that what runs here runs there;
    the lab's checks on time and requests are not made.
    """

    def __init__(
        self,
        *,
        strong: BaseModel,
        weak: BaseModel,
        prompting: Prompting,
        kind: ItemKind,
        recipe: Recipe,
        weak_recipe: Recipe,
        unlabelled: Sequence[Example],
        test: Sequence[Example],
        supervisors: Sequence[FloatArray],
        seed: int,
    ) -> None:
        self.seed, self.recipe, self.labels = seed, recipe, prompting.labels
        self.kind: str = kind
        self.rng = np.random.default_rng(seed)
        self.layers = strong.layers
        self.supervisors = [_soft_labels(soft, len(unlabelled)) for soft in supervisors]
        if not self.supervisors:
            raise BadTargets("no weak labels; give the soft labels of at least one supervisor")
        self.weak = self.supervisors[0]
        self.logged: dict[str, float] = {}
        self._models: dict[str, tuple[BaseModel, Recipe]] = {
            "strong": (strong, recipe),
            "weak": (weak, weak_recipe),
        }
        self._prompting = prompting
        handles = _Handles([*unlabelled, *test], strong, prompting.template)
        self.unlabelled = handles.items(slice(0, len(unlabelled)))
        self.test = handles.items(slice(len(unlabelled), None))
        self._examples = {int(i): e for i, e in zip(handles.ids, handles.examples, strict=True)}
        self._trainable = frozenset(int(i) for i in self.unlabelled.ids)
        self._asked: set[tuple[str | None, tuple[str, ...] | None]] = set()
        self._made = 0

    @classmethod
    def from_split(
        cls,
        testbed: Testbed,
        split: Split,
        soft_labels: npt.ArrayLike | Sequence[npt.ArrayLike],
        *,
        seed: int,
    ) -> LocalBench:
        """The bench of `split` with the `soft_labels` [n] of one supervisor, or those of several [s, n]."""
        from w2s.models import Prompting, load_model

        world = testbed.worlds[split.world]
        return cls(
            strong=load_model(world.strong),
            weak=load_model(world.weak),
            prompting=Prompting.of(testbed),
            kind=testbed.kind,
            recipe=testbed.recipe,
            weak_recipe=testbed.weak_recipe,
            unlabelled=split.unlabelled,
            test=split.test,
            supervisors=list(np.atleast_2d(np.asarray(soft_labels, dtype=np.float64))),
            seed=seed,
        )

    def strong(self) -> LocalStudent:
        """A new student: the strong model, not yet fine-tuned."""
        return self._student("strong")

    def weak_model(self) -> LocalStudent:
        """A new student from the weak model, not yet fine-tuned."""
        return self._student("weak")

    def log(self, **numbers: float) -> None:
        """Keep numbers in `logged`; `TooMuch` for more than 32 names."""
        names = self.logged.keys() | numbers.keys()
        if len(names) > LOGGED_NAMES:
            raise TooMuch(f"{len(names)} logged names in one run; at most {LOGGED_NAMES} are allowed")
        self.logged |= {name: rounded(float(value)) for name, value in numbers.items()}

    def _student(self, which: Literal["strong", "weak"]) -> LocalStudent:
        from w2s.models import TextStudent

        base, recipe = self._models[which]
        seed = student_seed(self.seed, self._take_number())
        return LocalStudent(self, TextStudent(base, self._prompting, recipe, seed))

    def _take_number(self) -> int:
        if self._made >= STUDENTS:
            raise TooMuch(f"more than {STUDENTS} students in one run")
        self._made += 1
        return self._made - 1

    def _chosen(self, items: Items, *, trained_on: bool = False) -> list[Example]:
        if not isinstance(items, Items):
            raise WrongIds(
                f"items is a {type(items).__name__}; give bench.unlabelled, bench.test or a part of them"
            )
        if not len(items):
            raise WrongIds("no items in the request; choose at least one")
        ids = items.ids.tolist()
        unknown = [i for i in ids if i not in self._examples]
        if unknown:
            raise WrongIds(f"{len(unknown)} of {len(ids)} items are not of this run, e.g. {unknown[0]}")
        if trained_on and not self._trainable.issuperset(ids):
            raise WrongIds("test items cannot be trained on; fine-tune on bench.unlabelled or a part of it")
        return [self._examples[i] for i in ids]

    def _template(self, template: str | None, labels: Sequence[str] | None = None) -> str | None:
        asked = (template, None if labels is None else tuple(labels))
        if asked != (None, None) and asked not in self._asked:
            if len(self._asked) >= TEMPLATES:
                raise TooMuch(
                    f"more than {TEMPLATES} different templates in one run: each pair of labels counts"
                )
            self._asked.add(asked)
        return template


class LocalStudent:
    """A student in this process; see `Student` for what each call means."""

    def __init__(self, bench: LocalBench, student: TextStudent) -> None:
        self._bench, self._text = bench, student

    def finetune(
        self,
        items: Items,
        targets: npt.ArrayLike,
        *,
        weights: npt.ArrayLike | None = None,
        loss: Callable[[Any], Any] | None = None,
        epochs: int | None = None,
        learning_rate: float | None = None,
        order: npt.ArrayLike | None = None,
    ) -> None:
        """Train on `items` with `targets` in [0, 1] (the probability of class 1), [n]."""
        self._text.finetune(
            self._bench._chosen(items, trained_on=True),
            items.flipped,
            targets,
            weights=weights,
            loss=loss,
            epochs=epochs,
            learning_rate=learning_rate,
            order=order,
        )

    def predict(self, items: Items) -> Predictions:
        """Probability of class 1 of each item, in the order in which it is shown."""
        return Predictions(items, self._text.predict(self._bench._chosen(items), items.flipped))

    def zero_shot(
        self, items: Items, *, template: str | None = None, labels: tuple[str, str] | None = None
    ) -> FloatArray:
        """Log-odds of class 1 under a question of your own, [n]; the testbed's if `template` is None."""
        chosen, prompt = self._bench._chosen(items), self._bench._template(template, labels)
        return self._text.zero_shot(chosen, items.flipped, template=prompt, labels=labels)

    def likelihood(self, items: Items) -> FloatArray:
        """Mean log-probability of the proposed answer (for pairs: first minus second), [n]."""
        return self._text.likelihood(self._bench._chosen(items), items.flipped)

    def hidden_states(self, items: Items, layer: int, *, template: str | None = None) -> FloatStates:
        """Residual stream at the label position after block `layer` (1 is the first), float32 [n, hidden]."""
        chosen, prompt = self._bench._chosen(items), self._bench._template(template)
        return self._text.hidden_states(chosen, items.flipped, layer, template=prompt)

    def generate(self, items: Items, template: str, *, into: str) -> None:
        """Let the student write a field that templates of this student may name as {`into`}."""
        self._bench._template(template)
        self._text.generate(self._bench._chosen(items), items.flipped, template, into=into)

    def perturb(self, seed: int, scale: float) -> None:
        """Move the trained parameters by `scale` along the direction that `seed` names."""
        self._text.perturb(seed, scale)

    def step(self, direction_weights: Mapping[int, float]) -> None:
        """Move along several seeded directions at once, each by its weight."""
        self._text.step(direction_weights)

    def copy(self) -> LocalStudent:
        """A second student in the same state; they part from here."""
        self._bench._take_number()
        return LocalStudent(self._bench, self._text.copy())


class _Handles:
    """Ids, codes, lengths and texts of `examples`, parallel to them."""

    def __init__(self, examples: Sequence[Example], model: BaseModel, template: str) -> None:
        self.examples = examples
        digests = [hashlib.sha256(e.id.encode()).digest() for e in examples]
        self.ids = np.array([int.from_bytes(digest[:8], "big") for digest in digests], dtype=np.uint64)
        if len(set(self.ids.tolist())) != len(examples):
            raise WrongIds("an example is in the split more than once; give each its own id")
        self._lengths: IntArray = np.array([model.length(template, e) for e in examples], dtype=np.int64)
        self._groups = _codes([e.group for e in examples])
        self._answers = None
        if any(e.answer is not None for e in examples):
            self._answers = _codes([f"{e.group}\0{e.answer}" for e in examples])
        self._texts = {int(i): item_text(e) for i, e in zip(self.ids, examples, strict=True)}

    def items(self, part: slice) -> Items:
        return Items(
            ids=self.ids[part],
            group=self._groups[part],
            length=self._lengths[part],
            answer=None if self._answers is None else self._answers[part],
            texts=self._texts,
        )


def item_text(example: Example) -> str:
    """An item as it is shown to a reader: one line a field."""
    return "\n".join(f"{name}: {value}" for name, value in example.fields.items())


def rounded(number: float) -> float:
    """A logged number: 3 significant digits.

    >>> rounded(0.123456)
    0.123
    """
    return float(f"{number:.{LOGGED_DIGITS}g}") if math.isfinite(number) else number


def _codes(names: Sequence[str]) -> IntArray:
    codes: dict[str, int] = {}
    return np.array([codes.setdefault(name, len(codes)) for name in names], dtype=np.int64)


def _soft_labels(soft: npt.ArrayLike, n: int) -> WeakLabels:
    values = np.asarray(soft, dtype=np.float64)
    if values.shape != (n,):
        raise BadTargets(f"soft labels of shape {values.shape} for {n} unlabelled items; give one for each")
    if not np.isfinite(values).all() or (values < 0).any() or (values > 1).any():
        raise BadTargets("soft labels are probabilities of class 1, from 0 to 1")
    return WeakLabels(values)
