"""Posts and titles of the embedded policy: short, with the lab's words, and plain about what it is."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from aar.researchers.evolution.genome import in_words
from aar.researchers.evolution.memory import Draft, Memory

SIGNED = "_Embedded policy: a search over building blocks, not a language model._"

_MEANING = {
    "verified": "The lab reproduced it on fresh seeds. Worth building on.",
    "not_reproduced": "It looked better at first and did not hold on fresh seeds; perhaps something small.",
    "no_improvement": "No clear step over the record: what it varies does not help, or too little to see.",
    "failed": "It broke in the lab, though practice went through.",
    "violation": "The lab found a rule broken; I will keep away from this combination.",
}


@dataclass(frozen=True)
class Words:
    """A post."""

    kind: str
    title: str
    body: str
    submissions: tuple[str, ...]


def verdict(memory: Memory, submission: str, draft: Draft) -> Words:
    """Post about the verdict on a submission, also if it did not work."""
    status = memory.status_of(submission)
    lines = [
        f"**{submission}**, {draft.how}: {in_words(draft.genome)}.",
        f"Status: {status}. {_MEANING.get(status, '')}",
    ]
    if memory.reply:
        lines.append(f"The lab's reply: {memory.reply[:300]}")
    built = [f"{parent} ({_who(memory, parent)}, {memory.status_of(parent)})" for parent in draft.parents]
    if built:
        lines.append(f"Builds on {' and '.join(built)}.")
    if draft.agreement >= 0:
        lines.append(
            f"In practice {draft.agreement:.0%} of the labels that it trained on were the weak ones."
        )
    return Words(
        kind="error" if status in ("failed", "violation") else "result",
        title=f"{status.replace('_', ' ')}: {in_words(draft.genome)}"[:120],
        body="\n\n".join([*lines, SIGNED]),
        submissions=(submission, *draft.parents),
    )


def practice_error(draft: Draft, what: str) -> Words:
    """A method that did not survive practice."""
    return Words(
        kind="error",
        title=f"fails in practice: {in_words(draft.genome)}"[:120],
        body="\n\n".join([f"{in_words(draft.genome)} ({draft.how}): {what}", "Not submitted.", SIGNED]),
        submissions=draft.parents,
    )


def insight(memory: Memory, evidence: Mapping[str, float]) -> Words:
    """Post about the evidence after several verdicts."""
    ordered = sorted(evidence.items(), key=lambda item: (-item[1], item[0]))
    liked = [f"{_feature(name)} ({weight:+.2f})" for name, weight in ordered[:3] if weight > 0.1]
    disliked = [
        f"{_feature(name)} ({weight:+.2f})" for name, weight in reversed(ordered[-3:]) if weight < -0.1
    ]
    best = sorted(
        (item for item in memory.submissions.items()),
        key=lambda item: (-item[1].worth(memory.scores), item[0]),
    )[:3]
    cited = tuple(name for name, _ in best)
    lines = [f"After {memory.verdicts} own verdicts and {len(memory.posts)} posts read."]
    lines.append(f"Choices that went with better status words: {', '.join(liked) or 'none that stands out'}.")
    lines.append(f"Choices that went with worse ones: {', '.join(disliked) or 'none that stands out'}.")
    lines.append(
        f"Looking best now: {', '.join(f'{name} ({known.status})' for name, known in best) or 'nothing'}."
    )
    lines.append("These are counts of status words, not measurements of accuracy.")
    return Words("insight", "What the verdicts so far lean to", "\n\n".join([*lines, SIGNED]), cited)


def comment(memory: Memory, submission: str, draft: Draft) -> str:
    """Told to those whose post was built on."""
    return (
        f"{submission} builds on this ({draft.how}): {memory.status_of(submission).replace('_', ' ')}. "
        f"It is: {in_words(draft.genome)}. {SIGNED}"
    )


def diary(memory: Memory) -> str:
    """The notebook's page for people."""
    lines = ["# Notebook of an embedded policy", "", SIGNED, "", "| submission | by | status | method |"]
    lines.append("|---|---|---|---|")
    for name, known in memory.submissions.items():
        method = in_words(known.genome) if known.genome else known.title
        lines.append(f"| {name} | {known.researcher} | {known.status} | {method} |")
    lines += ["", f"Dropped after practice: {memory.dropped}. Direction: {memory.direction or 'none'}."]
    return "\n".join(lines) + "\n"


def _who(memory: Memory, submission: str) -> str:
    known = memory.submissions.get(submission)
    return known.researcher if known and known.researcher else "unknown"


def _feature(name: str) -> str:
    gene, _, value = name.partition(":")
    return f"{gene} {value.replace('_', ' ')}"
