"""Calls to language models, counted where nobody's crash can lose them: opened, then settled or lost, each once.

Covered: a call opened or settled twice, a lab that is killed at any moment, a researcher that is killed during a call
(when the next process begins, or the run ends, the call is charged by what its session had written down, or else at its
estimate), the true count that comes later. A call is declined
once what is settled has reached a budget, so that a study goes beyond it by the calls in flight and no more: one of
each researcher as a rule, `MOST_OPEN` at most, since a further one makes the oldest count as cut off. What is claimed
of a call is bounded by what its model can take, the model is the researcher's own, and calls of one researcher that
nobody counted take at most its share of the study's budget. Not covered: a session that calls its provider without
opening the call, since it has the key; one that claims less, or more, than its provider counted.
"""

from __future__ import annotations

from aar import ledger
from aar.database import Transaction, calls, researchers, spending
from aar.database.calls import Call, CallState
from aar.database.charges import ChargeKind
from aar.database.researchers import Researcher
from aar.errors import BadRequest, BudgetKind, BudgetOf, NoPrice, NotAllowed, OverBudget
from aar.folder import LabFolder
from aar.lab import budgets, coming_back, stopped
from aar.lab.intake import Lab
from aar.model_room import room
from aar.prices import Cost, Prices, Tokens, is_free
from aar.researchers.answered import Answered
from w2s.errors import NotFound

MOST_OPEN = 3
"""Calls of one researcher that may be open; a session makes one at a time."""


def open_call(lab: Lab, researcher: str, id: str, *, model: str, estimate: Tokens) -> None:
    """Note that a call begins; one that is open already stays so, since its first request may have been answered.

    Raises `OverBudget` once a budget is spent or the last calls of a stopped researcher are made, `NotNow` while a
    person has paused it, `BadRequest` for a model without a price or a call that has ended, `NotAllowed` for another
    model than the researcher's. An estimate counts up to what the model can take.
    """
    estimate = room(model).bounded(estimate)
    try:
        cost = lab.prices.cost(model, estimate)
    except NoPrice as error:
        raise BadRequest(str(error)) from error
    with lab.database.write() as tx:
        if (known := calls.find(tx, researcher, id)) is not None:
            if known.state is CallState.OPEN:
                return
            raise BadRequest(f"the call {id!r} has ended; a new call has a name of its own")
        who = researchers.get(tx, researcher)
        _refuse_other_model(who, model)
        stopped.refuse_call(tx, who)
        # what is charged here stays charged, also if the call is then declined
        lose(tx, lab.folder, lab.prices, researcher=researcher, keep=MOST_OPEN - 1)
        refusal = _declined(lab, tx, who)
        if refusal is None:
            calls.open(tx, researcher, id, model=model, estimate=estimate, cost=cost)
            coming_back.goes_on(tx, who, lab.elapsed())
    if refusal is not None:
        raise refusal


def settle(lab: Lab, researcher: str, id: str, *, used: Tokens, context_tokens: int) -> None:
    """Charge what a call has used, once; one that was lost is corrected.

    Raises `NotFound` for one that was never opened, `BadRequest` for a count that no call of its model can have: it is
    then charged at its estimate, until a count comes that can be.
    """
    with lab.database.write() as tx:
        call = _known(tx, researcher, id)
        if call.state is CallState.SETTLED:
            return
        cost = _cost(lab.prices, call, used)
        if cost is not None:
            _settle(tx, call, used, cost, context_tokens)
        elif call.state is CallState.OPEN:
            _lose(tx, call)
    if cost is None:
        raise BadRequest(
            f"no call of {call.model} reads {used.read} tokens and writes {used.output_tokens}, or its price is not "
            f"known; {id!r} is charged at its estimate"
        )


def give_up(lab: Lab, researcher: str, id: str) -> None:
    """Charge a call that was cut off at its estimate, once; `NotFound` for one that was never opened."""
    with lab.database.write() as tx:
        call = _known(tx, researcher, id)
        if call.state is CallState.OPEN:
            _lose(tx, call)


def lose(
    tx: Transaction, folder: LabFolder, prices: Prices, *, researcher: str | None = None, keep: int = 0
) -> int:
    """Charge the open calls of a researcher whose process is dead, or of all; how many were charged at their estimates.

    One that its provider had answered is charged by that. The newest `keep` stay open.
    """
    lost = 0
    opened = calls.opened(tx, researcher=researcher)
    for call in opened[: len(opened) - keep] if keep < len(opened) else ():
        found = Answered(folder.inspect_logs, call.researcher).find(call.id)
        cost = None if found is None else _cost(prices, call, found[0])
        if found is None or cost is None:
            _lose(tx, call)
            lost += 1
        else:
            _settle(tx, call, found[0], cost, found[1])
    return lost


def _refuse_other_model(who: Researcher, model: str) -> None:
    """`NotAllowed` unless it is the researcher's; a runtime whose model has a name of its own asks whom it likes."""
    if "/" in who.model and model != who.model:
        raise NotAllowed(f"{who.name} works with {who.model}, not with {model}")
    if who.model and "/" not in who.model and is_free(model):
        raise NotAllowed(f"{model} is billed by nobody: name the model that answers")


def _declined(lab: Lab, tx: Transaction, who: Researcher) -> OverBudget | None:
    """Why no further call of a researcher is allowed; None where one is."""
    if lab.time_is_over:
        return OverBudget("the time of this study is over", budget=BudgetKind.TIME, whose=BudgetOf.STUDY)
    clock_s = lab.elapsed()
    who = coming_back.counted(tx, who, clock_s)
    bound = budgets.used_up(lab.settings, *budgets.of_researcher(tx, lab.settings, who, clock_s=clock_s))
    if bound is not None:
        return bound.refusal()
    return budgets.refusal_of_lost(lab.settings, calls.lost(tx, who.name))


def _cost(prices: Prices, call: Call, used: Tokens) -> Cost | None:
    """What a call costs that has used so many tokens; None where it cannot have, or nobody knows their price."""
    if not room(call.model).holds(used):
        return None
    try:
        return prices.cost(call.model, used, at=call.opened)
    except NoPrice:  # a run that goes on with another version's price list is not stopped by that
        return None


def _known(tx: Transaction, researcher: str, id: str) -> Call:
    call = calls.find(tx, researcher, id)
    if call is None:
        raise NotFound(f"no call {id!r}; POST /v1/calls opens one")
    return call


def _settle(tx: Transaction, call: Call, used: Tokens, cost: Cost, context_tokens: int) -> None:
    if call.state is CallState.LOST:
        _charge(tx, call, ChargeKind.CORRECTION, _negative(call.estimate), _negative_cost(call.cost))
    _charge(tx, call, ChargeKind.MODEL, used, cost)
    calls.set_state(tx, call, CallState.SETTLED)
    if context_tokens:  # a call that failed has read nothing
        spending.set_context(tx, call.researcher, context_tokens)


def _lose(tx: Transaction, call: Call) -> None:
    _charge(tx, call, ChargeKind.LOST, call.estimate, call.cost)
    calls.set_state(tx, call, CallState.LOST)


def _charge(tx: Transaction, call: Call, kind: ChargeKind, tokens: Tokens, cost: Cost) -> None:
    key = f"{kind}:{call.researcher}:{call.id}"
    ledger.record_charge(tx, key, researcher=call.researcher, kind=kind, tokens=tokens, cost=cost)


def _negative(tokens: Tokens) -> Tokens:
    return Tokens(**{name: -number for name, number in vars(tokens).items()})


def _negative_cost(cost: Cost) -> Cost:
    return Cost(-cost.nano_usd, -cost.weighted_tokens)
