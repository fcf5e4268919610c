"""The student service: the one process that holds models and item texts, and does what handles ask for.

A method sends handles, targets and templates over one socket; the service trains, predicts and answers.
Everything a method sends is checked here, and every target it trains on is recorded here.

Prevents: reading texts, weights or labels (none cross the socket, labels are not here at all); training
on other items than the run's; carrying anything from one run to the next; running past the deadline; using a
table of directions for states or weights that was made elsewhere (both are in a basis of the run's own).
Does not prevent: decoding text out of hidden states at the label position; recognising public items by
a frozen model's answers; finding a run's basis from what no basis changes (docs/security.md has the figures).
"""
