"""A lab that decides by a hidden rule instead of running code: for tests of researchers alone.

`FakeLab.answer` speaks the lab's interface; `serve` puts it on a real port; `FakeTools` stands in for the
tools and the workspace where a test needs no Inspect.
"""

from __future__ import annotations

import contextlib
import json
import threading
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from http import HTTPStatus
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qs, urlsplit

import fake_calls
from pydantic import BaseModel, ValidationError

from aar.api import requests
from aar.researchers import directions, refusals
from aar.researchers.evolution.calls import Call
from aar.researchers.evolution.genome import BadGenome, Genome, from_source
from aar.researchers.evolution.memory import Memory
from aar.researchers.evolution.policy import Answer, Policy
from aar.researchers.evolution.searches import Search

BODIES: dict[str, type[BaseModel]] = {
    "POST /v1/forum": requests.Finding,
    "POST /v1/forum/comments": requests.Remark,
    "POST /v1/forum/vote": requests.Vote,
    "POST /v1/practice": requests.Practice,
    "POST /v1/submissions": requests.Submit,
    "POST /v1/progress": requests.Doing,
    "POST /v1/messages/read": requests.Read,
    "POST /v1/calls": requests.Call,
    "POST /v1/calls/id": requests.Used,
    "POST /v1/trouble": requests.Trouble,
    "POST /v1/state": requests.State,
}
"""What the lab itself accepts, by route without the post's number."""


class Declined(Exception):
    def __init__(self, code: int, kind: str, message: str, **more: str) -> None:
        super().__init__(message)
        self.code, self.kind, self.more = code, kind, more


def merit(genome: Genome) -> float:
    """A made-up PGR in the spirit of what was measured: elicited signals help, copying the weak labels does not."""
    signals = set(genome.signals)
    value = 0.24
    if "zero_shot" in signals:
        value = 0.5 + 0.1 * (0.5 <= genome.keep <= 0.8)
    if {"weak", "zero_shot", "likelihood"} <= signals:
        value = 0.58 + 0.06 * (genome.combine != "sum")
    return value + 0.04 * (genome.students > 1) + 0.03 * genome.agree


def _checked(verb: str, path: str, params: dict[str, str], body: dict[str, Any]) -> dict[str, Any]:
    """The body with what it leaves out; a malformed request is declined as the lab declines it."""
    parts = path.split("/")
    try:
        float(params.get("wait", 0.0))
        if path == "/v1/forum":
            int(params.get("after", 0))
        if len(parts) == 5 and parts[2] == "forum":
            int(parts[3])
            path = f"/v1/forum/{parts[4]}"
        if len(parts) == 4 and parts[2] == "calls":
            path = "/v1/calls/id"
        model = BODIES.get(f"{verb} {path}")
        return body if model is None else {**body, **model(**body).model_dump(mode="json")}
    except (ValidationError, ValueError) as error:
        raise Declined(422, "BadRequest", str(error)) from None


