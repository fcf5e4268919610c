"""Pythons that are started in advance, seen from outside; `inside.warm_daemon` is their other side."""
