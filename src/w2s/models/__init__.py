"""Students: models that answer a question with one of two labels, fine-tuned on what a supervisor says.

Importing this package is cheap; torch and transformers are imported when a model is loaded.
"""

from w2s.models.loading import BaseModel, load_model
from w2s.models.losses import LossArrays, LossBatch, LossGradient
from w2s.models.prompting import Prompting
from w2s.models.student import TextStudent
from w2s.models.training import FinetuneRecord

__all__ = [
    "BaseModel",
    "FinetuneRecord",
    "LossArrays",
    "LossBatch",
    "LossGradient",
    "Prompting",
    "TextStudent",
    "load_model",
]