@dataclass
class FakeLab:
    researchers: tuple[str, ...] = ("r1", "r2", "r3")
    directions: tuple[str, ...] = ("elicitation", "noise", "selection")
    forum: bool = True
    minutes: float = 6.0
    submissions_each: int = 6
    verdict_minutes: float = 0.5
    minutes_a_look: float = 0.01
    record: float = 0.42
    down: int = 0
    practice_error: str = ""
    undecided: bool = False
    """Whether verdicts never come."""
    refusal: tuple[str, str] | None = None
    """How every submission is declined: the error's name and its words."""
    versions: bool = True
    """Whether the lab can tell that something has changed."""
    submissions: dict[str, dict[str, Any]] = field(default_factory=dict)
    posts: list[dict[str, Any]] = field(default_factory=list)
    runs: dict[str, dict[str, Any]] = field(default_factory=dict)
    done_requests: dict[str, dict[str, Any]] = field(default_factory=dict)
    progress: list[tuple[str, str, str]] = field(default_factory=list)
    requests: list[tuple[str, float]] = field(default_factory=list)
    calls: fake_calls.Calls = field(default_factory=fake_calls.Calls)
    paused: set[str] = field(default_factory=set)
    messages: dict[str, list[dict[str, Any]]] = field(default_factory=dict)
    """What a person has told each researcher, until it is read."""
    stopped: str | None = None
    stop_of: str = "study"
    """Why the lab is over before its time and its submissions are."""
    votes: list[tuple[str, int, int]] = field(default_factory=list)
    finished: set[str] = field(default_factory=set)
    lock: threading.Lock = field(default_factory=threading.Lock)

    def answer(
        self, who: str, verb: str, path: str, params: dict[str, str], body: dict[str, Any]
    ) -> dict[str, Any]:
        """What the lab says; a request with `wait` is held until something changes or that many seconds are over."""
        body = _checked(verb, path, params, body)
        end = time.monotonic() + float(params.get("wait", 0.0))
        with self.lock:
            self.requests.append((f"{verb} {path}", time.monotonic()))
        while True:
            with self.lock:
                request = body.get("request_id")
                if request in self.done_requests:
                    return self.done_requests[request]
                answer = self._answer(who, f"{verb} {path}", params, body)
                if request:
                    self.done_requests[request] = answer
            same = answer.get("status") == "pending" or answer.get("version", "") == params.get("after")
            if not same or time.monotonic() >= end:
                return answer
            time.sleep(0.05)

    def _answer(self, who: str, what: str, params: dict[str, str], body: dict[str, Any]) -> dict[str, Any]:
        if "/v1/forum" in what and not self.forum:
            raise Declined(403, "NotAllowed", "the forum is closed in this study")
        if what.startswith("GET "):
            return self._shown(who, what, params)
        return self._taken(who, what, body)

    def _shown(self, who: str, what: str, params: dict[str, str]) -> dict[str, Any]:
        parts = what.split("/")
        if what == "GET /v1/me":
            self.minutes -= self.minutes_a_look
            return self._me(who)
        if what == "GET /v1/brief":
            named = self.directions[self.researchers.index(who)]
            direction = directions.text(named) if named in directions.names() else named
            return {"version": "0", "text": f"# Your task\n\n# Your direction\n\n{direction}"}
        if what == "GET /v1/leaderboard":
            good = [one for one in self.submissions.values() if one["status"] == "verified"]
            good.sort(key=lambda one: -one["merit"])
            rest = [one for one in self.submissions.values() if one["status"] != "verified"]
            entries = [
                {
                    "rank": good.index(one) + 1 if one in good else None,
                    "submission": one["id"],
                    **{key: one[key] for key in ("researcher", "title", "status", "parents")},
                }
                for one in [*good, *rest]
            ]
            return {"record": "above the baselines" if good else "no record yet", "entries": entries}
        if what == "GET /v1/forum":
            posts = [post for post in self.posts if post["id"] > int(params.get("after", 0))]
            return {"posts": [self._post(post) for post in posts]}
        if what.startswith("GET /v1/practice/"):
            return _named(self.runs, parts[3], "practice run")
        if what.startswith("GET /v1/submissions/") and what.endswith("/files"):
            one = _named(self.submissions, parts[3], "submission")
            if not self.forum and one["researcher"] != who:
                raise Declined(
                    403, "NotAllowed", "others' code is closed together with the forum in this study"
                )
            return {**self._public(one), "files": one["files"]}
        if what.startswith("GET /v1/submissions/"):
            return self._decided(parts[3])
        raise Declined(404, "NotFound", f"nothing at {what}")

    def _taken(self, who: str, what: str, body: dict[str, Any]) -> dict[str, Any]:
        parts = what.split("/")
        if what == "POST /v1/forum":
            post = {key: body[key] for key in ("kind", "title", "body")}
            for name in body["submissions"]:
                _named(self.submissions, name, "submission")
            number = len(self.posts) + 1
            self.posts.append(
                {
                    "id": number,
                    "researcher": who,
                    **post,
                    "cited": body["submissions"],
                    "votes": 0,
                    "comments": [],
                }
            )
            return {"id": number}
        if what.endswith("/comments"):
            comments = self._post_of(parts[3])["comments"]
            comments.append({"researcher": who, "body": body["body"]})
            return {"id": len(comments)}
        if what.endswith("/vote"):
            self._post_of(parts[3])["votes"] += body["value"]
            self.votes.append((who, int(parts[3]), body["value"]))
            return {}
        if what == "POST /v1/practice":
            run = f"p{len(self.runs) + 1}"
            self.runs[run] = {"run": run, **self._practised(body["files"])}
            return {"run": run}
        if what == "POST /v1/submissions":
            return self._submit(who, body)
        if what == "POST /v1/progress":
            self.progress.append((who, body["activity"], body["text"]))
            return {}
        if what == "POST /v1/messages/read":
            left = [one for one in self.messages.get(who, []) if one["id"] > body["up_to"]]
            self.messages[who] = left
            return {}
        if what.startswith("POST /v1/calls/"):
            _named(self.calls.by_id, parts[3], "call")
        if parts[2].startswith("calls") or what in ("POST /v1/trouble", "POST /v1/state"):
            if not self.calls.taken(who, what.removeprefix("POST "), body):
                raise Declined(429, "OverBudget", "the study's budget is spent", budget="usd", whose="study")
            if body.get("state") == "finished":
                self.finished.add(who)
            return {"allowed": True} if what == "POST /v1/calls" else {}
        raise Declined(404, "NotFound", f"nothing at {what}")

    def _me(self, who: str) -> dict[str, Any]:
        own = [one for one in self.submissions.values() if one["researcher"] == who]
        left = self.submissions_each - len(own)
        reason = self._stop_reason(left)
        stop = reason is not None
        statuses = ",".join(f"{one['id']}={one['status']}" for one in own)
        steered = (who in self.paused, len(self.messages.get(who, [])))
        version = f"{statuses};{len(self.posts)};{stop};{steered}"
        return {
            **({"version": version} if self.versions else {}),
            "researcher": who,
            "direction": self.directions[self.researchers.index(who)],
            "testbed": "mini-chat",
            "minutes_left": max(0.0, self.minutes),
            "submissions_left": left,
            "stop": stop,
            "stop_reason": reason,
            "stop_of": self.stop_of if reason in ("time", "usd", "tokens") else None,
            "spending": self.calls.spending(),
            "paused": who in self.paused,
            "messages": self.messages.get(who, []),
            "forum": self.forum,
            "feedback": "ladder",
            "queue": {
                "runs_queued": 0,
                "nominal_minutes_until_done": 0.0,
                "failures_in_a_row": 0,
                "wait_seconds": 0.0,
            },
            "submissions": [self._public(one) for one in own],
        }

    def _stop_reason(self, left: int) -> str | None:
        if self.stopped is not None:
            return self.stopped
        if self.minutes <= 0:
            return "time"
        if self.calls.spent_out:
            return "usd"
        return "submissions" if left == 0 else None

    def _public(self, one: dict[str, Any]) -> dict[str, Any]:
        return {key: one[key] for key in ("id", "title", "researcher", "status", "reply", "parents")}

    def _post_of(self, number: str) -> dict[str, Any]:
        if not 0 < int(number) <= len(self.posts):
            raise Declined(404, "NotFound", f"no post {number}")
        return self.posts[int(number) - 1]

    def _post(self, post: dict[str, Any]) -> dict[str, Any]:
        shown = {key: value for key, value in post.items() if key != "cited"}
        return {**shown, "submissions": self._cited(post), "at": 0.0}

    def _cited(self, post: dict[str, Any]) -> list[dict[str, Any]]:
        return [{"id": name, "status": self.submissions[name]["status"]} for name in post["cited"]]

    def _practised(self, files: dict[str, str]) -> dict[str, Any]:
        known = {"trained_on_share": None, "logged": {}, "nominal_minutes": 0.1}
        if self.practice_error:
            error = {"type": "ValueError", "file": "method.py", "line": 3, "message": self.practice_error}
            none = {"agreement_with_weak": None, "class1_share": None}
            return {"state": "failed", "status": "failed", "error": error, **none, **known}
        figures = {"agreement_with_weak": 0.7, "class1_share": 0.5}
        return {"state": "done", "status": "ok", "error": None, **figures, **known}

    def _submit(self, who: str, body: dict[str, Any]) -> dict[str, Any]:
        if self.refusal is not None:
            raise Declined(429, *self.refusal)
        if self._me(who)["submissions_left"] <= 0:
            raise Declined(429, "OverBudget", f"all submissions of {who} are used")
        for parent in body["parents"]:
            _named(self.submissions, parent, "submission")
        name = f"s{len(self.submissions) + 1}"
        try:
            value = merit(from_source(body["files"]["method.py"]))
        except BadGenome:
            value = 0.1
        known = {key: body[key] for key in ("files", "title", "parents")}
        self.submissions[name] = {
            "id": name, "researcher": who, "status": "pending", "reply": "", "merit": value, **known
        }  # fmt: skip
        return {**self._public(self.submissions[name]), "submission": name}

    def _decided(self, name: str) -> dict[str, Any]:
        one = _named(self.submissions, name, "submission")
        if one["status"] == "pending" and not self.undecided:
            self.minutes -= self.verdict_minutes / len(self.researchers)
            better = one["merit"] > self.record + 0.05
            one["status"] = "verified" if better else "no_improvement"
            one["reply"] = "reproduced on fresh seeds" if better else "no clear step over the record"
            self.record = max(self.record, one["merit"])
        return self._public(one)


