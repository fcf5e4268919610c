"""Every seed and salt of a run, drawn from the lab's secret after the code was frozen."""

from __future__ import annotations

import hashlib
import hmac
import os
from dataclasses import dataclass
from pathlib import Path

from aar.seeds import split_seed, supervisor_of, supervisors_of
from w2s.records import SplitName


@dataclass(frozen=True)
class Draw:
    """Draws of the lab for the k-th pair of one code on one split.

    `student_seed` and `salt` follow from the secret and the code, so that nobody can choose or foresee
    them; `supervisor` follows from k alone: pair k of every submission has the same one (docs/decisions/0002).
    """

    supervisor: int
    student_seed: int
    salt: bytes

    @property
    def supervisors(self) -> tuple[int, ...]:
        """Every supervisor that the run may ask, its own first."""
        return supervisors_of(self.supervisor)

    @property
    def student_seed_hex(self) -> str:
        """The student seed as it is stored."""
        return f"{self.student_seed:08x}"


def lab_secret(path: Path) -> bytes:
    """The lab's own 256 bits, made at its first start and readable by its user alone."""
    try:
        descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    except FileExistsError:
        secret = path.read_bytes()
        if len(secret) == 32:
            return secret
        path.unlink()  # a crash in the middle of the first start: nothing was drawn from it yet
        return lab_secret(path)
    with os.fdopen(descriptor, "wb") as stream:
        stream.write(os.urandom(32))
        stream.flush()
        os.fsync(stream.fileno())
    return path.read_bytes()


def draw(secret: bytes, *, code_hash: str, split: SplitName, k: int) -> Draw:
    """Draw for pair `k` of the code on the split; see `aar.seeds.pair_index`."""
    digest = hmac.new(secret, f"{code_hash}|{split}|{k}".encode(), hashlib.sha256).digest()
    return Draw(
        supervisor=supervisor_of(k),
        student_seed=split_seed(secret, f"student|{code_hash}|{k}", split),
        salt=digest[:16],
    )
