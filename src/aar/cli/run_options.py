"""Options of `aar run`, in groups: what is studied, by whom, within which bounds, and on what machine."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Annotated, TypeVar, get_args

import typer

from aar.conditions import Workflow
from aar.feedback import Feedback
from aar.logs import Level

STUDY, TEAM, BOUNDS, MACHINE, RUN = "The study", "Researchers", "Bounds", "This machine", "The run"
SUBMISSIONS = "5"
"""The default of `--submissions`; written here too, since the settings are not imported for `--help`."""
RESERVED = "22 %"
"""The part of a bounded time that `aar.lab.intake.RESERVE` is, in words, for the same reason."""
MOST = 64

T = TypeVar("T", bound=str)


def one_of(*words: T) -> Callable[[str], T]:
    """What reads one of these words; typer's own reader says "Value error"."""

    def read(text: str) -> T:
        found = next((word for word in words if word == text), None)
        if found is None:
            raise typer.BadParameter(f"{text!r} is none of {', '.join(words)}")
        return found

    return read


def folder(text: str | Path) -> Path:
    """A folder (or the default one); an empty word would mean the current one."""
    if not str(text).strip():
        raise typer.BadParameter("it is empty; give a folder, or leave the option out")
    return Path(text)


Testbed = Annotated[
    str,
    typer.Option(metavar="NAME", help="Which problem; see aar testbed list.", rich_help_panel=STUDY),
]
Seed = Annotated[
    int | None,
    typer.Option(
        min=0, metavar="N", help="Seed of the researchers' choices; drawn if left out.", rich_help_panel=STUDY
    ),
]
Forum = Annotated[
    bool, typer.Option(metavar="", help="Whether researchers read each other.", rich_help_panel=STUDY)
]
GivenDirections = Annotated[
    str,
    typer.Option(
        "--directions",
        metavar="WORD|FOLDER",
        help="diverse, identical, none or all of the study's; or a folder of your own, a Markdown file each.",
        rich_help_panel=STUDY,
    ),
]
Steps = Annotated[
    Workflow,
    typer.Option(
        "--workflow",
        parser=one_of(*get_args(Workflow)),
        metavar="WORD",
        help="free, or structured: the brief prescribes steps, as the study's control did.",
        rich_help_panel=STUDY,
    ),
]
Told = Annotated[
    Feedback,
    typer.Option(
        parser=one_of(*get_args(Feedback)),
        metavar="WORD",
        help="Told of dev: ladder, a word; noisy, a noisy score; exact, the score, as in 2026.",
        rich_help_panel=STUDY,
    ),
]
Model = Annotated[
    list[str] | None,
    typer.Option(
        metavar="[N*]NAME",
        help="Who chooses the next call: aar/evolution (no key) or a model that Inspect knows. Repeat it for "
        "several: they go round; 3*NAME is three researchers.",
        rich_help_panel=TEAM,
        show_default="aar/evolution",
    ),
]
Guests = Annotated[
    int,
    typer.Option(
        min=0,
        max=MOST,
        metavar="N",
        help="Places for researchers from elsewhere (aar invite); each takes its part of the study's level.",
        rich_help_panel=STUDY,
    ),
]
Researchers = Annotated[
    int | None,
    typer.Option(
        min=1,
        max=MOST,
        metavar="N",
        help="How many work in parallel.",
        rich_help_panel=TEAM,
        show_default="3, or as many as models",
    ),
]
ModelArg = Annotated[
    list[str] | None,
    typer.Option(
        metavar="NAME=VALUE", help="An argument of the models' provider; repeatable.", rich_help_panel=TEAM
    ),
]
EffortWord = Annotated[
    str | None,
    typer.Option(
        metavar="WORD",
        help="How much the models reason: none, minimal, low, medium, high, xhigh, max.",
        rich_help_panel=TEAM,
    ),
]
Temperature = Annotated[
    float | None,
    typer.Option(min=0.0, max=2.0, metavar="X", help="Temperature of the models.", rich_help_panel=TEAM),
]
BaseUrl = Annotated[
    str | None,
    typer.Option(metavar="URL", help="Where the models' provider answers.", rich_help_panel=TEAM),
]
Price = Annotated[
    list[str] | None,
    typer.Option(
        metavar="PRICE",
        help="[MODEL=]IN,OUT[,READ,WRITE] in US dollars a million tokens, the last two of cached input; for a model "
        "without a known price. 0,0 if nobody bills it.",
        rich_help_panel=TEAM,
    ),
]
Submissions = Annotated[
    str | None,
    typer.Option(
        metavar="N|+N",
        help="Of each researcher; with --resume, +5 gives five more.",
        show_default=SUBMISSIONS,
        rich_help_panel=BOUNDS,
    ),
]
SubmissionsInAll = Annotated[
    int | None,
    typer.Option(
        min=1, metavar="N", help="Of the study; as many as all have if left out.", rich_help_panel=BOUNDS
    ),
]
Minutes = Annotated[
    str | None,
    typer.Option(
        metavar="N|+N",
        help=f"How long the lab may run; its last {RESERVED} are kept for confirmations. Asking models, making items "
        "and the report come on top. None if left out. With --resume, +10 gives ten more.",
        rich_help_panel=BOUNDS,
    ),
]
Hours = Annotated[str | None, typer.Option(metavar="N|+N", help="The same in hours.", rich_help_panel=BOUNDS)]
HoursEach = Annotated[
    str | None,
    typer.Option(
        metavar="N|+N",
        help="Hours that each researcher may work: from its start to its end, without pauses and while the lab runs.",
        rich_help_panel=BOUNDS,
    ),
]
BudgetUsd = Annotated[
    str | None,
    typer.Option(
        metavar="N|+N",
        help="US dollars that the models' calls may cost in all; with --resume, +50 gives 50 more.",
        rich_help_panel=BOUNDS,
    ),
]
BudgetUsdEach = Annotated[
    str | None, typer.Option(metavar="N|+N", help="The same of each researcher.", rich_help_panel=BOUNDS)
]
BudgetTokens = Annotated[
    str | None,
    typer.Option(
        metavar="N|+N",
        help="Tokens in all, each weighted by its price relative to uncached input.",
        rich_help_panel=BOUNDS,
    ),
]
BudgetTokensEach = Annotated[
    str | None, typer.Option(metavar="N|+N", help="The same of each researcher.", rich_help_panel=BOUNDS)
]
Slots = Annotated[
    int | None,
    typer.Option(
        min=1,
        metavar="N",
        help="Runs at a time; the number of cores if left out.",
        rich_help_panel=MACHINE,
    ),
]
Engine = Annotated[
    str,
    typer.Option(metavar="NAME", help="Where runs happen; see docs/extending.md.", rich_help_panel=MACHINE),
]
Sandbox = Annotated[
    str | None,
    typer.Option(
        metavar="NAME",
        help="What untrusted code runs in; the first that works if left out.",
        rich_help_panel=MACHINE,
    ),
]
Runtime = Annotated[
    str,
    typer.Option(
        metavar="NAME",
        help="Which program a researcher is; see docs/extending.md.",
        rich_help_panel=MACHINE,
    ),
]
Port = Annotated[
    int | None,
    typer.Option(
        min=1, max=65535, metavar="N", help="Port of the lab on this machine.", rich_help_panel=MACHINE
    ),
]
Out = Annotated[
    Path, typer.Option(parser=folder, metavar="FOLDER", help="Where run folders go.", rich_help_panel=RUN)
]
Resume = Annotated[
    Path | None,
    typer.Option(
        parser=folder,
        metavar="FOLDER",
        help="Go on with the run in this folder: judge what is left, research if there is budget.",
        rich_help_panel=RUN,
    ),
]
AsJson = Annotated[
    bool,
    typer.Option("--json", metavar="", help="One JSON object on the last line.", rich_help_panel=RUN),
]
Verbose = Annotated[
    bool,
    typer.Option("-v", "--verbose", metavar="", help="As --log-level debug.", rich_help_panel=RUN),
]
LogLevel = Annotated[
    Level,
    typer.Option(
        parser=one_of(*get_args(Level)),
        metavar="LEVEL",
        help="What the logs in the run folder's logs/ hold: debug, info, warning or error.",
        rich_help_panel=RUN,
    ),
]
