"""A genome written out as Python that a person would read: only the steps that this method takes."""

from __future__ import annotations

import json
import textwrap
from collections.abc import Sequence

from aar.researchers.evolution.genome import RECIPE_EPOCHS, Genome, in_words, tidy

_READINGS = {
    "weak": ("what the weak supervisor says", "targets.center(targets.logit(bench.weak.soft))"),
    "zero_shot": (
        "what the frozen strong model answers, in both orders of a pair",
        "targets.center(elicitation.rival_margin(elicitation.zero_shot(frozen, items), items))",
    ),
    "likelihood": (
        "how likely the frozen strong model finds the proposed answers",
        "targets.center(elicitation.rival_margin(elicitation.likelihood(frozen, items), items))",
    ),
    "probe": ("a probe of the frozen strong model's hidden states", "probe_margin(bench, frozen)"),
}

_PROBE = '''
def probe_margin(bench: w2s.Bench, frozen: w2s.Student) -> np.ndarray:
    """Margins of a probe fitted to the weak labels, each item held out from its own fit, [n]."""
    items = bench.unlabelled
    layer = max(1, round(0.6 * bench.layers))
    states = elicitation.both_orders(lambda shown: frozen.hidden_states(shown, layer), items)
    fit = functools.partial(probes.whitened, odd=elicitation.are_pairs(items))
    margin = probes.cross_fitted(fit, states, bench.weak.soft, rng=bench.rng, groups=items.group)
    return targets.center(margin)
'''

_JOIN = {
    "sum": (
        "The readings brought to one scale and added, [n].",
        "    return targets.center(np.sum([elicitation.scaled(view) for view in views], axis=0))",
    ),
    "votes": (
        "Posterior log-odds from the readings' votes, each right at a rate that EM finds, [n].",
        "    return targets.logit(channels.dawid_skene([targets.hard(view) for view in views]).soft)",
    ),
    "channel": (
        "Posterior log-odds from the readings, each believed more where its margin is larger, [n].",
        "    return targets.logit(channels.noisy_channel(np.stack(views)).soft)",
    ),
}

_BLOCKS = ("channels", "elicitation", "ensembles", "losses", "probes", "targets")

_LOSSES = {
    "log_confidence": "losses.LogConfidence(weight=0.5)",
    "product": "losses.Product()",
    "reverse_kl": "losses.ReverseKL()",
}


def render(genome: Genome, *, researcher: str, parents: Sequence[str]) -> str:
    """Source of `method.py` for a genome; `genome.from_source` reads the genome back from it."""
    g = tidy(genome)
    body = "\n\n\n".join([*_readings(g), *_joined(g), _taught(g), _run(g)])
    return f"{_head(g, body, researcher=researcher, parents=parents)}\n\n{body}\n"


def _head(g: Genome, body: str, *, researcher: str, parents: Sequence[str]) -> str:
    words = in_words(g)
    claim = textwrap.fill(f"{words[0].upper()}{words[1:]}.", 100, initial_indent='"""')
    built = f"Builds on {', '.join(parents)}." if parents else "Builds on no other submission."
    who = f"Written by the embedded policy of {researcher}: a search over building blocks, not a language model."
    note = textwrap.fill(f"{built} {who}", 100)
    imports = ["from __future__ import annotations", ""]
    if "functools." in body:
        imports += ["import functools", ""]
    if "np." in body:
        imports += ["import numpy as np", ""]
    blocks = [name for name in _BLOCKS if f"{name}." in body]
    imports += ["import w2s", f"from w2s import {', '.join(blocks)}"]
    settings = "".join(
        f"    {json.dumps(gene)}: {_literal(value)},\n" for gene, value in g.settings().items()
    )
    return "\n".join([claim, "", note, '"""', "", *imports, "", f"SETTINGS = {{\n{settings}}}"]) + "\n"


def _readings(g: Genome) -> list[str]:
    count = "One margin" if len(g.signals) == 1 else f"{len(g.signals)} margins"
    lines = [
        "def readings(bench: w2s.Bench, frozen: w2s.Student) -> list[np.ndarray]:",
        f'    """{count} for each unlabelled item: positive for class 1, median at zero."""',
    ]
    if {"zero_shot", "likelihood"} & set(g.signals):
        lines.append("    items = bench.unlabelled")
    lines.append("    return [")
    for signal in g.signals:
        what, code = _READINGS[signal]
        lines += [f"        # {what}", f"        {code},"]
    text = "\n".join([*lines, "    ]"])
    return [_PROBE.strip("\n"), text] if "probe" in g.signals else [text]


def _joined(g: Genome) -> list[str]:
    if len(g.signals) == 1:
        return []
    claim, code = _JOIN[g.combine]
    return [f'def joined(views: list[np.ndarray]) -> np.ndarray:\n    """{claim}"""\n{code}']


