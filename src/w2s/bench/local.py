"""The bench in this process: the same contract as in the lab, with texts to read."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Collection, Mapping, Sequence
from typing import TYPE_CHECKING, Any, Literal, cast

import numpy as np
import numpy.typing as npt

from w2s import contract
from w2s.bench.basis import Bases, Basis, InBasis, Layer
from w2s.bench.checked import Asked, CheckedStudent
from w2s.bench.directions import in_run
from w2s.bench.protocol import student_seed
from w2s.contract import RunIds, Training, Usage
from w2s.errors import BadTargets, WrongIds
from w2s.records import (
    BoolArray,
    Example,
    FloatArray,
    IdArray,
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
    from w2s.models.losses import Gradient
    from w2s.testbeds import Testbed


class LocalBench:
    """A bench in this process: the same contract as in the lab, with `items.text(i)` to read.

        bench = LocalBench.from_split(testbed, split, soft_labels, seed=0)
        predictions = w2s.methods.load("vanilla")(bench)

    It keeps the contract that the lab keeps (`w2s.contract`), so that what runs here runs there. Not kept here: the
    limits on time and memory, and that texts are withheld. `log_names` are the names that stand in the method's
    source (`w2s.contract.log_names`); without them any 32 names may be logged.
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
        log_names: Collection[str] | None = None,
    ) -> None:
        self.seed, self.recipe, self.labels = seed, recipe, prompting.labels
        self.kind: str = kind
        self.rng = np.random.default_rng(seed)
        self.layers = strong.layers
        self.supervisors = [_soft_labels(soft, len(unlabelled)) for soft in supervisors]
        if not self.supervisors:
            raise BadTargets("no weak labels; give the soft labels of at least one supervisor")
        self.weak = self.supervisors[0]
        self._models: dict[str, tuple[BaseModel, Recipe]] = {
            "strong": (strong, recipe),
            "weak": (weak, weak_recipe),
        }
        self._secret = f"local bench {seed}".encode()  # in the lab it is one
        self._bases = Bases(self._secret)
        self._prompting = prompting
        handles = _Handles([*unlabelled, *test], strong, prompting.template)
        self.unlabelled = handles.items(slice(0, len(unlabelled)))
        self.test = handles.items(slice(len(unlabelled), None))
        self._examples = handles.examples
        self._ids = RunIds(self.unlabelled.ids, self.test.ids, pairs=kind == "pair")
        self.usage = Usage(
            fields=contract.fields_of(kind),
            item_texts={text for example in handles.examples for text in example.fields.values()},
            log_names=log_names,
        )
        self.usage.request()  # the lab counts the greeting

    @classmethod
    def from_split(
        cls,
        testbed: Testbed,
        split: Split,
        soft_labels: npt.ArrayLike | Sequence[npt.ArrayLike],
        *,
        seed: int,
        log_names: Collection[str] | None = None,
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
            log_names=log_names,
        )

    def strong(self) -> LocalStudent:
        """A new student: the strong model, not yet fine-tuned."""
        return self._student("strong")

    def weak_model(self) -> LocalStudent:
        """A new student from the weak model, not yet fine-tuned."""
        return self._student("weak")

    def log(self, **numbers: float) -> None:
        """Keep numbers in `logged`, to 3 significant digits; `TooMuch` for more than 32 names."""
        self.usage.request()
        self.usage.log(numbers)

    @property
    def logged(self) -> dict[str, float | None]:
        """Values logged so far, by name; None for a value that is not finite."""
        return dict(self.usage.logged)

    def finish(self, predictions: Predictions) -> FloatArray:
        """Probability of class 1 of each test item, in the order of `test`, [n].

        Raises `BadPredictions` or `WrongIds` where the lab would: unless each test item is predicted exactly once.
        """
        return self._ids.predicted(*contract.handed_in(predictions))

    def _student(self, which: Literal["strong", "weak"]) -> LocalStudent:
        from w2s.models import TextStudent

        self.usage.request()
        base, recipe = self._models[which]
        number = self.usage.student()
        text = TextStudent(base, self._prompting, recipe, student_seed(self.seed, number))
        return LocalStudent(self, text, number, which)

    def _examples_of(self, ids: IdArray, flipped: BoolArray, *, trained_on: bool = False) -> list[Example]:
        return [self._examples[i] for i in self._ids.places(ids, flipped, trained_on=trained_on)]


class LocalStudent(CheckedStudent):
    """A student in this process; see `Student` for what each call means."""

    def __init__(self, bench: LocalBench, student: TextStudent, number: int, which: str) -> None:
        self._bench, self._text, self._number, self._which = bench, student, number, which
        self._generated: set[str] = set()
        self._gone = False

    def copy(self) -> LocalStudent:
        """A second student in the same state; they part from here."""
        usage = self._requested()
        twin = LocalStudent(self._bench, self._text.copy(), usage.student(), self._which)
        twin._generated = set(self._generated)
        return twin

    def _requested(self) -> Usage:
        self._bench.usage.request()
        if self._gone:
            raise contract.gone(self._number)
        return self._bench.usage

    def _train(
        self, ids: IdArray, flipped: BoolArray, training: Training, loss: Callable[[Any], Any] | None
    ) -> None:
        self._requested()
        examples = self._bench._examples_of(ids, flipped, trained_on=True)
        self._gone = True  # half trained if anything below fails: nobody may go on with it
        self._text.finetune(
            examples,
            flipped,
            training.targets,
            weights=training.weights,
            gradient=None if loss is None else self._gradient(loss),
            epochs=training.epochs,
            learning_rate=training.learning_rate,
            order=training.order,
        )
        self._gone = False

    def _gradient(self, loss: Callable[[Any], Any]) -> Gradient:
        from w2s.models.losses import torch_gradient

        gradient = torch_gradient(loss)
        return InBasis(gradient, self._basis("readout")) if gradient.wants_hidden else gradient

    def _basis(self, layer: Layer) -> Basis:
        return self._bench._bases.of(self._which, layer, width=self._text.base.hidden)

    def _ask(
        self,
        op: Asked,
        ids: IdArray,
        flipped: BoolArray,
        *,
        template: str | None = None,
        labels: tuple[str, str] | None = None,
        layer: int | None = None,
    ) -> FloatArray:
        usage = self._requested()
        if layer is not None:
            contract.layer(layer, layers=self._text.base.layers)
            contract.states(len(ids), width=self._text.base.hidden)
        usage.question(template, labels, generated=self._generated)
        examples = self._bench._examples_of(ids, flipped)
        if op == "zero_shot":
            return self._text.zero_shot(examples, flipped, template=template, labels=labels)
        if layer is not None:
            states = self._text.hidden_states(examples, flipped, layer, template=template)
            return cast(FloatArray, self._basis(layer).shown(states))
        return (
            self._text.likelihood(examples, flipped)
            if op == "likelihood"
            else self._text.predict(examples, flipped)
        )

    def _generate(self, ids: IdArray, flipped: BoolArray, template: str, into: str) -> None:
        usage = self._requested()
        examples = self._bench._examples_of(ids, flipped)
        usage.generated(into, already=self._generated)
        usage.question(template, generated=self._generated)
        self._text.generate(examples, flipped, template, into=into)
        self._generated.add(into)

    def _step(self, directions: Mapping[int, float]) -> None:
        self._requested()
        self._text.step(in_run(self._bench._secret, directions))


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
