"""The settings of a run: what may differ between runs; everything else follows from the testbed.

Covered: a `lab.json` that was changed by hand is refused by the first process that reads it, with every field that is
wrong and what would be right: missing, unknown, of another type, out of bounds, NaN. Not covered: a value within its
bounds that means something else than its author thought.
"""

from __future__ import annotations

import dataclasses
import json
import os
from collections.abc import Callable, Mapping
from difflib import get_close_matches
from typing import Annotated, Any, Literal

from pydantic import AfterValidator, ConfigDict, Field, ValidationError, model_validator
from pydantic.dataclasses import dataclass

from aar import storage_url
from aar.conditions import MOST_DIRECTION, Directions, Workflow
from aar.errors import SettingsError
from aar.feedback import Feedback
from aar.folder import LabFolder
from aar.model_options import EMBEDDED, Arguments, BaseUrl, Effort, GivenPrices, Models, Name

MOST_MINUTES = 1e6
"""About two years."""
MOST_HOURS = MOST_MINUTES / 60
MOST_SUBMISSIONS = 1_000_000
MOST_SEEDS = 1000
MOST_USD = 1e9
MOST_BUDGET_TOKENS = 10**15
MOST_NAMED = 4
"""Missing fields that one message names."""
_PARTS = ("engine", "sandbox", "runtime", "storage", "students")
_MODELS = ("models", "model_args", "effort", "temperature", "base_url", "prices")
_BUDGETS = ("budget_usd", "budget_usd_each", "budget_tokens", "budget_tokens_each", "hours_each")
_CONDITIONS = ("directions", "own_directions", "workflow", "guests")
LATER = frozenset((*_PARTS, *_MODELS, *_BUDGETS, *_CONDITIONS))
"""Fields that a `lab.json` may lack: the version that wrote it did not have them yet. They then have their defaults."""
EXPECTED = {
    "a valid integer": "a whole number",
    "a valid boolean": "true or false",
    "a valid ": "a ",
    "tuple": "list",
}
"""Pydantic's words for what is expected of a field, and plain ones."""

StorageUrl = Annotated[Name, AfterValidator(lambda text: storage_url.parsed(text) and text)]
Seeds = Annotated[int, Field(ge=1, le=MOST_SEEDS)]
Confirmed = Annotated[int, Field(ge=2, le=MOST_SEEDS)]
"""A confirmation is an interval, and an interval needs two seeds."""
Budget = Annotated[int, Field(ge=0, le=MOST_SUBMISSIONS)]
Names = Annotated[tuple[Name, ...], Field(strict=False, max_length=1000)]
Direction = Annotated[str, Field(min_length=1, max_length=MOST_DIRECTION)]
OwnDirections = Annotated[tuple[Direction, ...], Field(strict=False, max_length=1000)]
Usd = Annotated[float | None, Field(gt=0, le=MOST_USD)]
Hours = Annotated[float | None, Field(gt=0, le=10 * MOST_HOURS)]
WeightedTokens = Annotated[int | None, Field(gt=0, le=MOST_BUDGET_TOKENS)]
HIDDEN_TOKENS = 2_000_000
"""The bound on a researcher's tokens of versions that had no budgets: nobody had chosen it, so it binds nobody now."""


