"""The launcher's line to its lab: over loopback, through no proxy, and whatever answers is doubted first.

Covered: a proxy in the environment (it sees neither tokens nor requests), a lab that restarts, an answer of 500, an
answer of somebody else's program. Not covered: a program that speaks the lab's own language on its port; it cannot
get there, since the launcher itself holds the listening socket.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import httpx

from aar.errors import AarError, LabUnreachable

SLACK_SECONDS = 10.0
SUBMIT_SECONDS = 60.0


class OperatorClient:
    """Speaks to the lab at `url` as the person who runs it.

    `trouble` says why the last question had no answer; empty if it had one.
    """

    def __init__(self, url: str, token: str, *, transport: httpx.BaseTransport | None = None) -> None:
        self.url = url
        self.trouble = ""
        self._http = httpx.Client(
            base_url=url, headers={"Authorization": f"Bearer {token}"}, trust_env=False, transport=transport
        )

    def close(self) -> None:
        """Close the connection."""
        self._http.close()

    def status(
        self, *, wait: float = 0.0, after: int = -1, patience: float = SLACK_SECONDS
    ) -> dict[str, Any] | None:
        """The state of the run once it is another than version `after` (only its version if it is not, after `wait` s).

        None where nobody answers as a lab does; `trouble` then says what came instead.
        """
        answer = self._ask("GET", "/v1/status", wait + patience, params={"wait": wait, "after": after})
        if answer is not None and not isinstance(answer.get("version"), int):
            self.trouble = "something that is no lab answered"
            return None
        return answer

    def submit(self, files: Mapping[str, str], *, title: str, fresh: bool = False) -> str:
        """Hand in a method; its submission's id. `AarError` with the lab's words if it is declined."""
        body = {"files": dict(files), "title": title, "fresh": fresh}
        answer = self._ask("POST", "/v1/operator/submissions", SUBMIT_SECONDS, json=body)
        if answer is None:
            raise AarError(f"the method was not taken in: {self.trouble}")
        if not isinstance(answer.get("submission"), str):
            raise LabUnreachable(f"something that is no lab answers at {self.url}; start the command again")
        return str(answer["submission"])

    def stopped(self, researcher: str) -> bool:
        """Tell the lab that a researcher will not work any more; whether it heard."""
        return self._says(researcher, "stopped")

    def restarts(self, researcher: str) -> bool:
        """Tell the lab that a researcher's process has died and is started again; whether it heard."""
        return self._says(researcher, "restarts")

    def _says(self, researcher: str, what: str) -> bool:
        path = f"/v1/operator/researchers/{researcher}/{what}"
        return self._ask("POST", path, SLACK_SECONDS, json={"on": 1}) is not None

    def _ask(self, verb: str, path: str, seconds: float, **content: Any) -> dict[str, Any] | None:
        try:
            response = self._http.request(verb, path, timeout=seconds, **content)
            body = response.json()
        except httpx.HTTPError as error:
            self.trouble = f"{type(error).__name__}: {error}"
            return None
        except ValueError:
            self.trouble = f"HTTP {response.status_code} and no JSON"
            return None
        if response.status_code != 200 or not isinstance(body, dict):
            message = body.get("detail") if isinstance(body, dict) else None
            self.trouble = str(message or f"HTTP {response.status_code}")
            return None
        self.trouble = ""
        return body
