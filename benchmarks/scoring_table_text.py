"""Writes the tables of docs/tables/scoring.md between their marks, from what was measured."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any

from scoring_table_rows import CHEATING, SCORES, Row, Rows, version

AUDITS = {"identity swap": "swap", "blind world": "blind share", "structure": "votes"}
"""Audits that look for artefacts, and the word for their statistic."""
ALARMS = {"methods": ("violation",), "nulls": ("violation", "verified")}
"""What must not happen to an honest method, and to one that is worth nothing."""
LEVEL = 0.95


def write(rows: Rows, page: Path) -> int:
    """Put every table in its place; 1 if a cheat's test failed or a cheat was verified, else 0."""
    text = page.read_text(encoding="utf-8")
    tables = {
        "cheats": cheats(rows),
        "methods": methods(rows),
        "false alarms": alarms(rows),
        "pairs": pairs(rows),
    }
    for name, lines in tables.items():
        text = between(text, name, lines)
    page.write_text(text, encoding="utf-8")
    failed = any(row["outcome"] == "failed" for row in rows.latest("cheats"))
    return int(failed or any(row["status"] == "verified" for row in rows.latest("as they are")))


def between(text: str, name: str, lines: Sequence[str]) -> str:
    """`text` with `lines` between the marks of `name`.

    >>> between("a\\n<!-- x -->\\nold\\n<!-- end of x -->\\nb", "x", ["new"])
    'a\\n<!-- x -->\\nnew\\n<!-- end of x -->\\nb'
    """
    begin, end = f"<!-- {name} -->", f"<!-- end of {name} -->"
    head, found, rest = text.partition(begin)
    _, ended, tail = rest.partition(end)
    if not found or not ended:
        raise SystemExit(f"the page has no {begin} and {end}; write them where the table shall stand")
    return "\n".join([head + begin, *lines, end + tail])


def cheats(rows: Rows) -> list[str]:
    """One row a cheat: who, what it got without its prevention, how it ended with it, and by what.

    A cheat that lives off texts or votes ended twice: before the audits alone, where it is given both, and as it is,
    in a lab.
    """
    found: dict[str, Row] = {}
    as_they_are = {row["name"]: _ended(row) for row in rows.latest("as they are")}
    for row in rows.latest("cheats"):
        if row["cheat"]:
            one = found.setdefault(row["cheat"], {"outcome": "passed"})
            one.update({name: value for name, value in row.items() if name != "outcome"})
            if row["outcome"] == "failed":
                one["outcome"] = "failed"
    if not found:
        return ["Nothing measured yet."]
    lines = [f"{len(found)} cheats.{_old(found.values(), CHEATING)}"]
    lines += [
        "",
        "| cheat | who | prevention off | audits alone | as it is | by | share or figure [95 %] |",
        "|---|---|---|---|---|---|---|",
    ]
    for name, one in sorted(found.items()):
        ended = "**not as it should be**" if one["outcome"] == "failed" else one.get("ended", "–")
        both = [ended, as_they_are.get(name, "–")] if "/" in name else ["–", ended]
        cells = [one.get(cell, "–") for cell in ("who", "without", "by", "figure")]
        lines.append(_line([name, *cells[:2], *both, *cells[2:]]))
    return lines


def _ended(row: Row) -> str:
    """How a submission ended, in bold where it was verified; with the exception's name where its code failed."""
    if row["status"] == "verified":
        return "**verified**"
    return row["status"] if row["status"] != "failed" else f"failed: {row['reply'].split()[0]}"


def methods(rows: Rows) -> list[str]:
    """One table a testbed: how each method of the library ended, its track, its gain, its artefact shares.

    A cell has a line for each lab, which is another draw of items.
    """
    lines: list[str] = []
    by_testbed: dict[str, list[Row]] = {}
    for row in rows.latest("methods"):
        by_testbed.setdefault(row["testbed"], []).append(row)
    for testbed, found in by_testbed.items():
        by_name: dict[str, list[Row]] = {}
        for row in sorted(found, key=lambda row: int(row.get("lab", 1))):
            by_name.setdefault(row["name"], []).append(row)
        count = Counter(row["status"] for row in found)
        told = ", ".join(f"{status} {n}" for status, n in count.most_common())
        verified = sum(any(row["status"] == "verified" for row in one) for one in by_name.values())
        labs = max(int(row.get("lab", 1)) for row in found)
        once = f"; methods verified in at least one lab: {verified}" if labs > 1 else ""
        lines += [
            "",
            f"{testbed}: methods {len(by_name)}, labs {labs}; {told}{once}.{_old(found, SCORES)}",
            "",
            "| method | status | track | PGR gained on sealed | "
            + " | ".join(AUDITS.values())
            + " | asks a person |",
            "|---" * (5 + len(AUDITS)) + "|",
        ]
        for name, one in sorted(by_name.items(), key=lambda pair: -sum(map(_mean, pair[1])) / len(pair[1])):
            cells = zip(*map(_cells, one), strict=True)
            lines.append(_line([name, *("<br>".join(cell) for cell in cells)]))
    return [*lines[1:], "", _in_all(list(rows.latest("methods")))] if lines else ["Nothing measured yet."]


