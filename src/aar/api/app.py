"""The lab's HTTP interface: what researchers' tools and the terminal call, each with its own bearer token.

Answers to researchers hold words; a figure of a scored run only where the study's feedback tells one. Bodies are
bounded; every refusal is `{"error": type, "message": text}`.
"""

import asyncio
import secrets
import time
from collections import Counter
from collections.abc import Callable
from typing import Annotated, Any, TypeVar

from fastapi import Depends, FastAPI, Header, Request
from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse, Response

from aar import ledger
from aar.api.prices import price
from aar.api.requests import (
    Cancel,
    Doing,
    Finding,
    OperatorSubmit,
    Practice,
    Remark,
    State,
    Submit,
    Usage,
    Vote,
)
from aar.database import progress, researchers, runs, submissions
from aar.database.researchers import Role
from aar.errors import BadRequest, NotAllowed, NotNow, OverBudget, Refused
from aar.lab import answers, cancellation
from aar.lab.conductor import Phase
from aar.lab.intake import Lab, printable
from aar.lab.news import News
from aar.lab.standings import leaderboard as ranks
from aar.lab.standings import standing_of
from aar.lab.status import status as shown
from w2s.errors import NotFound, W2SError

MOST_BODY_BYTES = 256 * 1024
MOST_WAIT_SECONDS = 60.0
LEAST_SECONDS = 0.25
"""Between two looks for one who waits, however much happens."""
MOST_HANGING = 16
"""Requests of one researcher that may hang at a time; further ones are answered at once, so that they cost it only."""

Found = TypeVar("Found")


