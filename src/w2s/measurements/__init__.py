"""Measurements of a testbed: floor, ceiling, methods, prompts and shortcuts over fresh seeds, with intervals."""

from w2s.measurements.arms import arms
from w2s.measurements.collect import ArmResult, collect, read_lines, weights
from w2s.measurements.prediction import Prediction, predict
from w2s.measurements.signs import signs
from w2s.measurements.summary import summarise
from w2s.measurements.targets import TargetCheck, checks

__all__ = [
    "ArmResult",
    "Prediction",
    "TargetCheck",
    "arms",
    "checks",
    "collect",
    "predict",
    "read_lines",
    "signs",
    "summarise",
    "weights",
]
