"""The embedded policy: a search over building blocks that acts through the same tools as a language model.

It is not a language model and is never presented as one. `genome` says what can vary, `rendering` writes
a genome as readable Python, `evidence` weighs what was read, `choosing` draws a method, `searches` says how it
comes to the next one (with two controls that learn nothing), `policy` decides the next tool call, `model_api` is
the door through which Inspect AI asks for it.
"""

STOPPED_KEY = "lab_stopped"
"""In a sample's store: the session knows that the lab has stopped, so what is left to do is to close."""
