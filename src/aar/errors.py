"""Every error that someone who runs the lab can act on, in one tree below `w2s.errors.W2SError`.

W2SError
├── AarError                root of the lab's own errors
│   ├── LabFolderError      something in or about a lab folder
│   │   ├── NoLab           the folder holds no lab
│   │   ├── WrongFormat     written by another version of the format
│   │   ├── LabBusy         another process already runs this lab
│   │   └── DiskFull        no room left to write
│   ├── LabUnreachable      the lab does not answer
│   ├── PortInUse           the lab's port is taken
│   ├── Refused             the lab understood a request and declines it
│   │   ├── NotAllowed      a bad token, or something this token may not do
│   │   ├── BadRequest      a request whose content is not what the interface asks for
│   │   ├── BadSnapshot     submitted files outside the bounds (names, sizes, types)
│   │   ├── OverBudget      a researcher's budget (submissions, minutes, money) is spent
│   │   └── NotNow          taken later: the queue is full, or the researcher has to wait a while
│   ├── BrokenChain         the ledger was changed after it was written
│   ├── SandboxError        something about a sandbox
│   │   ├── SandboxLost     it died under the caller; what ran in it may be repeated
│   │   └── SandboxRefused  the profile asks for something that the provider does not do
│   ├── EngineError         the engine cannot run jobs
│   ├── Interrupted         a person stopped the run; it can be resumed
│   ├── ScoringError        the scorer cannot go on (missing references, missing run)
│   ├── SettingsError       settings that contradict each other or are out of range
│   └── ModelError          something about a researcher's language model
│       ├── MissingKey      no API key for its provider
│       ├── BadKey          an API key that no request can carry
│       ├── UnknownModel    no such model
│       ├── NoPrice         no price known for it, and none given
│       └── ProviderDown    the provider kept failing after retries
├── NoSandbox               (also Unavailable) no sandbox provider works on this machine
└── MissingPackage          (also Unavailable) an optional package is not installed
"""

from __future__ import annotations

from enum import StrEnum

from w2s.errors import Unavailable, W2SError


class AarError(W2SError):
    """Root of the lab's own errors: every message says what, which, and what to do."""


class LabFolderError(AarError):
    """Something in or about a lab folder."""


class NoLab(LabFolderError):
    """The folder holds no lab."""


class WrongFormat(LabFolderError):
    """The folder or database was written by another version of the format."""


class LabBusy(LabFolderError):
    """Another process already runs this lab."""


class DiskFull(LabFolderError):
    """No room left to write."""


class LabUnreachable(AarError):
    """The lab does not answer."""


class PortInUse(AarError):
    """The port that the lab should listen on is taken."""


class Refused(AarError):
    """The lab understood a request and declines it."""


class NotAllowed(Refused):
    """A bad token, or something that this token may not do."""


class BadRequest(Refused):
    """The content of a request is not what the interface asks for."""


class BadSnapshot(Refused):
    """Submitted files are outside the bounds: names, sizes, types."""


class BudgetKind(StrEnum):
    """What a budget of calls is counted in."""

    USD = "usd"
    TOKENS = "tokens"
    TIME = "time"


class BudgetOf(StrEnum):
    """Whose budget it is."""

    RESEARCHER = "researcher"
    STUDY = "study"


class OverBudget(Refused):
    """A researcher's budget of submissions, minutes or money is spent.

    `budget` and `whose` say which, where it is one for calls to a model.
    """

    def __init__(
        self, message: str, *, budget: BudgetKind | None = None, whose: BudgetOf | None = None
    ) -> None:
        super().__init__(message)
        self.budget = budget
        self.whose = whose


class NotNow(Refused):
    """The lab would take this later: the message says when, or what has to end first."""


class TooOften(NotNow):
    """Somebody asks in a loop; `seconds` until the next request is taken."""

    def __init__(self, message: str, *, seconds: float) -> None:
        super().__init__(message)
        self.seconds = seconds


class BrokenChain(AarError):
    """The ledger was changed after it was written; the message names the entry."""


class SandboxError(AarError):
    """Something about a sandbox."""


class SandboxLost(SandboxError):
    """The sandbox died under the caller; what ran in it may be repeated."""


class SandboxRefused(SandboxError):
    """The profile asks for something that this provider does not do."""


class EngineError(AarError):
    """The engine cannot run jobs."""


class Interrupted(AarError):
    """A person or the system stopped the run; the message says how to go on, `code` is the process's exit status."""

    def __init__(self, message: str, *, code: int = 130) -> None:
        super().__init__(message)
        self.code = code


class ScoringError(AarError):
    """The scorer cannot go on."""


class SettingsError(AarError):
    """Settings that contradict each other or are out of range."""


class ModelError(AarError):
    """Something about a researcher's language model."""


class MissingKey(ModelError):
    """No API key for the model's provider."""


class BadKey(ModelError):
    """An API key that no request can carry; the message names its variable, never the key."""


class UnknownModel(ModelError):
    """No such model."""


class NoPrice(ModelError):
    """What a call of the model costs is not known, and was not given; the message says how to give it."""


class ProviderDown(ModelError):
    """The model's provider kept failing after retries."""


class NoSandbox(AarError, Unavailable):
    """No sandbox provider works on this machine; the message says what to install."""


class MissingPackage(AarError, Unavailable):
    """An optional package is not installed; the message says how to get it."""
