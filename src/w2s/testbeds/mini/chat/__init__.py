"""The chat domain: people, what is true of them, what is rumoured, and which of two answers is better."""