def create_app(lab: Lab, news: News, *, operator_token: str, phase: Callable[[], Phase]) -> FastAPI:
    """The application over one lab; `news` tells who waits of changes, `phase` where the run stands."""
    app = FastAPI(title="Automated Alignment Researchers: the lab", docs_url=None, redoc_url=None)
    hanging: Counter[str] = Counter()

    async def wait_for(
        who: researchers.Researcher, find: Callable[[], Found], done: Callable[[Found], bool], seconds: float
    ) -> Found:
        hanging[who.name] += 1
        try:
            return await _wait(news, find, done, seconds if hanging[who.name] <= MOST_HANGING else 0.0)
        finally:
            hanging[who.name] -= 1

    def researcher(authorization: Annotated[str, Header()] = "") -> researchers.Researcher:
        token = authorization.removeprefix("Bearer ")
        with lab.database.read() as tx:
            found = researchers.by_token(tx, token) if token else None
        if found is None:
            raise NotAllowed("this token belongs to no researcher of this lab")
        return found

    def operator(authorization: Annotated[str, Header()] = "") -> None:
        given = authorization.removeprefix("Bearer ").encode("utf-8", "replace")
        if not secrets.compare_digest(given, operator_token.encode()):
            raise NotAllowed("this is for the person who runs the lab")

    def on_forum(me: Annotated[researchers.Researcher, Depends(researcher)]) -> researchers.Researcher:
        if not me.forum:
            raise NotAllowed("the forum is closed in this study")
        return me

    Me = Annotated[researchers.Researcher, Depends(researcher)]  # noqa: N806
    Member = Annotated[researchers.Researcher, Depends(on_forum)]  # noqa: N806
    Operator = Depends(operator)  # noqa: N806

    def about(who: researchers.Researcher) -> dict[str, Any]:
        with lab.database.read() as tx:
            return standing_of(lab, tx, researchers.get(tx, who.name), phase())

    @app.get("/v1/me")
    async def me(who: Me, wait: float = 0.0, after: str = "") -> dict[str, Any]:
        return await wait_for(who, lambda: about(who), lambda found: found["version"] != after, wait)

    @app.get("/v1/leaderboard")
    def leaderboard(who: Me) -> dict[str, Any]:
        with lab.database.read() as tx:
            return ranks(tx, only=None if who.forum else who.name, scores=lab.scores(tx))

    @app.post("/v1/progress")
    def note(who: Me, doing: Doing) -> dict[str, Any]:
        with lab.database.write() as tx:
            progress.add(tx, who.name, doing.activity, printable(doing.text))
            if who.state == "waiting":
                researchers.set_state(tx, who.name, "working")
        return {}

    @app.post("/v1/state")
    def set_state(who: Me, wanted: State) -> dict[str, Any]:
        with lab.database.write() as tx:
            researchers.set_state(tx, who.name, wanted.state)
        return {}

    @app.post("/v1/usage")
    def usage(who: Me, used: Usage) -> dict[str, Any]:
        with lab.database.write() as tx:
            ledger.record_charge(
                tx,
                f"model:{who.name}:{used.request_id}",
                researcher=who.name,
                kind="model",
                input_tokens=used.input_tokens,
                output_tokens=used.output_tokens,
                money_usd=price(used.model, used.input_tokens, used.output_tokens),
            )
        return {}

    @app.get("/v1/forum")
    def read_forum(who: Member, after: int = 0) -> dict[str, Any]:
        return {"posts": [answers.post(post) for post in lab.forum.list(after=after)]}

    @app.post("/v1/forum")
    def write_forum(who: Member, finding: Finding) -> dict[str, Any]:
        made = lab.forum.post(
            who.name,
            kind=finding.kind,
            title=finding.title,
            body=finding.body,
            submissions=finding.submissions,
            request=finding.request_id,
        )
        return {"id": made}

    @app.post("/v1/forum/{post}/comments")
    def comment(who: Member, post: int, remark: Remark) -> dict[str, Any]:
        return {"id": lab.forum.comment(post, who.name, remark.body)}

    @app.post("/v1/forum/{post}/vote")
    def vote(who: Member, post: int, given: Vote) -> dict[str, Any]:
        lab.forum.vote(post, who.name, given.value)
        return {}

    @app.post("/v1/practice")
    def practice(who: Me, wanted: Practice) -> dict[str, Any]:
        return {"run": lab.practice(who.name, wanted.files)}

    @app.get("/v1/practice/{key}")
    async def practised(who: Me, key: str, wait: float = 0.0) -> dict[str, Any]:
        def find() -> runs.Run:
            with lab.database.read() as tx:
                run = runs.find(tx, key)
            if run is None or run.split != "practice":
                raise NotFound(f"no practice run {key!r}; POST /v1/practice names one")
            return run

        run = await wait_for(who, find, lambda run: run.state in runs.ENDED, wait)
        return answers.practice(run)

    @app.delete("/v1/practice/{key}")
    def withdraw_practice(who: Me, key: str) -> dict[str, Any]:
        with lab.database.write() as tx:
            cancellation.withdraw_practice(tx, who.name, key)
            return answers.practice(runs.get(tx, key))

    @app.post("/v1/submissions")
    def submit(who: Me, wanted: Submit) -> dict[str, Any]:
        return _submit(lab, who.name, wanted)

    @app.get("/v1/submissions/{one}")
    async def submission(who: Me, one: str, wait: float = 0.0) -> dict[str, Any]:
        def find() -> tuple[submissions.Submission, dict[str, Any]]:
            with lab.database.read() as tx:
                found = submissions.get(tx, one)
                public = answers.public(found, lab.scores(tx))
            if not who.forum and found.researcher != who.name and found.role is not Role.BASELINE:
                raise NotAllowed("others' submissions are closed together with the forum in this study")
            return found, public

        return (await wait_for(who, find, lambda found: found[0].stage == "done", wait))[1]

    @app.delete("/v1/submissions/{one}")
    def withdraw(who: Me, one: str) -> dict[str, Any]:
        with lab.database.write() as tx:
            cancellation.withdraw(tx, who.name, one)
            return answers.public(submissions.get(tx, one), lab.scores(tx))

    @app.get("/v1/submissions/{one}/files")
    def files(who: Me, one: str) -> dict[str, Any]:
        with lab.database.read() as tx:
            found, scores = submissions.get(tx, one), lab.scores(tx)
        if not who.forum and found.researcher != who.name and found.role is not Role.BASELINE:
            raise NotAllowed("others' code is closed together with the forum in this study")
        return {**answers.public(found, scores), "files": lab.snapshots.get(found.commit)}

    @app.post("/v1/operator/submissions", dependencies=[Operator])
    def operator_submit(wanted: OperatorSubmit) -> dict[str, Any]:
        who = researchers.FRESH if wanted.fresh else researchers.OPERATOR
        with lab.database.write() as tx:
            researchers.add(tx, who)
        return _submit(lab, who, wanted)

    @app.post("/v1/operator/cancel", dependencies=[Operator])
    def cancel(wanted: Cancel) -> dict[str, Any]:
        with lab.database.write() as tx:
            ended = cancellation.cancel(tx, wanted.what, reason=printable(wanted.reason))
        return {"submissions": list(ended.submissions), "queued": ended.queued, "running": ended.running}

    @app.post("/v1/operator/researchers/{name}/stopped", dependencies=[Operator])
    def stopped(name: str) -> dict[str, Any]:
        with lab.database.write() as tx:
            if researchers.get(tx, name).state != "finished":  # its own word stands
                researchers.set_state(tx, name, "stopped")
        return {}

    @app.get("/v1/status", dependencies=[Operator])
    async def status(wait: float = 0.0, after: int = -1) -> dict[str, Any]:
        """The state of the run; with `after` a version that is still the present one, that version alone."""
        version = await news.after(after, max(0.0, min(MOST_WAIT_SECONDS, wait)))
        if version == after:
            return {"version": version}
        return {**await asyncio.to_thread(shown, lab, phase()), "version": version}

    @app.middleware("http")
    async def bounded(request: Request, proceed: Callable[[Request], Any]) -> Response:
        length = request.headers.get("content-length", "0")
        if request.method == "POST" and (
            not length.isdigit() or int(length) > MOST_BODY_BYTES or length == "0"
        ):
            return _refusal(
                BadRequest(f"a body of 1 to {MOST_BODY_BYTES} bytes with its length is needed"), 413
            )
        answer: Response = await proceed(request)
        return answer

    @app.exception_handler(W2SError)
    async def refused(request: Request, error: W2SError) -> Response:
        return _refusal(error, _code(error))

    @app.exception_handler(RequestValidationError)
    async def malformed(request: Request, error: RequestValidationError) -> Response:
        first = error.errors()[0]
        where = ".".join(str(part) for part in first["loc"])
        return _refusal(BadRequest(f"{where}: {first['msg']}"), 422)

    return app