def _in_all(found: Sequence[Row]) -> str:
    """How many methods were verified anywhere, and what became of those that gain something for certain."""
    verified = sorted({row["name"] for row in found if row["status"] == "verified"})
    works = [row for row in found if all(_clear(row[split]) for split in ("dev", "sealed"))]
    kept = sum(row["status"] == "verified" for row in works)
    broken = sum(row["status"] == "violation" for row in found)
    return (
        f"{len(verified)} methods were verified in at least one lab: {', '.join(verified)}. Where a method works, its "
        f"gain over vanilla being clear of 0 on dev and on sealed (95 %), it was verified in {kept} of {len(works)} "
        f"cases. Disqualified: {broken} of {len(found)}."
    )


def _clear(figures: dict[str, Any] | None) -> bool:
    gain = (figures or {}).get("gain")
    return bool(gain) and float(gain["low"]) > 0


def _cells(row: Row) -> list[str]:
    """What one lab says of one method."""
    shares = [_share(row["audits"], audit) for audit in AUDITS]
    asks = ", ".join(one["audit"] for one in row["audits"] if one["verdict"] == "person") or "–"
    gain = _estimate((row["sealed"] or {}).get("gain"), sign="+")
    return [row["status"].replace("_", " "), row["track"] or "–", gain, *shares, asks]


def alarms(rows: Rows) -> list[str]:
    """How often the whole chain was wrong, with the exact upper bound."""
    lines = ["| submissions | testbeds | judged | alarms | at most (95 %) |", "|---|---|---|---|---|"]
    whole: list[tuple[int, int]] = []
    for part, words in (("methods", "methods of the library"), ("nulls", "worth nothing")):
        found = [row for row in rows.latest(part) if row["status"] != "failed"]
        wrong = [row for row in found if row["status"] in ALARMS[part]]
        whole.append((len(wrong), len(found)))
        where = (f"{row['name']} ({row['testbed']}, lab {row.get('lab', 1)})" for row in wrong)
        named = f": {', '.join(where)}" if wrong else ""
        testbeds = ", ".join(dict.fromkeys(row["testbed"] for row in found)) or "–"
        lines.append(
            _line([words, testbeds, str(len(found)), f"{len(wrong)}{named}", _bound(len(wrong), len(found))])
        )
    wrong_in_all, of = (sum(column) for column in zip(*whole, strict=True))
    lines.append(_line(["together", "", str(of), str(wrong_in_all), _bound(wrong_in_all, of)]))
    return lines


def pairs(rows: Rows) -> list[str]:
    """How often one vanilla passed over another, over all ordered pairs of each lab."""
    found = list(rows.latest("pairs"))
    if not found:
        return ["Nothing measured yet."]
    lines = [
        "| testbed, lab | vanillas | ordered pairs | gate | sealed | both |",
        "|---|---|---|---|---|---|",
    ]
    for row in found:
        shares = [f"{row[name] / row['pairs']:.1%}" for name in ("gate", "sealed", "both")]
        lines.append(
            _line([f"{row['testbed']}, {row['lab']}", str(row["vanillas"]), str(row["pairs"]), *shares])
        )
    whole = sum(row["pairs"] for row in found)
    shares = [f"{sum(row[name] for row in found) / whole:.1%}" for name in ("gate", "sealed", "both")]
    lines.append(_line(["together", str(sum(row["vanillas"] for row in found)), str(whole), *shares]))
    return lines


def _old(rows: Iterable[Row], folders: tuple[Path, ...]) -> str:
    """How many rows the present code did not make."""
    old = sum(row["version"] != version(folders)[:8] for row in rows)
    return f" {old} of them were measured before the code's last change." if old else ""


def upper(alarms: int, of: int) -> float:
    """Upper end of the exact 95 % interval (Clopper-Pearson) of a rate.

    >>> [round(upper(k, n), 3) for k, n in ((0, 72), (1, 110))]
    [0.05, 0.05]
    """
    from scipy.stats import beta

    return 1.0 if alarms >= of else float(beta.ppf((1 + LEVEL) / 2, alarms + 1, of - alarms))


def _bound(alarms: int, of: int) -> str:
    return f"{upper(alarms, of):.1%}" if of else "–"


def _mean(row: Row) -> float:
    gain = (row["sealed"] or {}).get("gain")
    return float(gain["mean"]) if gain else -9.0


def _share(audits: Iterable[dict[str, Any]], name: str) -> str:
    one = next((finding for finding in audits if finding["audit"] == name), None)
    if one is None or "statistic" not in one:
        return "–"
    text = f"{one['statistic']:.2f}"
    return f"{text} [{one['low']:.2f}, {one['high']:.2f}]" if "low" in one else text


def _estimate(found: dict[str, Any] | None, *, sign: str = "") -> str:
    if not found:
        return "–"
    return f"{found['mean']:{sign}.2f} [{found['low']:{sign}.2f}, {found['high']:{sign}.2f}]"


def _line(cells: Iterable[str]) -> str:
    return f"| {' | '.join(str(cell).replace('|', chr(92) + '|') for cell in cells)} |"
