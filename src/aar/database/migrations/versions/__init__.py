"""One module a format, in a straight line."""