def _submit(lab: Lab, researcher: str, wanted: Submit) -> dict[str, Any]:
    made = lab.submit(
        researcher,
        files=wanted.files,
        title=wanted.title,
        summary=wanted.summary,
        parents=wanted.parents,
        claim=wanted.claim,
        request=wanted.request_id,
    )
    return {**answers.public(made, {}), "submission": made.id}


async def _wait(
    news: News, find: Callable[[], Found], done: Callable[[Found], bool], seconds: float
) -> Found:
    # in this order: a wait that is no number would last for ever
    end = time.monotonic() + max(0.0, min(MOST_WAIT_SECONDS, seconds))
    while True:
        version = news.version
        found = await asyncio.to_thread(find)
        left = end - time.monotonic()
        if done(found) or left <= 0:
            return found
        await asyncio.sleep(min(LEAST_SECONDS, left))
        await news.after(version, max(0.0, end - time.monotonic()))


def _code(error: W2SError) -> int:
    if isinstance(error, NotFound):
        return 404
    if isinstance(error, NotAllowed):
        return 403
    if isinstance(error, OverBudget | NotNow):
        return 429
    return 400 if isinstance(error, Refused) else 500


def _refusal(error: W2SError, code: int) -> Response:
    return JSONResponse({"error": type(error).__name__, "message": str(error)}, status_code=code)
