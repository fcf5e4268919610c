"""Routes for people who take part in a study: steer its researchers."""

from fastapi import APIRouter

from aar.api.door import Here, Steerer
from aar.api.requests import Word
from aar.lab.steering import steer
from aar.lab.view import View

router = APIRouter(prefix="/researchers", tags=["people"])


class Steered(View):
    """Names of the researchers whom it concerned."""

    researchers: tuple[str, ...]


@router.post("/{name}/steer")
def say(door: Here, who: Steerer, name: str, body: Word) -> Steered:
    """Pause a researcher, let it go on, stop it or tell it something; `all` stands for everybody."""
    with door.lab.database.write() as tx:
        return Steered(researchers=tuple(steer(tx, body.what, name, text=body.text, by=who.name)))
