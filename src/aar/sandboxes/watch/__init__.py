"""Memory, processor time and disk that a running sandbox uses, measured from outside."""
