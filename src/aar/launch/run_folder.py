"""A new run's folder: its description, and the definition of a testbed that does not ship."""

from __future__ import annotations

from datetime import datetime

from aar.errors import LabFolderError, SettingsError
from aar.folder import LabFolder
from aar.launch import place
from aar.sandboxes import refuse_shown
from aar.settings import Settings
from w2s import methods
from w2s.errors import BadMethod, NotFound
from w2s.files import write_whole
from w2s.testbeds import Testbed, load
from w2s.testbeds.real.definition_file import read_definition
from w2s.testbeds.real.definition_text import as_toml
from w2s.testbeds.real.hub import with_local_models


def make(folder: LabFolder, settings: Settings, testbed: Testbed | None = None) -> None:
    """The folder with its description, or an error before anything is started.

    A testbed that does not ship leaves its definition here, with folders for its models, and where its items
    are: later processes have no network and not our environment.
    """
    refuse_shown(folder.path)
    for name in settings.baselines:
        try:
            methods.source(name)
        except (NotFound, BadMethod) as error:
            raise SettingsError(f"baselines hold {name!r}: {error}") from error
    try:
        folder.path.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise LabFolderError(
            f"cannot make the folder {folder.path} ({error.strerror}); name another one"
        ) from error
    place.check(folder.path)
    if not folder.description.exists():
        testbed = testbed or load(settings.testbed)
        description = {
            "settings": settings.as_json(),
            "testbed": settings.testbed,
            "created": f"{datetime.now():%Y-%m-%d %H:%M:%S}",
        }
        if testbed.folder is not None:
            description["items"] = str(testbed.folder)
            definition = with_local_models(read_definition(testbed.folder))
            write_whole(folder.definition, as_toml(definition))
        folder.describe(description)
