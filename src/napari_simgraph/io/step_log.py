"""Logs of plain records: a line each, on disk when it is written, read back as far as whole."""

from __future__ import annotations

import json
import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from napari_simgraph.core.job import plain


def append(path: Path, record: Mapping[str, Any]) -> None:
    """Add a record; it is on disk when this returns."""
    path.parent.mkdir(parents=True, exist_ok=True)
    with open(path, "a", encoding="utf-8") as file:
        file.write(json.dumps(plain(dict(record))) + "\n")
        file.flush()
        os.fsync(file.fileno())


def records(path: Path) -> list[dict[str, Any]]:
    """The records, oldest first, up to the first that is not whole; none where there is no file."""
    found: list[dict[str, Any]] = []
    if path.exists():
        for line in path.read_text(encoding="utf-8", errors="replace").splitlines():
            try:
                found.append(dict(json.loads(line)))
            except ValueError:
                break
    return found
