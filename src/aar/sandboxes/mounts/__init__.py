"""The surroundings of a program in a sandbox: mounts, environment, user, limits, and Python."""
