"""JSON of others: what can't be understood is always a ValueError."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from napari_simgraph.io.memory import check_memory

_LARGER = 16  # times: what lists of small numbers take in memory, for each byte of the file


def parsed(text: str | bytes) -> Any:
    """What a text says.

    Raises
    ------
    ValueError
        It is no JSON, or lists lie in each other deeper than Python goes.
    """
    try:
        return json.loads(text)
    except RecursionError:
        raise ValueError("Its lists lie too deep in each other.") from None


def read_json(path: Path) -> Any:
    """What a file says.

    Raises
    ------
    ValueError
        It is no JSON, or larger than the memory.
    OSError
        It can't be read.
    """
    check_memory(_LARGER * path.stat().st_size, path)
    return parsed(path.read_text(encoding="utf-8-sig"))
