"""Each researcher of a lab as people see it: what it does, what it has spent, what stands in its way."""

# no `from __future__ import annotations`: pydantic reads the types of these fields when the classes are made

from collections.abc import Mapping, Sequence

from aar.database import Transaction, clock, messages, progress, researchers, spending, submissions, troubles
from aar.database.progress import EndReason, ProviderTrouble
from aar.database.spending import Spending
from aar.lab import budgets
from aar.lab.view import View
from aar.researchers import directions
from aar.settings import Settings


class Trouble(View):
    """A provider that does not answer a researcher."""

    kind: ProviderTrouble
    detail: str
    """What the provider said last."""
    permanent: bool
    """True if somebody has to act before it can end."""
    since: float
    """Time of the first failure, in seconds since 1970."""
    seconds: float
    """Seconds since then."""
    next_try_seconds: float
    """Seconds until it is asked again."""

    @classmethod
    def of(cls, trouble: troubles.Trouble) -> "Trouble":
        """A trouble as it stands now."""
        at = clock.now()
        return cls(
            kind=trouble.kind,
            detail=trouble.detail,
            permanent=trouble.permanent,
            since=trouble.since,
            seconds=round(max(0.0, at - trouble.since), 1),
            next_try_seconds=round(max(0.0, trouble.next_try - at), 1),
        )


class Money(View):
    """What calls to models cost.

    Attributes:
        usd: US dollars.
        usd_left: US dollars that the budgets leave; None without a bound.
        tokens: All tokens that were read and written.
        weighted_tokens: Tokens as budgets count them.
        tokens_left: Weighted tokens that the budgets leave; None without a bound.
        lost_calls: Calls that were cut off.
        lost_usd: The part of `usd` that is an estimate for these.
    """

    usd: float
    usd_left: float | None
    tokens: int
    weighted_tokens: int
    tokens_left: int | None
    lost_calls: int
    lost_usd: float

    @classmethod
    def of(cls, settings: Settings, own: Spending, study: Spending) -> "Money":
        """The money of one who has spent `own` in a study that has spent `study`."""
        spent = budgets.spent(settings, own, study)
        return cls(
            usd=own.usd,
            usd_left=spent.usd_left,
            tokens=own.tokens,
            weighted_tokens=own.weighted_tokens,
            tokens_left=spent.tokens_left,
            lost_calls=own.lost_calls,
            lost_usd=own.lost_usd,
        )


class Member(View):
    """A researcher, its activity and its submissions.

    Attributes:
        name: Name.
        direction: Direction of its research, in a few words.
        model: Model that chooses its next call.
        outside: Whether it joins from elsewhere: no process of the run.
        state: State in the lab.
        reason: Why it rests or has ended, by its own word; None while it works.
        detail: What it said about that.
        activity: Present activity.
        text: Detail of the activity, in the researcher's words.
        submitted: Number of submissions used.
        budget: Number of submissions allowed; None without a limit.
        verified: Number of verified submissions.
        pending: Number of submissions without a verdict.
        money: What its calls to its model cost.
        worked_seconds: Seconds that it has worked.
        work_seconds: Seconds that it may work, last turns included; None without a bound of its own.
        context_tokens: Everything that its last call read.
        paused: Whether a person has paused it.
        unread: Number of messages that it has not read yet.
        trouble: What keeps its model from answering; None where nothing does.
    """

    name: str
    direction: str
    model: str
    outside: bool
    state: researchers.State
    reason: EndReason | None
    detail: str
    activity: progress.Activity
    text: str
    submitted: int
    budget: int | None
    verified: int
    pending: int
    money: Money
    worked_seconds: float
    work_seconds: float | None
    context_tokens: int
    paused: bool
    unread: int
    trouble: Trouble | None


def members(
    tx: Transaction,
    settings: Settings,
    everything: Sequence[submissions.Submission],
    sums: Mapping[str, Spending],
    *,
    clock_s: float,
) -> list[Member]:
    """The team when the run's clock stands at `clock_s`; `sums` is what each has spent."""
    doing, wrong = progress.latest(tx), troubles.present(tx)
    study = spending.together(sums)
    found = []
    for who in researchers.team(tx):
        own = [row for row in everything if row.researcher == who.name]
        last = doing.get(who.name)
        spent, worked = sums.get(who.name, Spending()), who.worked_at(clock_s)
        found.append(
            Member(
                name=who.name,
                direction=directions.title(who.direction),
                model=who.model,
                outside=who.outside,
                state=who.state,
                reason=who.reason,
                detail=who.detail,
                activity=progress.Activity.STARTING if last is None else last.activity,
                text="" if last is None else last.text,
                submitted=len(own),
                budget=who.submissions,
                verified=sum(row.status == "verified" for row in own),
                pending=sum(row.status == "pending" for row in own),
                money=Money.of(settings, spent, study),
                worked_seconds=round(worked, 1),
                work_seconds=None if settings.hours_each is None else round(settings.hours_each * 3600, 1),
                context_tokens=spent.context_tokens,
                paused=who.paused is not None,
                unread=len(messages.unread(tx, who.name)),
                trouble=Trouble.of(wrong[who.name]) if who.name in wrong else None,
            )
        )
    return found