def _named(known: dict[str, dict[str, Any]], name: str, kind: str) -> dict[str, Any]:
    if name not in known:
        raise Declined(404, "NotFound", f"no {kind} {name!r}")
    return known[name]


class FakeTools:
    """Tools and workspace of one researcher, in memory."""

    def __init__(self, lab: FakeLab, researcher: str) -> None:
        self.lab, self.researcher = lab, researcher
        self.files: dict[str, str] = {}
        self.calls: list[Call] = []

    def use(self, call: Call) -> Answer:
        self.calls.append(call)
        if not call.tool:
            return Answer()
        try:
            found = self._use(call.tool, call.arguments)
        except Declined as declined:
            error = f"[{declined.kind}] {declined}"
            return Answer(error=error, refusal=refusals.read(error))
        return Answer(text=found if isinstance(found, str) else json.dumps(found))

    def _use(self, tool: str, given: dict[str, Any]) -> Any:
        def ask(verb: str, path: str, **body: Any) -> dict[str, Any]:
            return self.lab.answer(self.researcher, verb, path, {}, body)

        if tool == "read_file":
            if given["path"] not in self.files:
                raise Declined(404, "FileNotFoundError", "no such file")
            return self.files[given["path"]]
        if tool == "write_file":
            self.files[given["path"]] = given["content"]
            return "wrote"
        if tool == "wait_for_news":
            self.lab.minutes -= 0.1
            return ask("GET", "/v1/me")
        if tool == "read_forum":
            return self.lab.answer(self.researcher, "GET", "/v1/forum", {"after": str(given["after"])}, {})
        if tool == "fetch_submission":
            found = ask("GET", f"/v1/submissions/{given['submission']}/files")
            for name, text in found.pop("files").items():
                self.files[f"others/{given['submission']}/{name}"] = text
            return found
        if tool in ("practice", "submit_method"):
            files = {"method.py": self.files[f"{given['folder']}/method.py"]}
            if tool == "practice":
                return self.lab.runs[ask("POST", "/v1/practice", files=files)["run"]]
            said = {key: given[key] for key in ("title", "parents")}
            return ask("POST", "/v1/submissions", files=files, **said)
        if tool == "wait_for_verdict":
            answer = ask("GET", f"/v1/submissions/{given['submission']}")
            return {**answer, "stop": ask("GET", "/v1/me")["stop"]}
        if tool == "post_finding":
            return ask("POST", "/v1/forum", **given)
        if tool == "comment":
            return ask("POST", f"/v1/forum/{given['post']}/comments", body=given["body"])
        if tool == "vote":
            return ask("POST", f"/v1/forum/{given['post']}/vote", value=given["value"])
        return ask("GET", {"my_status": "/v1/me", "leaderboard": "/v1/leaderboard"}[tool])


