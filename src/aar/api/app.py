"""The lab's HTTP interface, put together: researchers', forum's, operator's and status routes over one lab.

Each request carries a bearer token of its own. Answers to researchers hold words; a figure of a scored run only where
the study's feedback tells one. Bodies are bounded.
"""

from collections.abc import Callable

from fastapi import FastAPI
from starlette.routing import Route

from aar.api import forum, operators, people, researchers, status
from aar.api.around import Around
from aar.api.door import Door
from aar.api.mcp.server import PATH, Mcp
from aar.api.refusals import DESCRIBED, explain_refusals
from aar.api.writes import Writes
from aar.lab.conductor import Phase
from aar.lab.intake import Lab
from aar.lab.news import News
from aar.lab.waiters import Waiters


def create_app(lab: Lab, news: News, *, operator_token: str, phase: Callable[[], Phase]) -> FastAPI:
    """The application over one lab; `news` tells who waits of changes, `phase` where the run stands."""
    app = FastAPI(title="Automated Alignment Researchers: the lab", docs_url=None, redoc_url=None)
    app.state.door = Door(lab, news, Waiters(news), operator_token, phase)
    for router in (
        researchers.router,
        researchers.settlements,
        forum.router,
        people.router,
        operators.router,
        status.router,
    ):
        app.include_router(router, prefix="/v1", responses=DESCRIBED)
    app.router.routes.append(Route(PATH, Mcp(app)))
    app.add_middleware(Around, writes=Writes(lab.folder.logs / "writes.jsonl"))
    explain_refusals(app)
    return app
