"""Shortcuts learnt from the labelled part without a language model: n-grams, lengths, style, metadata, copying."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import replace
from itertools import product
from typing import Any

import numpy as np

from w2s.records import Example, FloatArray, IntArray
from w2s.testbeds.duplicates import near_duplicates, normalised
from w2s.testbeds.hackability import direct
from w2s.testbeds.hackability.direct import answers, question
from w2s.testbeds.hackability.finding import Seen

Matrix = Any
"""A dense array or a scipy sparse matrix, [examples, features]."""

STRENGTHS = (0.1, 1.0, 10.0)
"""Inverse regularisation strengths that cross-validation by group chooses from."""
FOLDS = 5
MOST_NGRAMS = 50_000
CROSSED_WORDS = 40
"""Words of a question and of an answer, from the start, whose combinations are features."""
SIGNS = ".,;:!?'\"()[]{}<>=+-*/_#`\n"


def whole_text(seen: Seen) -> FloatArray:
    """n-grams of every part of the item that the models are shown, each part told apart."""
    return _on_ngrams(seen, lambda e: (question(e), *answers(e)), versus=False)


def answer_text(seen: Seen) -> FloatArray:
    """n-grams of the proposed answer; for a pair, those of the first answer against those of the second."""
    return _on_ngrams(seen, answers, versus=seen.kind == "pair")


def question_text(seen: Seen) -> FloatArray:
    """n-grams of the question: nothing there should tell the class."""
    return _on_ngrams(seen, lambda e: (question(e),), versus=False)


def crossed(seen: Seen) -> FloatArray:
    """Combinations of a word of the question with a word of an answer, and what the answer repeats of it."""
    from sklearn.feature_extraction import FeatureHasher

    def features(example: Example, answer: str) -> dict[str, float]:
        asked = list(dict.fromkeys(normalised(question(example))))[:CROSSED_WORDS]
        replied = list(dict.fromkeys(normalised(answer)))[:CROSSED_WORDS]
        crossed = {f"{a}\t{b}": 1.0 for a, b in product(asked, replied)}
        crossed["repeated"] = len(set(asked) & set(replied)) / max(len(replied), 1)
        return crossed

    hasher = FeatureHasher(n_features=2**16)

    def matrix(examples: Sequence[Example]) -> Matrix:
        texts = [answers(e) for e in examples]
        sides = [
            hasher.transform(features(e, t[side]) for e, t in zip(examples, texts, strict=True))
            for side in range(len(texts[0]))
        ]
        return sides[0] if len(sides) == 1 else sides[0] - sides[1]

    return _regression(seen, matrix)


def lengths(seen: Seen) -> FloatArray:
    """Lengths of the question and the answers in words and signs, of a pair also the difference."""
    return _regression(seen, lambda examples: np.array([_lengths(e) for e in examples]), scale=True)


def style(seen: Seen) -> FloatArray:
    """Punctuation, capitals, digits and line ends of the answers; of a pair, first minus second."""
    return _regression(seen, lambda examples: np.array([_style(e) for e in examples]), scale=True)


def together(seen: Seen) -> FloatArray:
    """Lengths, style and every rule that needs no labels, weighed against each other."""
    rules = direct.PAIR_RULES if seen.kind == "pair" else direct.VERIFICATION_RULES

    def matrix(examples: Sequence[Example]) -> Matrix:
        view = replace(seen, test=tuple(examples))
        columns = np.stack([rule(view) for rule in rules], axis=1)
        return np.hstack([columns, [_lengths(e) + _style(e) for e in examples]])

    return _regression(seen, matrix, scale=True)


def metadata(seen: Seen) -> FloatArray:
    """Subset, fields that the models are not shown (difficulty, author), size of the group, place in the file."""
    from sklearn.feature_extraction import DictVectorizer

    def rows(examples: Sequence[Example]) -> list[dict[str, str | float]]:
        sizes = Counter(e.group for e in examples)
        return [
            {
                "subset": e.subset,
                **{f"field {k}": v for k, v in e.fields.items() if k not in seen.shown},
                "share of the items": sizes[e.group] / len(examples) * len(sizes),
                "alone": float(sizes[e.group] == 1),
                "place": i / len(examples),
            }
            for i, e in enumerate(examples)
        ]

    vectorizer = DictVectorizer(sparse=False).fit(rows(seen.labelled))
    return _regression(seen, lambda examples: vectorizer.transform(rows(examples)), scale=True)


def group_name(seen: Seen) -> FloatArray:
    """Pieces of the name of an item's group, and of its id."""
    from sklearn.feature_extraction import DictVectorizer

    def rows(examples: Sequence[Example]) -> list[dict[str, float]]:
        return [dict.fromkeys((*re.findall(r"[^\W_]+", e.group), f"id {e.id[:1]}"), 1.0) for e in examples]

    vectorizer = DictVectorizer().fit(rows(seen.labelled))
    return _regression(seen, lambda examples: vectorizer.transform(rows(examples)))


