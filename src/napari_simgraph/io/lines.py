"""Files of one JSON object a line, only ever added to: journals that outlive a killed process."""

from __future__ import annotations

import json
import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any, BinaryIO

from napari_simgraph.core.job import plain
from napari_simgraph.io.plain_json import parsed


def add_line(path: Path, values: Mapping[str, Any], *, sure: bool = True) -> None:
    """Add a line; with `sure` it is on the disk when this returns.

    What a killed process left of its last line is taken out first: no line is lost with it.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    with open(path, "ab+") as file:
        _mend(file)
        file.write((json.dumps(plain(values)) + "\n").encode())
        file.flush()
        if sure:
            os.fsync(file.fileno())


def whole_lines(path: Path) -> list[dict[str, Any]]:
    """The objects, oldest first; lines that are not whole are left out."""
    found = (_read(line) for line in _lines(path))
    return [line for line in found if line is not None]


def lines_until_cut(path: Path) -> list[dict[str, Any]]:
    """The objects up to the first line that is not whole; for steps that build on each other."""
    found: list[dict[str, Any]] = []
    for line in _lines(path):
        values = _read(line)
        if values is None:
            break
        found.append(values)
    return found


def _lines(path: Path) -> list[bytes]:
    # by the byte: other line ends may stand in a text
    return path.read_bytes().rstrip(b"\n").split(b"\n") if path.exists() else []


def _read(line: bytes) -> dict[str, Any] | None:
    try:
        return dict(parsed(line))
    except (ValueError, TypeError):
        return None


def _mend(file: BinaryIO) -> None:
    """End the last line, or take it out where it is not whole."""
    if not file.tell():
        return
    file.seek(-1, os.SEEK_END)
    if file.read(1) == b"\n":
        return
    file.seek(0)
    content = file.read()
    begin = content.rfind(b"\n") + 1
    if _read(content[begin:]) is None:
        file.truncate(begin)
    else:
        file.write(b"\n")
