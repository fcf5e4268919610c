"""From a release to a testbed: read, group, carve, write; whole or not at all.

Imported testbeds lie in a folder of the user's, one below it for each, and are found by name.
"""

from __future__ import annotations

import shutil
import tempfile
import tomllib
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path

from w2s.errors import NotFound, Unavailable
from w2s.records import ItemKind
from w2s.testbeds.real.archive import NAMES, find_archive, unpack
from w2s.testbeds.real.carve import PLACES, Place, carve, marked
from w2s.testbeds.real.definition import FILE, Definition, Models
from w2s.testbeds.real.definition_file import NAME, model_place, read_definition
from w2s.testbeds.real.folder import (
    is_folder,
    near_duplicates_between,
    pool_file,
    read_pools,
    write_testbed,
)
from w2s.testbeds.real.groups import Dropped, grouped
from w2s.testbeds.real.problems import Problem, Problems, refuse
from w2s.testbeds.real.qwen import DEFAULT_LIKE, QWEN
from w2s.testbeds.real.reading import Spelling, read_release
from w2s.testbeds.real.release import Item
from w2s.testbeds.real.remarks import balance, defaults, one_question, sizes

LARGE_GROUP = 0.05
"""Share of all items in one group from which on a user is warned."""


@dataclass(frozen=True)
class ImportRequest:
    """A user's request for an import; fields left out follow from the files."""

    name: str | None = None
    like: str | None = None
    weak: str | None = None
    strong: str | None = None
    ood: tuple[str, ...] = ()
    spelling: Spelling = field(default_factory=Spelling)
    description: str | None = None


@dataclass(frozen=True)
class Imported:
    """Result of an import: the testbed's folder, the number of items in each pool, notes for the user."""

    name: str
    folder: Path | None
    kind: ItemKind
    sizes: Mapping[str, int]
    ood: int
    subsets: Mapping[str, int]
    near_pairs: int
    dropped: tuple[Dropped, ...]
    warnings: tuple[str, ...]
    notes: tuple[str, ...] = ()

    @property
    def in_the_usual_place(self) -> bool:
        """True if the testbed is found by its name alone."""
        return self.folder is not None and self.folder.parent == testbeds_folder().absolute()


def _voted(files: Mapping[str, Sequence[Item]], pools: Mapping[Place, Sequence[Item]]) -> tuple[Dropped, ...]:
    """Items that sealed leaves out, so that it has no majority to vote on."""
    kept = {(item.file, item.line) for pool in pools.values() for item in pool}
    gone = [item for items in files.values() for item in items if (item.file, item.line) not in kept]
    reason = "on sealed, where no answer stands twice and as many are right as wrong"
    return (Dropped.of(reason, gone),) if gone else ()


def testbeds_folder() -> Path:
    """Default folder of imported testbeds."""
    from platformdirs import user_data_path

    return Path(user_data_path("aar")) / "testbeds"


def imported(root: Path | None = None) -> dict[str, Path]:
    """Folder of every imported testbed, by its name (that of its folder)."""
    root = testbeds_folder() if root is None else root
    if not root.is_dir():
        return {}
    return {
        path.name: path for path in sorted(root.iterdir()) if NAME.fullmatch(path.name) and is_folder(path)
    }


def import_release(
    source: Path,
    wanted: ImportRequest,
    *,
    into: Path | None = None,
    taken: Sequence[str] = (),
    replacing: bool = False,
) -> Imported:
    """Check the release in `source` (a folder or a .tar.gz), carve it, and store it below `into`.

    `taken` names are refused; an earlier import of the same name only goes if `replacing`. Without `into`
    nothing is written: a trial. Raises `BadTestbed` with file, line and field of what is wrong.
    """
    with tempfile.TemporaryDirectory(prefix="aar-import-") as scratch:
        definition, files, notes = _read(source, wanted, Path(scratch))
    if definition.name in taken:
        raise refuse(
            FILE, f"the name {definition.name!r} is a shipped testbed's", "choose another with --name"
        )
    target = None if into is None else _free(into.absolute() / definition.name, replacing=replacing)
    groups = grouped(files)
    try:
        pools = carve(groups.items, ood=definition.ood, shares=definition.shares)
    except Problems as error:
        raise one_question(groups.items, error) from None
    if target is not None:
        _store(target, definition, pools)
    subsets = Counter(item.subset or "(none)" for item in groups.items["test.jsonl"])
    far = sum(marked(item.subset, definition.ood) for item in groups.items["test.jsonl"])
    warnings = []
    if not far:
        named = ", ".join(sorted(subsets))
        warnings.append(
            f"no subset of test.jsonl is marked as out of distribution (subsets: {named}; marks: "
            f"{', '.join(definition.ood)}); name one with --ood"
        )
    if groups.largest > LARGE_GROUP:
        warnings.append(
            f"one group holds {groups.largest:.0%} of the items: do all questions share a long text? "
            "Near-duplicate questions stay together, so leave shared text out of them"
        )
    lopsided, uneven = balance(pools)
    warnings += lopsided
    return Imported(
        name=definition.name,
        folder=target,
        kind=definition.kind,
        sizes={pool_file(place).removesuffix(".jsonl"): len(pools[place]) for place in PLACES},
        ood=far,
        subsets=dict(sorted(subsets.items())),
        near_pairs=groups.near_pairs,
        dropped=(*groups.dropped, *_voted(groups.items, pools)),
        warnings=tuple(warnings),
        notes=(*notes, *uneven, *sizes(pools)),
    )


def check(folder: Path, said: Spelling | None = None) -> list[Problem]:
    """Everything that is wrong with a testbed's folder or a release, near duplicates between splits included."""
    try:
        if is_folder(folder):
            return near_duplicates_between(read_pools(folder, read_definition(folder)))
        name = None if (folder / FILE).is_file() else "checked"
        import_release(folder, ImportRequest(name=name, spelling=said or Spelling()))
    except Problems as problems:
        return list(problems.problems)
    return []


