"""The contract of a method in one place: what every bench accepts and refuses, with the same errors and words.

The bench in this process, the lab's student service, its client inside the sandbox, and the tests' bench all call
these functions. The client checks an argument before it sends it; the service checks it again, since a method may
send frames of its own.

Covered: the form and the range of every argument (targets, weights, order, epochs, learning rate, scales, seeds,
templates, labels, layers, names of generated fields), which items a call may name and how many, what a run may use
(requests, students, different templates, generated fields, logged names), item texts as constants of a template,
a student whose fine-tune failed, and the predictions at the end.

Not covered, because only the lab or only the model knows it: that texts are withheld in scored runs, the time and
memory of a run, the names that stand in the source (a bench in this process checks them where it is given
`log_names`), whether a model knows a label's word, and what a template's text costs in tokens.
"""

from w2s.contract.items import RunIds, handed_in, item_ids
from w2s.contract.logged import log_names
from w2s.contract.questions import (
    check_fields,
    fields_of,
    generated_name,
    labels,
    parts,
    template,
)
from w2s.contract.usage import Usage, gone
from w2s.contract.values import (
    Training,
    directions,
    layer,
    logged,
    loss,
    scale,
    seed,
    states,
    training,
    whole_number,
)

__all__ = [
    "RunIds",
    "Training",
    "Usage",
    "check_fields",
    "directions",
    "fields_of",
    "generated_name",
    "gone",
    "handed_in",
    "item_ids",
    "labels",
    "layer",
    "log_names",
    "logged",
    "loss",
    "parts",
    "scale",
    "seed",
    "states",
    "template",
    "training",
    "whole_number",
]
