"""What a program finds around it in a sandbox: mounts, environment, user, limits, and Python."""