@dataclass(frozen=True, config=ConfigDict(strict=True, extra="forbid", allow_inf_nan=False))
class Settings:
    """The settings of one run, kept in `lab.json`, so that a resumed run goes on as it began.

    A wrong value raises `SettingsError`, however the record is made.

    Attributes:
        testbed: The name of the testbed.
        models: Who chooses researchers' next calls: `aar/evolution` or models that Inspect knows. The first is r1's;
            where there are fewer than researchers they go round.
        model_args: What Inspect is told about the models beside their names; no secret.
        effort: How much reasoning the models are asked for; None for their provider's default.
        temperature: Temperature that the models are asked with; None for their provider's default.
        base_url: Where the models' provider answers; None for its own place.
        prices: Prices that a person gave, by model: input, output, cache read and cache write in US dollars a million
            tokens.
        seed: The seed of the researchers' choices.
        researchers: How many work in parallel.
        guests: Places for researchers who join from elsewhere; each has its part of the study's level, taken or not.
        budget_usd: US dollars that the study's calls to models may cost; None for no bound.
        budget_usd_each: The same for each researcher.
        budget_tokens: Tokens, weighted by their prices, that the study's calls may use; None for no bound.
        budget_tokens_each: The same for each researcher.
        hours_each: Hours that each researcher may work (docs/definitions.md); None for no bound.
        minutes: The upper bound on the wall-clock time of the whole run, confirmations included; None for no bound.
        directions: How directions are given out.
        own_directions: Directions in words, in the place of the study's families; none for those.
        workflow: Whether the brief prescribes steps.
        forum: Whether researchers read each other.
        feedback: What an author is told of dev.
        slots: How many runs the engine has under way at a time.
        engine: Where runs happen, by name (docs/extending.md).
        sandbox: What untrusted code runs in, by name; None for the first that works.
        runtime: Which program a researcher is, by name.
        storage: The URL of the database, without a password; None for the SQLite file in the run folder.
        baselines: The methods that the lab itself hands in.
        confirmed: Whether all baselines are run on sealed, or only the best on dev.
        dev_seeds: Pairs of (supervisor, student) seeds that a submission is run on.
        baseline_seeds: Supervisors that a baseline is run with on dev.
        sealed_seeds: Supervisors that a confirmation is run with.
        students: Students for each supervisor, on sealed, of whoever others are compared with.
        floors: Seeds that the floor of each split is measured over.
        ceilings: Seeds that the ceiling of each split is measured over.
        submissions: The budget of each researcher.
        submissions_in_all: The budget of the study; None for as many as the researchers have together.
        practices: Practice runs of each researcher.
        queued: Runs of one researcher that may wait at a time.
        queued_in_all: Runs that may wait at a time.
        run_seconds: Wall-clock seconds that a run may take.
        run_memory_mb: Memory that a run may take.
    """

    testbed: Name = "mini-chat"
    models: Models = (EMBEDDED,)
    model_args: Arguments = dataclasses.field(default_factory=dict)
    effort: Effort | None = None
    temperature: Annotated[float | None, Field(ge=0, le=2)] = None
    base_url: BaseUrl | None = None
    prices: GivenPrices = dataclasses.field(default_factory=dict)
    budget_usd: Usd = None
    budget_usd_each: Usd = None
    budget_tokens: WeightedTokens = None
    budget_tokens_each: WeightedTokens = None
    hours_each: Hours = None
    seed: Annotated[int, Field(ge=0, lt=2**63)] = 0
    researchers: Annotated[int, Field(ge=0, le=10_000)] = 3
    guests: Annotated[int, Field(ge=0, le=10_000)] = 0
    minutes: Annotated[float | None, Field(gt=0, le=10 * MOST_MINUTES)] = None
    directions: Directions = "diverse"
    own_directions: OwnDirections = ()
    workflow: Workflow = "free"
    forum: bool = True
    feedback: Feedback = "ladder"
    slots: Annotated[int, Field(ge=1, le=10_000)] = 2
    engine: Name = "local"
    sandbox: Name | None = None
    runtime: Name = "inspect"
    storage: StorageUrl | None = None
    baselines: Names = ("vanilla", "confident_labels", "zero_shot")
    confirmed: Literal["all", "best"] = "all"
    dev_seeds: Seeds = 6
    baseline_seeds: Seeds = 6
    sealed_seeds: Confirmed = 8
    students: Seeds = 2
    floors: Seeds = 9
    ceilings: Seeds = 9
    submissions: Budget = 5
    submissions_in_all: Budget | None = None
    practices: Budget = 60
    queued: Annotated[int, Field(ge=1, le=10**9)] = 200
    queued_in_all: Annotated[int, Field(ge=1, le=10**9)] = 20_000
    run_seconds: Annotated[int, Field(ge=1, le=10**7)] = 90
    run_memory_mb: Annotated[int, Field(ge=64, le=10**8)] = 2048

    @model_validator(mode="wrap")
    @classmethod
    def _explained(cls, values: Any, check: Callable[[Any], Settings]) -> Settings:
        try:
            return check(values)
        except ValidationError as error:
            raise SettingsError(_in_words(error)) from None

    @model_validator(mode="after")
    def _fits(self) -> Settings:
        if len(self.models) > max(1, self.researchers):
            raise SettingsError(
                f"models names {len(self.models)} and there are {self.researchers} researchers; name one for each"
            )
        return self

    @property
    def authors(self) -> int:
        """How many the study's level is split over, fixed before anybody's first attempt; 1 where nobody researches."""
        return max(1, self.researchers + self.guests)

    def model_of(self, number: int) -> str:
        """The model of researcher `number`, counted from 0."""
        return self.models[number % len(self.models)]

    def as_json(self) -> dict[str, Any]:
        """Plain values as JSON gives them back (lists, no tuples), for `lab.json`, the database and the ledger."""
        values: dict[str, Any] = json.loads(json.dumps(dataclasses.asdict(self)))
        return values

    @classmethod
    def from_json(cls, values: object) -> Settings:
        """The settings in `values`, the `settings` of a `lab.json`; `SettingsError` names each wrong field."""
        if not isinstance(values, Mapping):
            raise SettingsError(
                f"settings are {_shown(values)}; an object with one entry a setting is expected"
            )
        values = _of_today(values)
        missing = [name for name in _names() if name not in values and name not in LATER]
        wrong = [f"{name} is missing; a new run {_default(name)}" for name in missing[:MOST_NAMED]]
        if len(missing) > MOST_NAMED:
            wrong.append(f"{len(missing) - MOST_NAMED} more are missing")
        try:
            settings = cls(**{str(name): value for name, value in values.items()})
        except SettingsError as error:
            wrong.append(str(error))
        if wrong:
            raise SettingsError("; ".join(wrong))
        return settings