def _read(
    source: Path, wanted: ImportRequest, scratch: Path
) -> tuple[Definition, dict[str, tuple[Item, ...]], tuple[str, ...]]:
    if not source.exists():
        raise refuse(str(source), "is missing", "give a folder or a .tar.gz of the three files of a release")
    if is_folder(source):
        raise refuse(str(source), "is a testbed already", f"use it by its path: --testbed {source}")
    archive = source if source.is_file() else find_archive(source)
    files = source
    if archive is not None:
        unpack(archive, scratch)
        files = scratch
    read, notes = read_release({name: files / name for name in NAMES}, wanted.spelling)
    problems = [problem for file in read.values() for problem in file.problems]
    kinds = {name: file.items[0].kind for name, file in read.items() if file.items}
    if len(set(kinds.values())) > 1:
        what = ", ".join(f"{name} holds {kind} items" for name, kind in kinds.items())
        problems.append(Problem("test.jsonl", 1, "", what, "keep one form in a testbed"))
    given = source.is_dir() and (source / FILE).is_file()
    try:
        definition = read_definition(source) if given else None
    except Problems as error:
        problems = [*error.problems, *problems]
    if problems:
        raise Problems(problems)
    if definition is None:
        definition = _default(next(iter(kinds.values())), wanted)
    elif wanted.like is not None:
        raise refuse(FILE, "says itself what the testbed is like", "leave out --like, or change it there")
    if set(kinds.values()) != {definition.kind}:
        kind = next(iter(kinds.values()))
        raise refuse(
            FILE, f"says {definition.kind}, the items are of the {kind} form", "correct it", field="kind"
        )
    missing = _left_out(source if given else None, wanted)
    definition = _overruled(definition, wanted)
    notes = (*notes, *defaults(definition, wanted.like or DEFAULT_LIKE[definition.kind], missing))
    return definition, {name: file.items for name, file in read.items()}, notes


def _left_out(folder: Path | None, wanted: ImportRequest) -> list[str]:
    """Which of models, prompts and recipe a user did not give; nothing where the study's own testbed is meant."""
    if folder is None:
        if wanted.description is not None or wanted.name in QWEN:
            return []
        given = {"models"} if wanted.weak and wanted.strong else set()
        return [name for name in ("models", "prompts", "recipe") if name not in given]
    written = tomllib.loads((folder / FILE).read_text(encoding="utf-8"))
    return [name for name in ("prompts", "recipe") if name not in written and "like" not in written]


def _default(kind: ItemKind, wanted: ImportRequest) -> Definition:
    like = wanted.like or DEFAULT_LIKE[kind]
    if wanted.like is None and wanted.name is not None and wanted.name in QWEN:
        like = wanted.name
    if like not in QWEN:
        raise NotFound.among("testbed to be like", like, QWEN)
    if QWEN[like].kind != kind:
        raise refuse(
            "test.jsonl", f"holds {kind} items, {like} has {QWEN[like].kind} items", "choose another --like"
        )
    base = QWEN[like]
    name = wanted.name or like
    if wanted.name == like:
        return base
    # the study's data are not described where others were brought
    description = wanted.description or f"A user's own items ({kind}), with the prompts and recipe of {like}."
    return replace(base, name=name, title=f"{name}, like {like}", description=description)


def _overruled(definition: Definition, wanted: ImportRequest) -> Definition:
    """The definition with what the user asked for on the command line."""
    if wanted.name is not None:
        if not NAME.fullmatch(wanted.name):
            remedy = "use up to 40 small letters, digits and hyphens"
            raise refuse(FILE, f"the name is {wanted.name!r}", remedy, field="name")
        definition = replace(definition, name=wanted.name)
    models = definition.models
    for role in ("weak", "strong"):
        written = getattr(wanted, role)
        if written is None:
            continue
        folder = Path(written).expanduser()
        place = folder.absolute() if (folder / "config.json").is_file() else model_place(written, Path.cwd())
        if place is None or (isinstance(place, Path) and not (place / "config.json").is_file()):
            remedy = 'give a hub\'s "owner/name" or the folder of a checkpoint'
            raise refuse(FILE, f"{written!r} is no model", remedy, field=f"models.{role}")
        models = Models(place, models.strong) if role == "weak" else Models(models.weak, place)
    return replace(definition, models=models, ood=(*definition.ood, *wanted.ood))


def _free(target: Path, *, replacing: bool) -> Path:
    """`target`, if a testbed may be put there."""
    if target.exists() and not replacing:
        raise refuse(str(target), "is there already", "choose another --name, or add --replace")
    if target.exists() and not is_folder(target):
        raise refuse(str(target), "is something else than a testbed", "choose another --name")
    return target


def _store(target: Path, definition: Definition, pools: Mapping[Place, Sequence[Item]]) -> None:
    """Write beside, then rename, so that a testbed is there whole or not at all; `Unavailable` if it cannot be."""
    fresh = old = None
    try:
        target.parent.mkdir(parents=True, exist_ok=True)
        fresh = Path(tempfile.mkdtemp(prefix=f".{target.name}.", dir=target.parent))
        write_testbed(fresh, definition, pools)
        if target.exists():
            old = target.rename(fresh.with_name(f"{fresh.name}.old"))
        fresh.replace(target)
    except OSError as error:
        if old is not None and not target.exists():
            old.rename(target)
        raise Unavailable(
            f"cannot write {target} ({error.strerror}); choose another folder with --into, or make room"
        ) from error
    finally:
        for left in (fresh, old):
            if left is not None:
                shutil.rmtree(left, ignore_errors=True)
