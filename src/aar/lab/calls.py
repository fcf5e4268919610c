"""Calls to language models, counted where nobody's crash can lose them: opened, then settled or lost, each once.

Covered: a call opened or settled twice, a lab that is killed at any moment, a researcher that is killed during a call
(when the next process begins, or the run ends, the call is charged by what its session had written down, or else at its
estimate), the true count that comes later. A call is declined
once what is settled has reached a budget, so that a study goes beyond it by the calls in flight and no more: one for
each researcher. Not covered: a session that calls its provider without opening the call; it has the key.
"""

from __future__ import annotations

from aar import ledger
from aar.database import Transaction, calls, researchers, spending
from aar.database.calls import Call, CallState
from aar.database.charges import ChargeKind
from aar.errors import BadRequest, BudgetKind, BudgetOf, NoPrice, OverBudget
from aar.folder import LabFolder
from aar.lab import budgets
from aar.lab.intake import Lab
from aar.prices import Cost, Prices, Tokens
from aar.researchers.answered import Answered
from w2s.errors import NotFound


def open_call(lab: Lab, researcher: str, id: str, *, model: str, estimate: Tokens) -> None:
    """Note that a call begins; `OverBudget` once a budget is spent, `BadRequest` for a model without a price.

    A call that was opened before is opened; its first request may have been answered.
    """
    try:
        cost = lab.prices.cost(model, estimate)
    except NoPrice as error:
        raise BadRequest(str(error)) from error
    with lab.database.write() as tx:
        if calls.find(tx, researcher, id) is not None:
            return
        if lab.time_is_over:
            raise OverBudget("the time of this study is over", budget=BudgetKind.TIME, whose=BudgetOf.STUDY)
        who = researchers.get(tx, researcher)
        used = budgets.of_researcher(tx, lab.settings, who, clock_s=lab.elapsed())
        bound = budgets.used_up(lab.settings, *used)
        if bound is not None:
            raise bound.refusal()
        calls.open(tx, researcher, id, model=model, estimate=estimate, cost=cost)


def settle(lab: Lab, researcher: str, id: str, *, used: Tokens, context_tokens: int) -> None:
    """Charge what a call has used, once; one that was lost is corrected. `NotFound` for one that was never opened."""
    with lab.database.write() as tx:
        call = _known(tx, researcher, id)
        if call.state is CallState.SETTLED:
            return
        _settle(tx, call, used, lab.prices.cost(call.model, used, at=call.opened), context_tokens)


def give_up(lab: Lab, researcher: str, id: str) -> None:
    """Charge a call that was cut off at its estimate, once; `NotFound` for one that was never opened."""
    with lab.database.write() as tx:
        call = _known(tx, researcher, id)
        if call.state is CallState.OPEN:
            _lose(tx, call)


def lose(tx: Transaction, folder: LabFolder, prices: Prices, *, researcher: str | None = None) -> int:
    """Charge the open calls of a researcher whose process is dead, or of all; how many were charged at their estimates.

    One that its provider had answered is charged by that.
    """
    lost = 0
    for call in calls.opened(tx, researcher=researcher):
        found = Answered(folder.inspect_logs, call.researcher).find(call.id)
        try:
            cost = None if found is None else prices.cost(call.model, found[0], at=call.opened)
        except NoPrice:  # a run that goes on with another version's price list is not stopped by that
            cost = None
        if found is None or cost is None:
            _lose(tx, call)
            lost += 1
        else:
            _settle(tx, call, found[0], cost, found[1])
    return lost


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
