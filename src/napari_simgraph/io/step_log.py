"""Logs of steps that build on each other: a line each, read back as far as whole."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from napari_simgraph.io.lines import add_line, lines_until_cut


def append(path: Path, record: Mapping[str, Any]) -> None:
    """Add a record; it is on disk when this returns."""
    add_line(path, record)


def records(path: Path) -> list[dict[str, Any]]:
    """The records, oldest first, up to the first that is not whole; none where there is no file."""
    return lines_until_cut(path)
