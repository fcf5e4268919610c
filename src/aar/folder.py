"""Layout of one lab's folder on disk: a run folder is a lab folder."""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from aar import storage_url
from aar.errors import LabFolderError, WrongFormat
from w2s.files import write_whole

FORMAT = 1


@dataclass(frozen=True)
class LabFolder:
    """The paths of a lab; `vault` is opened by the scorer alone, `service` by student services."""

    path: Path

    @property
    def description(self) -> Path:
        """File that describes the lab: format, testbed, settings. No secrets."""
        return self.path / "lab.json"

    @property
    def definition(self) -> Path:
        """The definition of a testbed that does not ship, its models as folders of this machine. No items."""
        return self.path / "testbed.toml"

    @property
    def database(self) -> Path:
        """The SQLite database, in a folder that lab and scorer share."""
        return self.path / "db" / "lab.db"

    @property
    def storage(self) -> Path | str:
        """Argument of `aar.database.open`: the URL in the run's settings, or else the file of this folder.

        `LabFolderError` if the URL cannot be, or if it or a link leads to an SQLite file outside this folder's `db`.
        """
        try:
            settings = self.read_description().get("settings")
        except WrongFormat:  # the reader of the settings says so; the ledger can be verified all the same
            settings = None
        text = settings.get("storage") if isinstance(settings, dict) else None
        if text is None:
            return self._own(self.database)
        try:
            url = storage_url.parsed(text)
        except ValueError as error:
            raise LabFolderError(
                f"{self.description}: the setting storage should be {error}. Correct the file, or start a new run"
            ) from None
        return self._own(Path(url.database or "")) if url.get_backend_name() == "sqlite" else str(text)

    def _own(self, file: Path) -> Path:
        """The SQLite database `file`, if it lies in the folder that lab and scorer share."""
        folder = self.database.parent
        outside = storage_url.leads_out(file, folder)
        if outside or (file != self.database and not file.is_absolute()):
            raise LabFolderError(
                f"{self.path} keeps its database at {str(file)!r}, which is not a file of its own folder {folder}; "
                "nothing was opened. Set storage in lab.json to null, and put the file there, not a link to it"
            )
        return file

    @property
    def ledger(self) -> Path:
        """The ledger's mirror as JSON lines."""
        return self.path / "ledger.jsonl"

    @property
    def snapshots(self) -> Path:
        """The bare git repository of submitted code."""
        return self.path / "snapshots.git"

    @property
    def forum(self) -> Path:
        """The forum as Markdown files, mounted read-only into workspaces."""
        return self.path / "forum"

    @property
    def practice(self) -> Path:
        """Practice texts and weak labels, mounted read-only into workspaces."""
        return self.path / "practice"

    @property
    def public_facts(self) -> Path:
        """What everybody may know of the testbed: kind, models' shapes, numbers of items. Beside the practice texts."""
        return self.practice / "testbed.json"

    @property
    def workspaces(self) -> Path:
        """One folder a researcher."""
        return self.path / "workspaces"

    @property
    def blobs(self) -> Path:
        """Arrays of finished runs: written by the lab, read by the scorer."""
        return self.path / "blobs"

    def code(self, code_hash: str) -> Path:
        """Submitted files as one JSON object, for the scorer, which runs no git."""
        return self.blobs / f"code-{code_hash}.json"

    @property
    def service(self) -> Path:
        """Texts and weak labels, for student services only."""
        return self.path / "service"

    @property
    def vault(self) -> Path:
        """Labels and references, for the scorer only."""
        return self.path / "vault"

    @property
    def lab_secret(self) -> Path:
        """The lab's own secret, from which it draws seeds and salts."""
        return self.path / "lab.secret"

    @property
    def inspect_logs(self) -> Path:
        """Inspect's logs, one file a researcher and start; `inspect view` opens them."""
        return self.path / "inspect"

    @property
    def logs(self) -> Path:
        """Folder for the output of the lab's processes."""
        return self.path / "logs"

    @property
    def report(self) -> Path:
        """The self-contained page."""
        return self.path / "report.html"

    def describe(self, description: dict[str, Any]) -> None:
        """Write `lab.json` at once or not at all."""
        write_whole(self.description, json.dumps({"format": FORMAT, **description}, indent=2) + "\n")

    def read_description(self) -> dict[str, Any]:
        """`lab.json`; `WrongFormat` if this is no lab folder, or one of another version."""
        try:
            description = json.loads(self.description.read_text(encoding="utf-8"))
        except (FileNotFoundError, NotADirectoryError) as error:
            raise WrongFormat(
                f"{self.path} is not a run folder: it has no lab.json; give the folder that `aar run` printed"
            ) from error
        except (json.JSONDecodeError, UnicodeDecodeError) as error:
            raise self._damaged(str(error)) from error
        if not isinstance(description, dict):
            raise self._damaged("it holds no JSON object")
        version = description.get("format")
        if type(version) is not int:  # not isinstance: true is an int, and equals 1
            raise self._damaged(f"its format is {json.dumps(version)}, which is no whole number")
        if version != FORMAT:
            raise WrongFormat(
                f"{self.path} was written in format {version}, this aar reads format {FORMAT}; "
                "use the version of aar that wrote it, or start a new run"
            )
        return description

    def _damaged(self, fault: str) -> WrongFormat:
        return WrongFormat(
            f"{self.description} is damaged ({fault}); restore it from a copy of the run folder"
        )
