"""What training costs with w2s, with `transformers.Trainer` and with TRL's `SFTTrainer`, in one run.

    python benchmarks/training.py --parts one,eight,accuracy,gpu [--repeats 3] [--seeds 4] [--threads 1]

`one` and `eight` train one and eight students of the strong model of `mini-chat` on the same 1080 items with
the testbed's recipe: cold (a fresh process, from its start) against cold, warm (the same process again)
against warm, in seconds and in processor seconds, which others on the machine change less. One student gets one
thread (`--threads`) whoever trains it. For eight all have the whole machine: w2s trains in one process a core,
as the lab's slots do, Trainer and TRL one student after the other, with one thread or with all of them,
whichever was faster. `accuracy` trains on the
truth and on labels of which a quarter is wrong, with fresh items for each seed, and tests by TOST (paired t,
margin .01, 90 % interval within it) that the accuracies are equal; how many seeds that needs stands in the
table. `gpu` is the same comparison at the size of a study, see `training_gpu.py`; `--tiny` tries it on a CPU.
Needs `trl`.
"""

from __future__ import annotations

import argparse
import hashlib
import json
import os
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Sequence
from dataclasses import asdict, replace
from pathlib import Path
from typing import Any

import numpy as np

from w2s import metrics, testbeds

OTHERS = ("trainer", "trl")
NAMES = {"w2s": "w2s", "trainer": "transformers.Trainer", "trl": "TRL SFTTrainer"}
MARGIN, NOISE = 0.01, 0.25
Row = dict[str, Any]


def write_items(folder: Path, seed: int, *, noise: float) -> Path:
    """Training items with targets of which the share `noise` is wrong, and 1800 test items, as a file."""
    testbed = testbeds.load("mini-chat")
    item_seed = hashlib.sha256(f"public training benchmark {seed}".encode()).digest()[:16]
    splits, truth = testbeds.generate(testbed, item_seed=item_seed)
    split = splits["dev"][0]
    test = [*split.test, *split.labelled]
    wrong = np.random.default_rng(seed).random(len(split.unlabelled)) < noise
    right = np.array([truth[item.id] for item in split.unlabelled])
    data = {
        "model": str(testbed.worlds[split.world].strong),
        "prompting": {
            name: getattr(testbed, name)
            for name in ("template", "labels", "zero_shot_template", "zero_shot_labels")
        },
        "recipe": asdict(testbed.recipe),
        "items": [asdict(replace(item, fields=dict(item.fields))) for item in split.unlabelled],
        "targets": np.where(wrong, 1 - right, right).tolist(),
        "test": [asdict(replace(item, fields=dict(item.fields))) for item in test],
        "truth": [truth[item.id] for item in test],
    }
    path = folder / f"items-{seed}-{noise:g}.json"
    path.write_text(json.dumps(data))
    return path


def run(
    candidate: str,
    files: Sequence[Path],
    *,
    threads: int,
    students: int = 1,
    warm_runs: int = 0,
    processes: int = 1,
) -> Row:
    """One candidate in a fresh process, which may start others where `processes` is above 1."""
    options = ["--data", *map(str, files), "--students", str(students), "--warm-runs", str(warm_runs)]
    options += ["--threads", str(threads), "--processes", str(processes)]
    return fresh("training_candidates.py", candidate, options)


def fresh(script: str, candidate: str, options: Sequence[str]) -> Row:
    """What `script` prints about a candidate in a fresh process, which is told when it was started."""
    argv = [sys.executable, str(Path(__file__).with_name(script)), "--candidate", candidate, *options]
    argv += ["--born", repr(time.monotonic())]
    done = subprocess.run(argv, capture_output=True, text=True, check=False)
    if done.returncode:
        raise SystemExit(f"{candidate} failed:\n{done.stderr[-3000:]}")
    found: Row = json.loads(done.stdout.splitlines()[-1])
    return found


