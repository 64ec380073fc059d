"""Where a live session stands, kept now and then, so that going on need not learn all again."""

from __future__ import annotations

import hashlib
import json
import time
from collections.abc import Mapping, Sequence
from contextlib import suppress
from typing import Any

import numpy as np

from napari_simgraph.core.live import Event
from napari_simgraph.core.live_parts import parts
from napari_simgraph.core.room import Checkpoint, Room

_SECONDS = 30.0  # a killed window learns at most so long again


class Keeper:
    """Keeps states in a Room, each with a digest of the events that led to it.

    Parameters
    ----------
    room
        Where they are kept.
    key
        What else makes the session: image, labels, settings.
    """

    def __init__(self, room: Room, key: str) -> None:
        self._room, self._key = room, key
        self._digest, self._events = _begin(key), 0
        self._kept = time.monotonic()

    def hear(self, event: Event) -> None:
        """An event was taken in."""
        _add(self._digest, event)
        self._events += 1

    def due(self) -> bool:
        """Whether it is time to keep."""
        return time.monotonic() - self._kept >= _SECONDS

    def keep(self, state: Checkpoint, told: Mapping[str, Any]) -> None:
        """Keep a state, with what else there is to tell."""
        info = {**state.info, **told, "events": self._events, "key": self._digest.hexdigest()}
        with suppress(OSError):  # a full disk: going on would learn all again, and that is all
            self._room.checkpoint(Checkpoint(state.arrays, info))
        self._kept = time.monotonic()

    def restore(self, events: Sequence[Event]) -> tuple[Checkpoint | None, list[Event]]:
        """The state kept after the first of these events, and those; None where there is none."""
        state = self._room.restore()
        if state is None or not 0 < int(state.info.get("events", 0)) <= len(events):
            return None, []
        first = list(events[: int(state.info["events"])])
        digest = _begin(self._key)
        for event in first:
            _add(digest, event)
        return (state, first) if digest.hexdigest() == state.info.get("key") else (None, [])


def _begin(key: str) -> Any:
    return hashlib.blake2b(key.encode(), digest_size=16)


def _add(digest: Any, event: Event) -> None:
    info, arrays = parts(event)
    digest.update(json.dumps(info, sort_keys=True).encode())
    for name in sorted(arrays):
        digest.update(np.ascontiguousarray(arrays[name]).tobytes())
