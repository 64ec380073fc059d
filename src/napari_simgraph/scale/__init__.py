"""A capability beyond one call: in a process of its own, later over many machines."""