def timed(students: int, *, repeats: int, threads: int, folder: Path) -> dict[str, Row]:
    """Median cold and warm seconds over `repeats` processes of each candidate, which take turns."""
    items = write_items(folder, 0, noise=NOISE)
    rows: dict[str, list[Row]] = {name: [] for name in NAMES}
    cores = len(os.sched_getaffinity(0)) if students > 1 else 1
    for _ in range(repeats):
        rows["w2s"].append(
            run("w2s", [items], threads=threads, students=students, warm_runs=1, processes=cores)
        )
        for name in OTHERS:
            tried = [
                run(name, [items], threads=n, students=students, warm_runs=1)
                for n in sorted({threads, cores})
            ]
            rows[name].append(min(tried, key=lambda row: statistics.median(row["warm"])))
    found = {}
    for name, of_name in rows.items():
        found[name] = {
            "cold_s": statistics.median(row["cold"] for row in of_name),
            "warm_s": statistics.median(s for row in of_name for s in row["warm"]),
            "cold_cpu_s": statistics.median(row["cold_cpu"] for row in of_name),
            "warm_cpu_s": statistics.median(s for row in of_name for s in row["warm_cpu"]),
            "peak_mib": max(row["peak_mib"] for row in of_name),
            "items": of_name[0]["items"],
            "tokens": of_name[0]["tokens"],
            "accuracy": statistics.mean(a for row in of_name for per in row["accuracy"] for a in per),
        }
    return found


def equal_accuracy(seeds: int, *, threads: int, folder: Path) -> dict[str, Row]:
    """Accuracies by candidate and kind of target, and TOST of w2s against each of the others."""
    found: dict[str, Row] = {}
    for kind, noise in (("truth", 0.0), ("noisy", NOISE)):
        files = [write_items(folder, seed, noise=noise) for seed in range(1, seeds + 1)]
        scores = {
            name: np.array(run(name, files, threads=threads)["accuracy"], dtype=np.float64)[:, 0]
            for name in NAMES
        }
        found[kind] = {name: float(of_name.mean()) for name, of_name in scores.items()}
        for other in OTHERS:
            found[kind][f"w2s - {other}"] = tost(scores["w2s"] - scores[other])
    return found


def tost(difference: np.ndarray) -> Row:
    """Two one-sided paired t tests of a difference against +-MARGIN: mean, 90 % interval, p, and seeds needed.

    `needed` is how many seeds give 80 % power where the true difference is 0.
    """
    found = metrics.tost(difference, margin=MARGIN)
    sd = float(difference.std(ddof=1))
    needed = metrics.seeds_for_equivalence(MARGIN, sd=max(sd, MARGIN / 1000))
    return {
        "mean": found.mean,
        "low": found.low,
        "high": found.high,
        "sd": sd,
        "p": found.p,
        "n": len(difference),
        "needed": needed,
    }


def time_table(title: str, rows: dict[str, Row]) -> str:
    """A Markdown table of one timed part, with the ratio of the faster other to w2s."""
    lines = [
        f"### {title}",
        "",
        "| | cold s | warm s | cold CPU s | warm CPU s | items/CPU s | tokens/CPU s | peak MiB | accuracy |",
        "|---|---|---|---|---|---|---|---|---|",
    ]
    for name, row in rows.items():
        lines.append(
            f"| {NAMES[name]} | {row['cold_s']:.2f} | {row['warm_s']:.2f} | {row['cold_cpu_s']:.2f} "
            f"| {row['warm_cpu_s']:.2f} | {row['items'] / row['warm_cpu_s']:.0f} "
            f"| {row['tokens'] / row['warm_cpu_s']:.0f} | {row['peak_mib']:.0f} | {row['accuracy']:.3f} |"
        )
    ratio = ", ".join(f"{kind.replace('_', ' ')} **{value:.2f}**" for kind, value in ratios(rows).items())
    lines += ["", f"Faster of the others / w2s: {ratio}.", ""]
    return "\n".join(lines)


def ratios(rows: dict[str, Row]) -> dict[str, float]:
    """How many times as long the faster of Trainer and TRL takes, cold and warm."""
    return {
        kind: min(rows[name][f"{kind}_s"] for name in OTHERS) / rows["w2s"][f"{kind}_s"]
        for kind in ("cold", "warm", "cold_cpu", "warm_cpu")
        if f"{kind}_s" in rows["w2s"]
    }