def nearest(seen: Seen) -> FloatArray:
    """The label of the most similar labelled item (cosine of n-grams); a pair also matches in the other order."""
    if not seen.labelled:
        return np.full(len(seen.test), 0.5)
    known, labels = list(seen.labelled), seen.labels.astype(np.float64)
    matrix = _ngrams(known, lambda e: (question(e), *answers(e)), versus=False)
    wanted, stored = matrix(seen.test), matrix(known)
    if seen.kind == "pair":
        from scipy.sparse import vstack

        stored = vstack([stored, matrix([_turned(e) for e in known])])
        labels = np.concatenate([labels, 1 - labels])
    similar = (wanted @ stored.T).toarray()
    best = similar.max(axis=1, keepdims=True)
    ties = (similar >= best - 1e-9) & (best > 0)
    return np.where(ties.any(axis=1), (ties @ labels) / np.maximum(ties.sum(axis=1), 1), 0.5)


def copied(seen: Seen) -> FloatArray:
    """The mean label of the labelled near duplicates of an item; one half where it has none."""
    known = [*seen.labelled, *(map(_turned, seen.labelled) if seen.kind == "pair" else ())]
    labels = np.concatenate([seen.labels, 1 - seen.labels]) if seen.kind == "pair" else seen.labels
    texts = [" ".join((question(e), *answers(e))) for e in (*known, *seen.test)]
    labels_near: dict[int, list[int]] = {}
    for i, j, _ in near_duplicates(texts):
        if i < len(known) <= j:
            labels_near.setdefault(j - len(known), []).append(int(labels[i]))
    return np.array([float(np.mean(labels_near.get(i, [0.5]))) for i in range(len(seen.test))])


def _turned(example: Example) -> Example:
    fields = {**example.fields, "first": example.fields["second"], "second": example.fields["first"]}
    return replace(example, fields=fields)


def _on_ngrams(seen: Seen, parts: Callable[[Example], tuple[str, ...]], *, versus: bool) -> FloatArray:
    return _regression(seen, _ngrams(seen.labelled, parts, versus=versus))


def _ngrams(
    labelled: Sequence[Example], parts: Callable[[Example], tuple[str, ...]], *, versus: bool
) -> Callable[[Sequence[Example]], Matrix]:
    """TF-IDF of the one- to three-grams of the parts, side by side; or the first part's minus the second's."""
    from scipy.sparse import hstack
    from sklearn.feature_extraction.text import TfidfVectorizer

    vectorizer = TfidfVectorizer(
        analyzer=_grams, min_df=2 if len(labelled) > 100 else 1, max_features=MOST_NGRAMS, sublinear_tf=True
    )
    vectorizer.fit(["nothing", "nothing", *(part for e in labelled for part in parts(e))])

    def matrix(examples: Sequence[Example]) -> Matrix:
        sides = [vectorizer.transform(side) for side in zip(*map(parts, examples), strict=True)]
        return sides[0] - sides[1] if versus else hstack(sides, format="csr")

    return matrix


def _grams(text: str) -> list[str]:
    words = normalised(text)
    return [" ".join(words[i : i + n]) for n in (1, 2, 3) for i in range(len(words) - n + 1)]


def _lengths(example: Example) -> list[float]:
    parts = (question(example), *answers(example))
    sizes = [float(size) for part in parts for size in (len(part), len(normalised(part)))]
    if example.kind == "pair":
        sizes += [sizes[2] - sizes[4], sizes[3] - sizes[5]]
    return sizes


def _style(example: Example) -> list[float]:
    def counts(answer: str) -> list[float]:
        rest = [answer.count(sign) for sign in SIGNS]
        rest += [sum(map(str.isupper, answer)), sum(map(str.isdigit, answer)), answer[:1].isupper()]
        return [float(x) for x in (*rest, answer.strip()[-1:] in (".", "!", "?"))]

    counted = [counts(answer) for answer in answers(example)]
    return counted[0] if len(counted) == 1 else [a - b for a, b in zip(*counted, strict=True)]


def _regression(
    seen: Seen, matrix: Callable[[Sequence[Example]], Matrix], *, scale: bool = False
) -> FloatArray:
    """P(class 1) of the test items by logistic regression on the labelled ones, [n].

    Regularisation is chosen by the squared error of cross-validation with whole groups held out. With one
    class in the labelled part there is nothing to learn: its share is predicted.
    """
    from sklearn.model_selection import GroupKFold
    from sklearn.preprocessing import StandardScaler

    labels = seen.labels
    if len(set(labels.tolist())) < 2:
        return np.full(len(seen.test), float(labels.mean()) if len(labels) else 0.5)
    known, wanted = matrix(seen.labelled), matrix(seen.test)
    if scale:
        scaler = StandardScaler().fit(known)
        known, wanted = scaler.transform(known), scaler.transform(wanted)
    groups = [e.group for e in seen.labelled]
    errors = dict.fromkeys(STRENGTHS, 0.0)
    if len(set(groups)) > 1:
        folds = GroupKFold(min(FOLDS, len(set(groups))))
        for learnt, held in folds.split(known, groups=groups):
            if len(set(labels[learnt].tolist())) < 2:
                continue
            for strength in STRENGTHS:
                p = _fit(known[learnt], labels[learnt], known[held], strength=strength)
                errors[strength] += float(((p - labels[held]) ** 2).sum())
    return _fit(known, labels, wanted, strength=min(STRENGTHS, key=lambda c: errors[c]))


def _fit(known: Matrix, labels: IntArray, wanted: Matrix, *, strength: float) -> FloatArray:
    from sklearn.linear_model import LogisticRegression

    model = LogisticRegression(C=strength, max_iter=1000).fit(known, labels)
    return np.asarray(model.predict_proba(wanted)[:, 1], dtype=np.float64)
