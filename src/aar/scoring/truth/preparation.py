"""A new lab's items: drawn from a secret that nobody has seen, and put where each process may read them."""

from __future__ import annotations

import json
import os
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from aar.folder import LabFolder
from aar.scoring.truth.vault import Vault, give_to_folder_owner, write, write_beside
from w2s.errors import Unavailable
from w2s.records import FloatArray, Split, SplitName

if TYPE_CHECKING:
    from w2s.testbeds import Testbed


def prepare(folder: LabFolder) -> Vault:
    """Make vault, service and practice files of a lab; again after a crash, or twice, is the same as once.

    Texts without truth go to `service`, practice texts to `practice`, everything else stays in the vault.
    Raises `WrongFormat` where there is no lab, `NotFound` for its testbed, `Unavailable` for a missing
    checkpoint.
    """
    from aar.sandboxes import refuse_shown
    from aar.students.data import write_splits
    from w2s import testbeds

    description = folder.read_description()
    refuse_shown(folder.path, *map(Path, filter(None, [description.get("items")])))
    testbed = testbeds.load(str(description.get("items", description["testbed"])))
    vault = Vault(folder.vault)
    folder.vault.mkdir(mode=0o700, parents=True, exist_ok=True)
    folder.service.mkdir(mode=0o700, parents=True, exist_ok=True)
    (folder.service / "weak").mkdir(mode=0o700, exist_ok=True)
    folder.practice.mkdir(mode=0o755, parents=True, exist_ok=True)
    _hand_over(folder)
    vault.create()
    _hand_over(folder)
    if vault.prepared:
        if not folder.public_facts.exists():  # a lab of an earlier version
            write_public_facts(folder, testbed, vault.splits)
        return vault
    if testbed.folder is not None:
        _define(folder, testbed.folder)
    splits, truth = testbeds.generate(testbed, item_seed=vault.bytes_for("items"))
    vault.store_items(splits)
    give_to_folder_owner(write_splits(folder.service, testbed.name, splits))
    write_practice(folder, splits["practice"][0], weak=None)
    write_public_facts(folder, testbed, splits)
    vault.store_truth(truth)
    return vault


def write_public_facts(
    folder: LabFolder, testbed: Testbed, splits: Mapping[SplitName, Sequence[Split]]
) -> None:
    """Write what the brief of a researcher says of the testbed: no name of a world but counts, no text, no path."""
    dev, sealed = ({part.world for part in splits[name]} for name in ("dev", "sealed"))
    models = testbed.worlds[splits["dev"][0].world]
    facts = {
        "title": testbed.title,
        "kind": testbed.kind,
        "epochs": testbed.recipe.epochs,
        "strong": _shape(models.strong),
        "weak": _shape(models.weak),
        "new_worlds": len(sealed - dev),
        "splits": {
            name: {
                "labelled": len(parts[0].labelled),
                "unlabelled": len(parts[0].unlabelled),
                "test": len(parts[0].test),
                "worlds": len(parts),
            }
            for name, parts in splits.items()
        },
    }
    temporary = write_beside(folder.public_facts, json.dumps(facts, indent=1).encode())
    temporary.chmod(0o644)
    temporary.replace(folder.public_facts)


def _shape(model: Path | str) -> dict[str, int] | None:
    """Number of layers and width of a model whose folder is here; None where its configuration does not say."""
    try:
        config = json.loads((Path(model) / "config.json").read_text(encoding="utf-8"))
        config = config.get("text_config", config)
        return {"layers": int(config["num_hidden_layers"]), "width": int(config["hidden_size"])}
    except (OSError, ValueError, TypeError, KeyError, AttributeError):
        return None


def _define(folder: LabFolder, items: Path) -> None:
    """Give student services the definition, without the items; `Unavailable` for models that they may not have."""
    from aar.sandboxes import refuse_shown
    from aar.students.data import DEFINITION, model_folders

    write(folder.service / DEFINITION, folder.definition.read_bytes())
    refuse_shown(*model_folders(folder.service))
    for place in model_folders(folder.service):
        for secret in (items, folder.path):
            if place.resolve() in (secret.resolve(), *secret.resolve().parents):
                raise Unavailable(
                    f"the model folder {place} holds {secret}, which student services must not see; "
                    "move the model to a folder of its own"
                )
    if os.geteuid() != 0:
        return
    for place in model_folders(folder.service):
        for path in (place, *place.iterdir()):
            if path.stat().st_mode & 0o005 != (0o005 if path.is_dir() else 0o004):
                raise Unavailable(
                    f"student services run under a user of their own and cannot read {path}; "
                    f"let others read the model: chmod -R o+rX {place}"
                )


def write_practice(folder: LabFolder, split: Split, *, weak: FloatArray | None) -> None:
    """Write the data that researchers may read: the practice items, with a supervisor's weak labels once there are any.

    One JSON object a line, unlabelled items first: id, part, group, answer, the text's fields, and `weak`
    (probability of class 1) for unlabelled items. No truth, and no item that is ever scored.
    """
    lines = []
    for part, examples in (("unlabelled", split.unlabelled), ("test", split.test)):
        for i, example in enumerate(examples):
            line = {"id": example.id, "part": part, "group": example.group, "answer": example.answer}
            if weak is not None and part == "unlabelled":
                line["weak"] = round(float(weak[i]), 6)  # type: ignore[assignment]
            lines.append(json.dumps({**line, **example.fields}, ensure_ascii=False))
    temporary = write_beside(folder.practice / "items.jsonl", ("\n".join(lines) + "\n").encode())
    temporary.chmod(0o644)
    temporary.replace(folder.practice / "items.jsonl")


def _hand_over(folder: LabFolder) -> None:
    """Give the vault to the scorer alone, and the service folder to the student services; only where we are root."""
    if os.geteuid() != 0:
        return
    from aar.sandboxes import choose, hand_over, lab_user
    from aar.settings import settings_of

    apart = choose(
        settings_of(folder).sandbox
    ).separates_users  # where it does not, both run as root, and only without its powers
    for root, role in ((folder.vault, "scorer"), (folder.service, "students")):
        hand_over(root, lab_user(folder.path, role) if apart else 0)
