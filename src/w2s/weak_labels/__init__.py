"""Weak labels: what a small model says of unlabelled items once it was taught on a few labelled ones."""

from w2s.weak_labels.references import References, references
from w2s.weak_labels.supervisor import soft_labels

__all__ = ["References", "references", "soft_labels"]