def research(
    lab: FakeLab, *, seed: int, turns: int = 400, search: Search = Search.EVOLUTION
) -> dict[str, FakeTools]:
    """Let the lab's researchers take turns until its time is over."""
    minds = {name: (Policy(researcher=name, seed=seed, search=search), Memory()) for name in lab.researchers}
    tools = {name: FakeTools(lab, name) for name in lab.researchers}
    answers = {name: Answer() for name in lab.researchers}
    for _ in range(turns):
        if lab.minutes <= 0:
            break
        for name, (policy, memory) in minds.items():
            call = policy.step(memory, answers[name])
            answers[name] = tools[name].use(call) if call.tool else Answer()
    return tools


def problem(status: int, code: str, detail: str) -> dict[str, object]:
    """A refusal as the lab tells it."""
    title = HTTPStatus(status).phrase
    return {"code": code, "detail": detail, "type": "about:blank", "title": title, "status": status}


@contextlib.contextmanager
def serve(lab: FakeLab, tokens: dict[str, str]) -> Iterator[str]:
    """The lab on a free port; `tokens` name the researchers. While `lab.down` is above 0 it answers 503."""

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def _do(self) -> None:
            size = int(self.headers.get("content-length") or 0)
            body = json.loads(self.rfile.read(size)) if size else {}
            who = tokens.get(self.headers.get("authorization", "").removeprefix("Bearer "))
            url = urlsplit(self.path)
            params = {key: values[0] for key, values in parse_qs(url.query).items()}
            code, answer = 200, {}
            if lab.down > 0:
                lab.down -= 1
                code, answer = 503, {"code": "Down", "detail": "restarting"}
            elif self.command == "POST" and size == 0:
                code, answer = 413, problem(413, "BadRequest", "a body with its length is needed")
            elif who is None:
                code, answer = 403, problem(403, "NotAllowed", "this token belongs to no researcher")
            else:
                try:
                    answer = lab.answer(who, self.command, url.path, params, body)
                except Declined as declined:
                    told = problem(declined.code, declined.kind, str(declined))
                    code, answer = declined.code, {**told, **declined.more}
            data = json.dumps(answer).encode()
            self.send_response(code)
            self.send_header("content-type", "application/json")
            self.send_header("content-length", str(len(data)))
            self.end_headers()
            self.wfile.write(data)

        do_GET = do_POST = _do

        def log_message(self, format: str, *args: object) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_port}"
    finally:
        server.shutdown()
        server.server_close()
        thread.join()
        time.sleep(0)
