"""Sizes are looked at before memory is taken: the head of a file may claim anything."""

from __future__ import annotations

from pathlib import Path

import psutil

from napari_simgraph.io.faults import Told

# Bytes that every machine has; asking how many are free would take longer than reading these.
_SMALL = 2**28


def check_memory(count: float, path: Path | str) -> None:
    """Nothing, where so many bytes of a file can be held at once.

    Raises
    ------
    ValueError
        They are more than the memory that is free.
    """
    if count <= _SMALL:
        return
    free = psutil.virtual_memory().available
    if count > free:
        raise Told(
            f"{path} asks for {count / 1e9:,.0f} GB of memory at once, {free / 1e9:,.0f} GB are "
            "free: it is broken, or made for a larger machine."
        )
