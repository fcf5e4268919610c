"""The lab as a process, and the launch of a whole run around it."""
