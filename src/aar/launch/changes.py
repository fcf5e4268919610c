"""What a person changes about a run's bounds and models: "10" sets, and in a run that goes on "+10" adds."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from aar.errors import SettingsError
from aar.model_options import Argument, allotted, prices
from aar.settings import MOST_BUDGET_TOKENS, MOST_HOURS, MOST_MINUTES, MOST_SUBMISSIONS, MOST_USD, Settings

MONEY = ("budget_usd", "budget_usd_each", "budget_tokens", "budget_tokens_each")
BUDGETS = (*MONEY, "hours_each")
OF_MODELS = ("model_args", "effort", "temperature", "base_url")
"""What all models of a run are asked with."""


@dataclass(frozen=True)
class Amount:
    """A number as it was typed, and whether it adds to what there was."""

    adds: bool
    number: float


@dataclass(frozen=True)
class Used:
    """What a run has used: minutes, most submissions of one researcher; each budget of `BUDGETS` by its name."""

    minutes: float = 0.0
    submissions: int = 0
    budgets: Mapping[str, float] = dataclasses.field(default_factory=dict)


def _taken(settings: Settings) -> None:
    """Refuses nothing."""


@dataclass(frozen=True)
class Changes:
    """Options of `aar run` that may change in a run that goes on; None and nothing leave what there was.

    Attributes:
        minutes: Bound on the time, as it was typed.
        hours: The same in hours; one of the two.
        submissions: Budget of each researcher.
        budget_usd: US dollars of the study.
        budget_usd_each: US dollars of each researcher.
        budget_tokens: Weighted tokens of the study.
        budget_tokens_each: Weighted tokens of each researcher.
        hours_each: Hours that each researcher may work.
        models: Models as they were typed, with or without counts.
        model_args: Arguments of the models' provider.
        effort: How much the models reason.
        temperature: Temperature of the models.
        base_url: Where the models' provider answers.
        prices: Prices as they were typed.
        check: Called with the settings before anything is written; what it raises refuses the changes.
    """

    minutes: str | None = None
    hours: str | None = None
    submissions: str | None = None
    budget_usd: str | None = None
    budget_usd_each: str | None = None
    budget_tokens: str | None = None
    budget_tokens_each: str | None = None
    hours_each: str | None = None
    models: Sequence[str] = ()
    model_args: Mapping[str, Argument] | None = None
    effort: str | None = None
    temperature: float | None = None
    base_url: str | None = None
    prices: Sequence[str] = ()
    check: Callable[[Settings], None] = _taken

    def of_a_new_run(self, settings: Settings) -> Settings:
        """The settings of a new run with these; `SettingsError` for "+10", which is for one that goes on."""
        for name in ("minutes", "hours", "submissions", *BUDGETS):
            text = getattr(self, name)
            if text is not None and text.startswith("+"):
                raise SettingsError(
                    f"{option(name)} {text} adds to a run that there is: give --resume RUN, or leave out the +"
                )
        return self.applied(settings, Used())

    def applied(self, settings: Settings, used: Used) -> Settings:
        """The settings with these changes; `SettingsError` for what is no number, or not more than was used."""
        values: dict[str, Any] = {**self._time(settings, used), **self._submissions(settings, used)}
        for name in BUDGETS:
            values |= self._budget(name, settings, used)
        if self.models:
            values["models"] = allotted(self.models, settings.researchers)[0]
        of_models = {name: getattr(self, name) for name in OF_MODELS}
        values |= {name: value for name, value in of_models.items() if value is not None}
        settings = dataclasses.replace(settings, **values)
        if self.prices:
            given = prices(self.prices, settings.models)
            settings = dataclasses.replace(settings, prices={**settings.prices, **given})
        self._refuse_for_policies(settings.models)
        self.check(settings)
        return settings

    def _refuse_for_policies(self, models: Sequence[str]) -> None:
        """`SettingsError` for what only language models can be told where there are none."""
        given = [
            option(name.removesuffix("s"))
            for name in (*OF_MODELS, "prices")
            if getattr(self, name) not in (None, ())
        ]
        if given and all(model.partition("/")[0] == "aar" for model in models):
            raise SettingsError(
                f"{', '.join(given)}: for language models, and this run has embedded policies only "
                f"({', '.join(dict.fromkeys(models))}); name a model with --model, or leave this out"
            )

    def _time(self, settings: Settings, used: Used) -> dict[str, float]:
        if self.minutes is not None and self.hours is not None:
            raise SettingsError("--minutes and --hours are the same bound; give one of the two")
        if self.hours is not None:
            typed, text = amount(self.hours, "--hours", most=MOST_MINUTES / 60), f"--hours {self.hours}"
            typed = Amount(typed.adds, typed.number * 60)
        elif self.minutes is not None:
            typed, text = amount(self.minutes, "--minutes", most=MOST_MINUTES), f"--minutes {self.minutes}"
        else:
            return {}
        # more counts from the bound, or from now where that is over or there is none
        total = max(settings.minutes or 0.0, used.minutes) + typed.number if typed.adds else typed.number
        if total <= used.minutes:
            raise SettingsError(
                f"{text}: {used.minutes:.1f} minutes are used already; --minutes +10 gives ten more"
            )
        return {"minutes": total}

    def _submissions(self, settings: Settings, used: Used) -> dict[str, int]:
        if self.submissions is None:
            return {}
        typed = amount(self.submissions, "--submissions", most=MOST_SUBMISSIONS, whole=True)
        number = int(typed.number)
        total = settings.submissions + number if typed.adds else number
        if total < used.submissions:
            raise SettingsError(
                f"--submissions {self.submissions}: {used.submissions} of one researcher are used already; "
                "--submissions +5 gives five more"
            )
        if settings.submissions_in_all is None or not typed.adds:
            return {"submissions": total}
        in_all = settings.submissions_in_all + number * settings.researchers
        return {"submissions": total, "submissions_in_all": in_all}

    def _budget(self, name: str, settings: Settings, used: Used) -> dict[str, float]:
        text: str | None = getattr(self, name)
        if text is None:
            return {}
        whole = "tokens" in name
        most = MOST_HOURS if name == "hours_each" else MOST_BUDGET_TOKENS if whole else MOST_USD
        typed = amount(text, option(name), most=most, whole=whole)
        spent = used.budgets.get(name, 0)
        total = max(getattr(settings, name) or 0, spent) + typed.number if typed.adds else typed.number
        if total <= spent:
            raise SettingsError(
                f"{option(name)} {text}: {spent:,.6g} is used already; +{typed.number:g} gives {typed.number:g} more"
            )
        return {name: int(total) if whole else total}


def option(name: str) -> str:
    """The name of an option on the command line.

    >>> option("budget_usd")
    '--budget-usd'
    """
    return f"--{name.replace('_', '-')}"


def amount(text: str, name: str, *, most: float, whole: bool = False) -> Amount:
    """The number in `text`, with its plus; `SettingsError` unless it is above 0 and at most `most`.

    >>> amount("+1.5", "--minutes", most=10)
    Amount(adds=True, number=1.5)
    """
    try:
        number = float(text.removeprefix("+"))
    except ValueError:
        number = float("nan")
    if not 0 < number <= most or (whole and number != int(number)):
        kind = "a whole number" if whole else "a number"
        raise SettingsError(
            f"{name} {text}: give {kind} from {'1' if whole else 'above 0'} to {most:,.0f}, such as 10; or, "
            "with --resume, +10 for ten more"
        )
    return Amount(text.startswith("+"), number)
