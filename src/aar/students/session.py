"""One run of one method, from its hello to its predictions: every request checked, every target recorded."""

from __future__ import annotations

import math
import socket
import time
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from aar.run_records import RunEnd, RunError
from aar.students import checks
from aar.students.control import RunReport, RunRequest, cut_message
from aar.students.greeting import greeting
from aar.students.handles import Chosen, Handles
from aar.students.interventions import SWAPPED, intervention
from aar.students.loss import RemoteLoss
from aar.students.served import Served, Students
from aar.students.shelf import Question, Shelf, Which
from aar.students.targets import TargetRecord
from aar.students.training import training
from aar.students.untrained import untrained
from w2s import bounds, contract, wire
from w2s.bench import student_seed
from w2s.bench.basis import Bases, Basis, InBasis, Layer
from w2s.bench.directions import in_run
from w2s.contract import Usage
from w2s.errors import BadTargets, NotFound, W2SError
from w2s.records import FloatArray, Split

Reply = tuple[dict[str, Any], dict[str, wire.Array]]
_REQUEST_BYTES = 32 * 1024 * 1024
_BACKWARD = 3  # a training pass costs about three forward passes


class Session:
    """Serves `sock` until the method has finished, failed, gone away, or sent what is not a request.

    `weak` holds the supervisors' soft labels, each parallel to `split.unlabelled`; `item_texts` are the
    texts of this split, which no template may hold. `interrupted` says that a fine-tune broke off, so that
    nothing of the shelf's models is trusted any more.
    """

    def __init__(
        self,
        sock: socket.socket,
        request: RunRequest,
        *,
        split: Split,
        weak: Sequence[FloatArray],
        shelf: Shelf,
        item_texts: frozenset[str],
    ) -> None:
        self._sock, self._request, self._split, self._weak, self._shelf = sock, request, split, weak, shelf
        self._handles = Handles(
            split,
            request.salt,
            swapped=SWAPPED[request.split],
            intervention=intervention(request.intervention),
        )
        self._bases = Bases(request.salt)
        self._record = TargetRecord(self._handles.n_unlabelled)
        self._students = Students()
        self._usage = Usage(
            fields=self._handles.examples[0].fields, item_texts=item_texts, log_names=request.log_names
        )
        self._started = time.monotonic()
        self.nominal, self.greeted = 0.0, False
        self.interrupted = False
        self._ops: Mapping[str, Callable[[wire.Header, dict[str, wire.Array]], Reply]] = {
            "hello": self._hello,
            "student": self._student,
            "copy": self._copy,
            "finetune": self._finetune,
            "predict": self._predict,
            "zero_shot": self._zero_shot,
            "likelihood": self._likelihood,
            "hidden_states": self._hidden_states,
            "generate": self._generate,
            "step": self._step,
            "log": self._log,
        }

    def serve(self) -> RunReport:
        """Answer requests until the run is over."""
        try:
            while True:
                header, arrays = wire.recv(self._sock, max_bytes=_REQUEST_BYTES)
                report = self._answer(header, arrays)
                if report is not None:
                    return report
        except wire.Closed:
            return self.report("vanished")
        except (wire.WireError, OSError) as error:
            return self.report("bad", error=RunError("BadMethod", message=cut_message(str(error))))

    def report(self, status: Any, *, error: RunError | None = None, **more: Any) -> RunReport:
        """Report of the run's end, with its counts; logged values that are no numbers are left out."""
        end = RunEnd(
            seconds=time.monotonic() - self._started,
            nominal=float(self.nominal),
            error=error,
            logged={name: value for name, value in self._usage.logged.items() if value is not None},
        )
        return RunReport(status=status, end=end, calls=self._usage.requests, greeted=self.greeted, **more)

    def _answer(self, header: wire.Header, arrays: dict[str, wire.Array]) -> RunReport | None:
        op = checks.field(header, "op", str)
        if op == "failed":
            return self._failed(header)
        try:
            if op == "finish":
                return self._finish(arrays)
            if op not in self._ops:
                raise wire.WireError(f"there is no request {op!r}")
            self._usage.request()
            reply, back = self._ops[op](header, arrays)
        except wire.WireError:
            raise
        except W2SError as error:
            refusal = {"ok": False, "error": checks.public_name(type(error)), "message": str(error)}
            wire.send(self._sock, refusal)
            return None
        wire.send(self._sock, {"ok": True, **reply}, back)
        return None

    def _hello(self, header: wire.Header, arrays: dict[str, wire.Array]) -> Reply:
        self.greeted = True
        return greeting(self._request, self._split, self._weak, self._handles, self._shelf)

    def _student(self, header: wire.Header, arrays: dict[str, wire.Array]) -> Reply:
        name = checks.field(header, "which", str)
        if name not in ("strong", "weak"):
            raise NotFound.among("model", name, ("strong", "weak"))
        which: Which = "strong" if name == "strong" else "weak"
        number = self._usage.student()
        seed = student_seed(self._request.student_seed, number)
        student = self._shelf.student(which, self._split.world, seed)
        return self._students.keep(number, Served(student, which)), {}

    def _copy(self, header: wire.Header, arrays: dict[str, wire.Array]) -> Reply:
        served = self._served(header)
        return self._students.keep(self._usage.student(), served.copy()), {}

    def _finetune(self, header: wire.Header, arrays: dict[str, wire.Array]) -> Reply:
        number = checks.field(header, "student", int)
        served = self._served(header)
        chosen = self._chosen(arrays, trained_on=True)
        recipe = self._shelf.recipe(served.which)
        wanted = training(header, arrays, n=len(chosen), recipe=recipe)
        loss: RemoteLoss | InBasis | None = None
        if wanted.custom:
            loss = RemoteLoss(self._sock, wants_hidden=wanted.wants_hidden)
        if loss is not None and wanted.wants_hidden:
            loss = InBasis(loss, self._basis(served.which, "readout"))
        served.frozen = False
        visits = wanted.epochs * len(chosen)
        self.nominal += _BACKWARD * visits
        began = time.monotonic()
        try:
            if loss is None and not self._shelf.trains:
                done = untrained(served.student, recipe, wanted.targets, epochs=wanted.epochs)
            else:
                done = served.student.finetune(
                    self._examples(chosen),
                    chosen.flipped,
                    wanted.targets,
                    weights=wanted.weights,
                    gradient=loss,
                    epochs=wanted.epochs,
                    learning_rate=wanted.learning_rate,
                    order=wanted.order,
                )
        except BadTargets:  # half trained and not recorded: nobody may go on with it
            self._students.drop(number)
            self.interrupted = True
            raise
        self._shelf.paced(served.which, visits, time.monotonic() - began)
        counted = wanted.weights if loss is None else None
        self._record.add(
            chosen, done.by_epoch, counted, student=number, order=wanted.order, effort=wanted.effort
        )
        return {"steps": done.steps, "loss": float(done.loss)}, {}

    def _predict(self, header: wire.Header, arrays: dict[str, wire.Array]) -> Reply:
        return {}, {"probabilities": self._ask(header, arrays, Question("predict"))}

    def _zero_shot(self, header: wire.Header, arrays: dict[str, wire.Array]) -> Reply:
        served = self._served(header)
        labels = contract.labels(checks.field(header, "labels", list)) if "labels" in header else None
        question = Question("zero_shot", template=self._template(header, served, labels), labels=labels)
        return {}, {"logodds": self._ask(header, arrays, question)}

    def _likelihood(self, header: wire.Header, arrays: dict[str, wire.Array]) -> Reply:
        return {}, {"values": self._ask(header, arrays, Question("likelihood"), passes=2)}

    def _hidden_states(self, header: wire.Header, arrays: dict[str, wire.Array]) -> Reply:
        served = self._served(header)
        model = self._shelf.model(served.which, self._split.world)
        layer = contract.layer(checks.field(header, "layer", int), layers=model.layers)
        contract.states(len(checks.vector(arrays, "ids", "u8")), width=model.hidden)
        question = Question("hidden_states", template=self._template(header, served), layer=layer)
        states = self._ask(header, arrays, question)  # from a cache that runs share, so it is turned only now
        return {}, {"states": self._basis(served.which, layer).shown(states)}

    def _generate(self, header: wire.Header, arrays: dict[str, wire.Array]) -> Reply:
        served, chosen = self._served(header), self._chosen(arrays)
        into = contract.generated_name(checks.field(header, "into", str))
        self._usage.generated(into, already=served.fields)
        template = self._template(header, served)
        if template is None:
            raise wire.WireError("generate needs a template")
        served.student.generate(self._examples(chosen), chosen.flipped, template, into=into)
        served.fields.add(into)
        self.nominal += 8 * len(chosen)
        return {}, {}

    def _step(self, header: wire.Header, arrays: dict[str, wire.Array]) -> Reply:
        served = self._served(header)
        seeds, weights = checks.vector(arrays, "seeds", "i8"), checks.vector(arrays, "weights", "f8")
        if len(seeds) != len(weights):
            raise wire.WireError("seeds and weights differ in length")
        directions = contract.directions(dict(zip(seeds.tolist(), weights.tolist(), strict=True)))
        served.student.step(in_run(self._request.salt, directions))
        served.frozen = False
        return {}, {}

    def _log(self, header: wire.Header, arrays: dict[str, wire.Array]) -> Reply:
        numbers = checks.field(header, "numbers", dict)
        if not all(value is None or type(value) in (int, float) for value in numbers.values()):
            raise wire.WireError("a logged value is not a number")
        self._usage.log({name: math.nan if value is None else value for name, value in numbers.items()})
        return {}, {}

    def _finish(self, given: dict[str, wire.Array]) -> RunReport:
        ids = checks.vector(given, "ids", "u8")
        predictions = self._handles.predictions(ids, checks.vector(given, "probabilities", "f8"))
        wire.send(self._sock, {"ok": True})
        return self.report(
            "finished",
            targets_on="unlabelled" if self._record.calls else "test",
            arrays=self._handles.rows() | self._record.arrays(predictions),
        )

    def _failed(self, header: wire.Header) -> RunReport:
        file, line = checks.field(header, "file", str), checks.field(header, "line", int)
        # no file has more lines than bytes: a larger number would carry out what was seen
        known = file in self._request.files and 0 < line <= bounds.SUBMISSION_BYTES
        message = checks.words(header, "message") if self._request.practice else ""
        wire.send(self._sock, {"ok": True})
        error = RunError(
            type=checks.public_error(checks.field(header, "type", str)),
            file=file if known else None,
            line=line if known else None,
            message=cut_message(message) or None,
        )
        return self.report("failed", error=error)

    def _ask(
        self, header: wire.Header, arrays: dict[str, wire.Array], question: Question, *, passes: int = 1
    ) -> wire.Array:
        served, chosen = self._served(header), self._chosen(arrays)
        self.nominal += passes * len(chosen)
        if served.frozen and not served.fields:
            handles = self._handles
            pools = (
                (f"{self._split.name}/unlabelled", handles.examples[: handles.n_unlabelled]),
                (f"{self._split.name}/test", handles.examples[handles.n_unlabelled :]),
            )
            return self._shelf.frozen(question, served.which, self._split.world, pools, chosen)
        return question.ask(served.student, self._examples(chosen), chosen.flipped)

    def _basis(self, which: Which, layer: Layer) -> Basis:
        return self._bases.of(which, layer, width=self._shelf.model(which, self._split.world).hidden)

    def _template(
        self, header: wire.Header, served: Served, labels: tuple[str, str] | None = None
    ) -> str | None:
        text = contract.template(checks.field(header, "template", str)) if "template" in header else None
        self._usage.question(text, labels, generated=served.fields)
        return text

    def _served(self, header: wire.Header) -> Served:
        return self._students.get(checks.field(header, "student", int))

    def _chosen(self, arrays: Mapping[str, wire.Array], *, trained_on: bool = False) -> Chosen:
        ids, flipped = checks.vector(arrays, "ids", "u8"), checks.vector(arrays, "flipped", "b1")
        if len(ids) != len(flipped):
            raise wire.WireError("ids and flipped differ in length")
        return self._handles.choose(ids, flipped, trained_on=trained_on)

    def _examples(self, chosen: Chosen) -> list[Any]:
        return [self._handles.examples[row] for row in chosen.rows]
