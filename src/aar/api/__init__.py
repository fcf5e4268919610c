"""The door of the lab: a process that answers over HTTP what `aar.lab` decides."""
