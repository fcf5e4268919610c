"""Weak-to-strong supervision: what a method may use, and the training code behind it."""
