"""Routes for researchers: their standing, practice, submissions, and what they say of themselves."""

import asyncio
import contextlib
from collections.abc import Callable, Coroutine
from typing import Any, cast

from fastapi import APIRouter, Request, Response
from fastapi.exceptions import RequestValidationError
from fastapi.routing import APIRoute
from starlette.exceptions import HTTPException

from aar.api.door import Door, Here, Me, Own, Somebody, known, token_in
from aar.api.requests import Call, Doing, Practice, Read, State, Submit, Trouble, Used
from aar.database import runs, submissions
from aar.errors import NotAllowed, NotNow
from aar.lab import answers, calls, for_researchers
from aar.lab.standings import Leaderboard, Standing
from aar.lab.view import Allowed, Done
from aar.prices import Tokens
from w2s.errors import NotFound

router = APIRouter(tags=["researchers"])


class _Settlement(APIRoute):
    """A route whose requests, where they are malformed, leave no call uncharged: it counts as cut off."""

    def get_route_handler(self) -> Callable[[Request], Coroutine[Any, Any, Response]]:
        """The handler of a request."""
        handle = super().get_route_handler()

        async def settled(request: Request) -> Response:
            try:
                return await handle(request)
            except (RequestValidationError, HTTPException):
                door, id = cast(Door, request.app.state.door), request.path_params["id"]
                token = token_in(request.headers.get("authorization", ""))
                await asyncio.to_thread(_give_up, door, token, id)
                raise

        return settled


def _give_up(door: Door, token: str, id: str) -> None:
    with contextlib.suppress(NotAllowed, NotNow, NotFound):
        caller = known(door, token)
        if caller.researcher is not None and not caller.researcher.outside:
            calls.give_up(door.lab, caller.researcher.name, id)


settlements = APIRouter(tags=["researchers"], route_class=_Settlement)


@router.get("/me")
async def me(door: Here, who: Me, wait: float = 0.0, after: str = "") -> Standing:
    """Remaining budget and the request to stop; with `wait`, once it differs from version `after`."""
    return await door.waiters.wait(
        who.name,
        lambda: for_researchers.standing(door.lab, who, door.phase()),
        lambda standing: standing.version != after,
        wait,
        subjects=[who.name],
        others=True,
    )


@router.get("/brief")
def brief(door: Here, who: Me) -> for_researchers.Told:
    """What one is to do, how, and within which bounds."""
    return for_researchers.brief(door.lab, who)


@router.get("/leaderboard")
def leaderboard(door: Here, caller: Somebody) -> Leaderboard:
    """The record and the ranks."""
    return for_researchers.leaderboard(door.lab, caller.researcher)


@router.post("/progress")
def progress(door: Here, who: Me, doing: Doing) -> Done:
    """Say what is being done, for the display."""
    for_researchers.note_progress(door.lab, who, doing.activity, doing.text)
    return Done()


@router.post("/state")
def state(door: Here, who: Me, body: State) -> Done:
    """Say that one works, rests or has finished, and why."""
    for_researchers.set_state(door.lab, who, body.state, reason=body.reason, detail=body.detail)
    return Done()


@router.post("/messages/read")
def read_messages(door: Here, who: Me, body: Read) -> Done:
    """Say that the messages up to an id were read."""
    for_researchers.note_read(door.lab, who, up_to=body.up_to)
    return Done()


@router.post("/trouble")
def trouble(door: Here, who: Own, body: Trouble) -> Done:
    """Say that the model's provider fails, or answers again."""
    for_researchers.note_trouble(
        door.lab,
        who,
        body.kind,
        detail=body.detail,
        permanent=body.permanent,
        next_try_seconds=body.next_try_seconds,
    )
    return Done()


@router.post("/calls")
def open_call(door: Here, who: Own, body: Call) -> Allowed:
    """Ask whether a call to the model may begin, and note it."""
    estimate = Tokens(input_tokens=body.input_tokens, output_tokens=body.output_tokens)
    calls.open_call(door.lab, who.name, body.call, model=body.model, estimate=estimate)
    return Allowed()


@settlements.post("/calls/{id}")
def settle_call(door: Here, who: Own, id: str, used: Used) -> Done:
    """Say what a call has used, or that it was cut off."""
    if used.lost:
        calls.give_up(door.lab, who.name, id)
    else:
        tokens = Tokens(**used.model_dump(exclude={"lost", "context_tokens"}))
        calls.settle(door.lab, who.name, id, used=tokens, context_tokens=used.context_tokens)
    return Done()


@router.post("/practice")
def practice(door: Here, who: Me, body: Practice) -> answers.PracticeStarted:
    """Start a practice run."""
    return answers.PracticeStarted(run=door.lab.practice(who.name, body.files))


@router.get("/practice/{key}")
async def practice_run(door: Here, who: Me, key: str, wait: float = 0.0) -> answers.Practice:
    """State of a practice run; with `wait`, once it has ended."""
    run = await door.waiters.wait(
        who.name,
        lambda: for_researchers.practice_run(door.lab, who, key),
        lambda run: run.state in runs.ENDED,
        wait,
        subjects=[key],
    )
    return answers.Practice.of(run)


@router.delete("/practice/{key}")
def withdraw_practice(door: Here, who: Me, key: str) -> answers.Practice:
    """End an own practice run."""
    return answers.Practice.of(for_researchers.withdraw_practice(door.lab, who, key))


@router.post("/submissions")
def submit(door: Here, who: Me, body: Submit) -> answers.TakenIn:
    """Hand a method in for scoring."""
    return taken_in(door, who.name, body)


@router.get("/submissions/{id}")
async def submission(door: Here, caller: Somebody, id: str, wait: float = 0.0) -> answers.Submission:
    """A submission's status; with `wait`, once it is decided."""

    def find() -> tuple[submissions.Submission, answers.Submission]:
        return for_researchers.submission(door.lab, caller.researcher, id)

    _, answer = await door.waiters.wait(
        caller.token or caller.name, find, lambda result: result[0].stage == "done", wait, subjects=[id]
    )
    return answer


@router.delete("/submissions/{id}")
def withdraw(door: Here, who: Me, id: str) -> answers.Submission:
    """End an own submission that is not decided yet."""
    return for_researchers.withdraw(door.lab, who, id)


@router.get("/submissions/{id}/files")
def files(door: Here, caller: Somebody, id: str) -> answers.Code:
    """The code of a submission."""
    return for_researchers.files(door.lab, caller.researcher, id)


def taken_in(door: Door, author: str, body: Submit) -> answers.TakenIn:
    """Hand a method in for `author`; what is told of it then."""
    row = door.lab.submit(
        author,
        files=body.files,
        title=body.title,
        summary=body.summary,
        parents=body.parents,
        claim=body.claim,
        request=body.request_id,
    )
    return answers.TakenIn(**vars(answers.Submission.of(row, {})), submission=row.id)