def _aims(g: Genome) -> str:
    if g.targets == "hard":
        return "targets.hard(margin)"
    # A posterior and the weak labels are log-odds already; other margins have a scale of their own.
    odds = (g.signals == ("weak",) or g.combine != "sum") and g.rounds == 1
    soft = f"targets.sigmoid({'margin' if odds else 'elicitation.scaled(margin)'})"
    return soft if g.targets == "soft" else f"targets.temper({soft}, temperature=2.0)"


def _taught(g: Genome) -> str:
    """The function that teaches one student."""
    lines = [
        "def teach(bench: w2s.Bench, student: w2s.Student, margin: np.ndarray, kept: np.ndarray) -> None:"
    ]
    loss = f", loss={_LOSSES[g.loss]}" if g.loss != "plain" else ""
    epochs = ', epochs=SETTINGS["epochs"]' if g.epochs != RECIPE_EPOCHS else ""
    if g.schedule == "one_pass":
        return "\n".join(
            [
                *lines,
                '    """Fine-tune a student on the kept items."""',
                f"    aims = {_aims(g)}",
                *([f"    loss = {_LOSSES[g.loss]}"] if loss else []),
                f"    student.finetune(bench.unlabelled[kept], aims[kept]{epochs}{', loss=loss' if loss else ''})",
            ]
        )
    rest = [f"        {part.removeprefix(', ')}," for part in (epochs, loss) if part]
    return "\n".join(
        [
            *lines,
            '    """Two passes over the surest half, then all kept items at half the learning rate."""',
            f"    aims = {_aims(g)}",
            '    sure = kept[np.argsort(-np.abs(margin[kept]), kind="stable")[: len(kept) // 2]]',
            f"    student.finetune(bench.unlabelled[sure], aims[sure], epochs=2{loss})",
            "    student.finetune(",
            "        bench.unlabelled[kept],",
            "        aims[kept],",
            "        learning_rate=bench.recipe.learning_rate / 2,",
            *rest,
            "    )",
        ]
    )


def _run(g: Genome) -> str:
    lines = [
        "def run(bench: w2s.Bench) -> w2s.Predictions:",
        '    """Predictions for the test items after teaching as above."""',
        "    frozen = bench.strong()",
    ]
    if len(g.signals) > 1:
        lines += ["    views = readings(bench, frozen)", "    margin = joined(views)"]
    else:
        lines.append("    (margin,) = readings(bench, frozen)")
    if g.agree:
        lines += [
            "    votes = np.array([view > 0 for view in views])",
            "    agreed = np.flatnonzero(np.all(votes == votes[0], axis=0))",
            "    bench.log(share_agreed=len(agreed) / len(margin))",
        ]
    lines += _kept(g)
    if g.rounds > 1:
        lines += [
            "    # Second round: a first student's answers join the readings.",
            "    first = bench.strong()",
            "    teach(bench, first, margin, kept)",
            "    answers = targets.center(targets.logit(first.predict(bench.unlabelled).probabilities))",
            "    margin = targets.center(elicitation.scaled(margin) + elicitation.scaled(answers))",
            *_kept(g),
        ]
    if g.students > 1:
        lines += [
            "",
            "    def lesson(student: w2s.Student, rng: np.random.Generator) -> None:",
            "        teach(bench, student, margin, rng.permutation(kept))",
            "",
        ]
        answer = 'ensembles.several(bench, lesson, students=SETTINGS["students"])'
    else:
        lines += ["    student = bench.strong()", "    teach(bench, student, margin, kept)"]
        answer = "student.predict(bench.test)"
    if g.blend == 0:
        return "\n".join([*lines, f"    return {answer}"])
    return "\n".join(
        [
            *lines,
            f"    answer = {answer}",
            "    taught = elicitation.scaled(targets.logit(answer.probabilities))",
            "    untaught = elicitation.scaled(elicitation.zero_shot(frozen, bench.test))",
            '    share = SETTINGS["blend"]',
            "    mixed = targets.sigmoid((1 - share) * taught + share * untaught)",
            "    return w2s.Predictions(bench.test, mixed)",
        ]
    )


def _kept(g: Genome) -> list[str]:
    if not g.agree:
        if g.keep == 1.0:
            return ["    kept = np.arange(len(bench.unlabelled))"]
        return ['    kept = targets.balanced_top(margin, fraction=SETTINGS["keep"])']
    return [
        '    kept = agreed[targets.balanced_top(margin[agreed], fraction=SETTINGS["keep"])]',
    ]


def _literal(value: object) -> str:
    if isinstance(value, bool):
        return repr(value)
    return json.dumps(value)
