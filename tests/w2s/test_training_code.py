"""What training code computes makes its version, not how it is written."""

from __future__ import annotations

from pathlib import Path

import pytest

from w2s.weak_labels import training_code
from w2s.weak_labels.training_code import training_digest

CODE = '''"""Steps."""

from __future__ import annotations

RATE = 3e-4
"""Of the steps."""


def step(weight: float, gradient: float, *, rate: float = RATE) -> float:
    """One step down."""
    return weight - rate * gradient
'''


def digest(folder: Path, text: str, name: str = "steps.py") -> str:
    folder.mkdir(parents=True)
    (folder / name).write_text(text)
    return training_digest(folder)


@pytest.mark.parametrize(
    ("was", "becomes"),
    [
        ("    return weight", "    # down, since gradients point up\n    return weight"),
        ("One step down.", "A step against the gradient."),
        ('    """One step down."""\n', ""),
        ('"""Of the steps."""', '"""Measured."""'),
        ("weight - rate * gradient", "(\n        weight - (rate * gradient)\n    )"),
        ("3e-4", "0.0003"),
        ('"""Steps."""\n', ""),
    ],
)
def test_a_comment_a_docstring_or_layout_keeps_it(tmp_path: Path, was: str, becomes: str) -> None:
    assert was in CODE
    assert digest(tmp_path / "b", CODE.replace(was, becomes)) == digest(tmp_path / "a", CODE)


@pytest.mark.parametrize(
    ("was", "becomes"),
    [
        ("weight - rate", "weight + rate"),
        ("3e-4", "3e-5"),
        ("rate: float = RATE", "rate: float = 1"),
        ("return weight", "weight = 0 * weight\n    return weight"),
        ("* gradient", "* (gradient or 1)"),
    ],
)
def test_another_expression_changes_it(tmp_path: Path, was: str, becomes: str) -> None:
    assert was in CODE
    assert digest(tmp_path / "b", CODE.replace(was, becomes)) != digest(tmp_path / "a", CODE)


def test_a_module_of_another_name_changes_it(tmp_path: Path) -> None:
    assert digest(tmp_path / "b", CODE, name="step.py") != digest(tmp_path / "a", CODE)


def test_one_and_one_point_zero_are_two_things(tmp_path: Path) -> None:
    assert digest(tmp_path / "a", "x = 1") != digest(tmp_path / "b", "x = 1.0")


def test_a_text_within_an_expression_counts(tmp_path: Path) -> None:
    assert digest(tmp_path / "a", "print('a')") != digest(tmp_path / "b", "print('b')")


def test_another_library_is_another_version(monkeypatch: pytest.MonkeyPatch) -> None:
    before = training_code.accepted_code_versions()
    monkeypatch.setattr(training_code, "_libraries", lambda: "torch=1.0")
    assert not set(before) & set(training_code.accepted_code_versions())


def test_former_code_counts_only_as_long_as_nobody_changed_the_code_since(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    former = "a" * 64
    monkeypatch.setattr(training_code, "SAME_RESULTS", (former,))
    monkeypatch.setattr(training_code, "REVIEWED", training_digest(training_code.MODELS))
    with_former = training_code.accepted_code_versions()
    monkeypatch.setattr(training_code, "REVIEWED", "b" * 64)
    alone = training_code.accepted_code_versions()
    assert alone == (training_code.code_version(),)
    assert set(alone) < set(with_former)