def settings_of(folder: LabFolder) -> Settings:
    """The settings of the lab in `folder`; `SettingsError` says what in its `lab.json` to correct."""
    description = folder.read_description()
    try:
        if "settings" not in description:
            raise SettingsError("settings are missing")
        settings = Settings.from_json(description["settings"])
        if description.get("testbed", settings.testbed) != settings.testbed:
            raise SettingsError(
                f"testbed is {_shown(settings.testbed)} in its settings and {_shown(description['testbed'])} above them"
            )
    except SettingsError as error:
        raise SettingsError(
            f"{folder.description} has a wrong setting: {error}. Correct the file, or start a new run"
        ) from None
    return settings


def cores() -> int:
    """Cores that this process may use."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


def _of_today(values: Mapping[str, Any]) -> dict[str, Any]:
    """Settings of a version that had one model for all, and a bound on tokens without a name on the command line.

    >>> _of_today({"model": "a/x", "tokens": 2_000_000}), _of_today({"tokens": 5})
    ({'models': ['a/x']}, {'budget_tokens_each': 5})
    """
    today = {name: value for name, value in values.items() if name not in ("model", "tokens")}
    if "model" in values:
        today.setdefault("models", [values["model"]])
    if values.get("tokens", HIDDEN_TOKENS) != HIDDEN_TOKENS:
        today.setdefault("budget_tokens_each", values["tokens"])
    return today


def _names() -> list[str]:
    return [field.name for field in dataclasses.fields(Settings)]


def _default(name: str) -> str:
    return "draws one" if name == "seed" else f"has {_shown(getattr(Settings, name))}"


def _in_words(error: ValidationError) -> str:
    """Each wrong field of a record: its name, its value, and what is expected."""
    lines = []
    for wrong in error.errors(include_url=False, include_context=False):
        name, *inside = (str(part) for part in wrong["loc"])
        field = ".".join([name, *inside])
        if wrong["type"] in ("unexpected_keyword_argument", "extra_forbidden"):
            close = get_close_matches(name, _names(), n=1)
            meant = f" (did you mean {close[0]}?)" if close else ""
            lines.append(f"{_shown(name)} is no setting of this version{meant}; remove it")
        else:
            expected = wrong["msg"].removeprefix("Value error, ").removeprefix("Input should be ")
            for pydantics, plain in EXPECTED.items():
                expected = expected.replace(pydantics, plain)
            # a URL may hold a password
            value = "not what it can be" if name in ("storage", "base_url") else _shown(wrong["input"])
            lines.append(f"{field} is {value}; it should be {expected}")
    return "; ".join(lines)


def _shown(value: object) -> str:
    """A value of a file as one short line without control characters."""
    text = json.dumps(value, default=repr)
    return text if len(text) <= 80 else f"{text[:77]}..."
