"""Routes for the person who runs the lab: hand in, cancel, give a researcher up."""

from fastapi import APIRouter, Depends

from aar.api.door import Here, operator
from aar.api.requests import Cancel, OperatorSubmit
from aar.api.researchers import taken_in
from aar.lab import for_operators
from aar.lab.answers import TakenIn
from aar.lab.for_operators import Cancelled
from aar.lab.view import Done

router = APIRouter(prefix="/operator", tags=["operator"], dependencies=[Depends(operator)])


@router.post("/submissions")
def submit(door: Here, body: OperatorSubmit) -> TakenIn:
    """Hand a method in."""
    return taken_in(door, for_operators.author(door.lab, fresh=body.fresh), body)


@router.post("/cancel")
def cancel(door: Here, body: Cancel) -> Cancelled:
    """End a submission, a practice run, or everything of a researcher."""
    return for_operators.cancel(door.lab, body.what, reason=body.reason)


@router.post("/researchers/{name}/stopped")
def stopped(door: Here, name: str) -> Done:
    """Say that a researcher's process will not work any more."""
    for_operators.stop(door.lab, name)
    return Done()


@router.post("/researchers/{name}/restarts")
def restarts(door: Here, name: str) -> Done:
    """Say that a researcher's process has died and is started again."""
    for_operators.restart(door.lab, name)
    return Done()