def gpu_table(rows: dict[str, Row]) -> str:
    """A Markdown table of the part at the size of a study, or why there is none."""
    skipped = {row["skipped"] for row in rows.values() if "skipped" in row}
    if skipped:
        return f"### At the size of a study\n\nSkipped: {', '.join(sorted(skipped))}.\n"
    lines = [
        "### At the size of a study (LoRA)",
        "",
        "| | cold s | warm s | tokens/s | MFU | peak GiB | setting |",
        "|---|---|---|---|---|---|---|",
    ]
    for name, row in rows.items():
        lines.append(
            f"| {NAMES[name]} | {row['cold_s']:.1f} | {row['warm_s']:.1f} | {row['tokens_per_s']:.0f} "
            f"| {row['mfu']:.1%} | {row['peak_mib'] / 1024:.1f} | {row['setting']} |"
        )
    ratio, peak = ratios(rows), rows["w2s"]["matrix_peak"] / 1e12
    return "\n".join(
        [
            *lines,
            "",
            f"Faster of the others / w2s: cold **{ratio['cold']:.2f}**, warm **{ratio['warm']:.2f}**. "
            f"Measured matrix peak: {peak:.1f} TFLOP/s.",
            "",
        ]
    )


def accuracy_table(found: dict[str, Row]) -> str:
    """A Markdown table of the accuracies and of the tests that they are equal."""
    lines = [
        f"### Equal accuracy (TOST, margin {MARGIN:g})",
        "",
        "| targets | w2s | w2s - other [90 % interval] | p | seeds | seeds for 80 % power |",
        "|---|---|---|---|---|---|",
    ]
    for kind, row in found.items():
        for other in OTHERS:
            t = row[f"w2s - {other}"]
            lines.append(
                f"| {kind} | {row['w2s']:.4f} | {NAMES[other]}: {t['mean']:+.4f} [{t['low']:+.4f}, {t['high']:+.4f}] "
                f"| {t['p']:.2g} | {t['n']} | {t['needed']} |"
            )
    return "\n".join([*lines, ""])


def main() -> None:
    """Print Markdown tables, then everything as one line of JSON."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--parts", default="one,eight,accuracy,gpu")
    parser.add_argument("--repeats", type=int, default=3, help="processes of each candidate in a timed part")
    parser.add_argument("--seeds", type=int, default=4, help="fresh items and students in the accuracy part")
    parser.add_argument("--threads", type=int, default=1)
    parser.add_argument("--tiny", action="store_true", help="the gpu part with a tiny model on a CPU")
    parser.add_argument("--items", type=int, default=512, help="rows of the gpu part")
    parser.add_argument("--epochs", type=int, default=1, help="epochs of the gpu part")
    parser.add_argument("--token-budget", type=int, default=16_384, help="tokens at once, gpu part, w2s")
    given = parser.parse_args()
    found: dict[str, Any] = {"threads": given.threads}
    with tempfile.TemporaryDirectory() as made:
        folder = Path(made)
        for part in given.parts.split(","):
            if part in ("one", "eight"):
                students = 1 if part == "one" else 8
                rows = timed(students, repeats=given.repeats, threads=given.threads, folder=folder)
                found[part] = rows | {"ratio": ratios(rows)}
                print(time_table(f"{part.capitalize()} student{'s' * (students > 1)}", rows), flush=True)
            elif part == "accuracy":
                found[part] = equal_accuracy(given.seeds, threads=given.threads, folder=folder)
                print(accuracy_table(found[part]), flush=True)
            elif part == "gpu":
                options = ["--items", str(given.items), "--epochs", str(given.epochs)]
                options += ["--token-budget", str(given.token_budget), *["--tiny"] * given.tiny]
                found[part] = {name: fresh("training_gpu.py", name, options) for name in NAMES}
                print(gpu_table(found[part]), flush=True)
            else:
                parser.error(f"no part {part!r}; choose from one, eight, accuracy, gpu")
    print(json.dumps(found))


if __name__ == "__main__":
    main()
