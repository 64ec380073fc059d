"""``PATH::KEY``: files that hold several arrays, and which of them is meant."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from napari_simgraph.io.faults import Told

_LISTED = 8  # keys named in a sentence, the rest is counted


class KeyNeeded(Told):
    """Several arrays could be meant; `keys` are those that there are."""

    def __init__(self, path: Path, keys: Sequence[str]) -> None:
        self.keys = tuple(keys)
        super().__init__(f"{path} holds several arrays: say which of {say_keys(path, keys)}.")


def wanted_key(path: Path, key: str, keys: Sequence[str]) -> str:
    """The key itself, or the only one there is.

    Raises
    ------
    KeyNeeded
        None was given and there are several.
    ValueError
        There is no such array, or none at all.
    """
    if not keys:
        raise Told(f"{path} holds no array that could be a picture.")
    if not key and len(keys) > 1:
        raise KeyNeeded(path, keys)
    wanted = key.strip("/") or keys[0]
    if wanted not in keys:
        raise Told(f"{path} has no '{wanted}': say which of {say_keys(path, keys)}.")
    return wanted


def say_keys(path: Path, keys: Sequence[str]) -> str:
    """``a.h5::raw, a.h5::labels`` and how many more."""
    more = f" and {len(keys) - _LISTED} more" if len(keys) > _LISTED else ""
    return ", ".join(f"{path.name}::{key}" for key in keys[:_LISTED]) + more
