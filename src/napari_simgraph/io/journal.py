"""The journal of a live session: every event, on disk at its end.

A file that only grows. Each record has its length and checksum before it, so that a record that
was not written to its end is known and left out; all before it is whole.
"""

from __future__ import annotations

import json
import os
import struct
import zlib
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import numpy as np

from napari_simgraph.core.job import plain
from napari_simgraph.core.live import Answer, Event, History
from napari_simgraph.core.live_parts import joined, parts

FORMAT = 1  # raised when a reader of the old one would misread the new
_HEAD = struct.Struct("!II")  # length and CRC-32 of what follows
_MOST = 2**30  # bytes of a record; a length beyond is damage


class Journal:
    """Appends to the journal of a session; goes on with what is there.

    Parameters
    ----------
    path
        The file; made where it isn't there.
    about
        What the session is about, plain JSON: the image and the settings. Kept in a new journal.

    Raises
    ------
    ValueError
        The file is no journal, or that of a newer version.
    """

    def __init__(self, path: str | Path, about: Mapping[str, Any] | None = None) -> None:
        self.path = Path(path)
        self.path.parent.mkdir(parents=True, exist_ok=True)
        records, whole = _read(self.path)
        self.about = _about(self.path, records, whole) or dict(about or {})
        if whole != (self.path.stat().st_size if self.path.exists() else 0):
            os.truncate(self.path, whole)  # what a killed window left unfinished
        if not records:
            self._append({"format": FORMAT, "about": plain(self.about)})

    def event(self, event: Event) -> None:
        """Keep an event; it is on the disk when this returns."""
        info, arrays = parts(event)
        self._append({"event": info}, arrays)

    def answer(self, answer: Answer) -> None:
        """Keep when an answer came: how much had been learned is part of the session."""
        self._append({"mark": [answer.events, answer.steps]})

    def history(self) -> History:
        """All that was kept."""
        return read_history(self.path)

    def _append(self, info: Mapping[str, Any], arrays: Mapping[str, Any] | None = None) -> None:
        kinds = {name: [a.dtype.str, list(a.shape)] for name, a in (arrays or {}).items()}
        head = json.dumps({**info, "arrays": kinds}, ensure_ascii=False).encode() + b"\n"
        pixels = b"".join(np.ascontiguousarray(a).tobytes() for a in (arrays or {}).values())
        record = head + zlib.compress(pixels, 1)
        with self.path.open("ab") as file:
            file.write(_HEAD.pack(len(record), zlib.crc32(record)) + record)
            file.flush()
            os.fsync(file.fileno())


def read_history(path: str | Path) -> History:
    """The events and marks of a journal; a last record that is torn is left out.

    Raises
    ------
    ValueError
        The file is no journal, or that of a newer version.
    """
    records, whole = _read(Path(path))
    _about(Path(path), records, whole)
    events = [joined(info["event"], arrays) for info, arrays in records if "event" in info]
    marks = [tuple(info["mark"]) for info, _ in records if "mark" in info]
    return History(tuple(events), tuple(marks))


def _about(path: Path, records: list[Any], whole: int) -> dict[str, Any]:
    """What the first record says; empty for a file that is not there."""
    if not records:
        if path.exists() and path.stat().st_size and not whole:
            raise ValueError(f"{path} is no journal of a live session, or damaged from its start.")
        return {}
    first = records[0][0]
    if int(first.get("format", 0)) > FORMAT:
        raise ValueError(f"{path} is of a newer version: update napari-simgraph.")
    about: dict[str, Any] = first.get("about", {})
    return about


def _read(path: Path) -> tuple[list[tuple[dict[str, Any], dict[str, Any]]], int]:
    """The whole records of a file, and how many bytes they take."""
    content = path.read_bytes() if path.exists() else b""
    records, whole = [], 0
    for record, end in _records(content):
        head, _, pixels = record.partition(b"\n")
        info = json.loads(head)
        records.append((info, _arrays(info["arrays"], zlib.decompress(pixels))))
        whole = end
    return records, whole


def _records(content: bytes) -> Iterator[tuple[bytes, int]]:
    start = 0
    while start + _HEAD.size <= len(content):
        size, checksum = _HEAD.unpack_from(content, start)
        record = content[start + _HEAD.size : start + _HEAD.size + size]
        if size > _MOST or len(record) < size or zlib.crc32(record) != checksum:
            return
        start += _HEAD.size + size
        yield record, start


def _arrays(kinds: Mapping[str, Any], pixels: bytes) -> dict[str, Any]:
    found, start = {}, 0
    for name, (dtype, shape) in kinds.items():
        size = int(np.prod(shape)) * np.dtype(dtype).itemsize
        found[name] = np.frombuffer(pixels[start : start + size], dtype).reshape(shape)
        start += size
    return found
