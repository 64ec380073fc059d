"""The journal of a live session on disk: all that was said to the model, one line each."""

from __future__ import annotations

import base64
import zlib
from collections.abc import Mapping
from dataclasses import dataclass, field
from math import prod
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from napari_simgraph.core.live import MARKED, Event, History
from napari_simgraph.core.live_parts import joined, parts
from napari_simgraph.io.faults import BROKEN
from napari_simgraph.io.lines import add_line, whole_lines

_BEGUN, _MARK = "begun", "mark"
_MOST_BYTES = 2**28  # of a stroke: a field has a sixteenth of it


@dataclass(frozen=True)
class Told:
    """What a journal holds: the settings of its last beginning, and what was said since ever."""

    settings: Mapping[str, Any] = field(default_factory=dict)
    history: History = field(default_factory=History)


class LiveJournal:
    """Events of a session in order, in a file that is only ever added to.

    Parameters
    ----------
    path
        Where it lies or will lie.
    """

    def __init__(self, path: Path) -> None:
        self._path = path

    def begin(self, settings: Mapping[str, Any], anew: bool) -> None:
        """Note with which settings a session begins or goes on; `anew` where steps count from 0."""
        self._add({"is": _BEGUN, "settings": dict(settings), "anew": anew}, sure=True)

    def add(self, event: Event) -> None:
        """Keep an event, if it is one of those that say what is true; on disk on return."""
        if isinstance(event, MARKED):
            info, arrays = parts(event)
            packed = {name: _packed(array) for name, array in arrays.items()}
            self._add(info | {"arrays": packed}, sure=True)

    def mark(self, events: int, steps: int) -> None:
        """Keep after how many events and steps an answer was given."""
        self._add({"is": _MARK, "events": events, "steps": steps}, sure=False)

    def read(self) -> Told:
        """All of it; lines that were cut off are left out."""
        settings: Mapping[str, Any] = {}
        events: list[Event] = []
        marks: list[tuple[int, int]] = []
        for info in whole_lines(self._path):
            try:
                if info["is"] == _BEGUN:
                    settings = dict(info["settings"])
                    marks = [] if info["anew"] else marks
                elif info["is"] == _MARK:
                    marks.append((int(info["events"]), int(info["steps"])))
                else:
                    arrays = {k: _unpacked(v) for k, v in info.pop("arrays", {}).items()}
                    events.append(joined(info, arrays))
            except BROKEN:
                continue
        return Told(settings, History(tuple(events), tuple(marks)))

    def _add(self, info: Mapping[str, Any], sure: bool) -> None:
        add_line(self._path, info, sure=sure)


def _packed(array: NDArray[Any]) -> dict[str, Any]:
    content = zlib.compress(np.ascontiguousarray(array).tobytes())
    text = base64.b64encode(content).decode("ascii")
    return {"type": array.dtype.str, "shape": list(array.shape), "zlib": text}


def _unpacked(told: Mapping[str, Any]) -> NDArray[Any]:
    kind, shape = np.dtype(told["type"]), [int(n) for n in told["shape"]]
    count, unpacker = prod(shape) * kind.itemsize, zlib.decompressobj()
    if not 0 <= count <= _MOST_BYTES:
        raise ValueError("No stroke is as large.")
    content = unpacker.decompress(base64.b64decode(told["zlib"]), count + 1)
    if not unpacker.eof:
        raise ValueError("It holds more than it says.")
    return np.frombuffer(content, kind).reshape(shape).copy()
