"""Events and answers of a live session as plain JSON and named arrays, and back."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import fields
from typing import Any

import numpy as np
from numpy.typing import NDArray

from napari_simgraph.core.job import plain
from napari_simgraph.core.live import (
    Answer,
    ClassChange,
    Field,
    Place,
    Region,
    Scores,
    Seek,
    Strokes,
)

_KINDS: dict[str, Any] = {
    kind.__name__: kind
    for kind in (Strokes, Region, Field, ClassChange, Seek, Answer, Place, Scores)
}


def parts(event: Any) -> tuple[dict[str, Any], dict[str, NDArray[Any]]]:
    """An event or a reply as plain JSON with its kind, and its arrays by name."""
    info: dict[str, Any] = {"is": type(event).__name__}
    arrays: dict[str, NDArray[Any]] = {}
    for item in fields(event):
        value = getattr(event, item.name)
        if isinstance(value, np.ndarray):
            arrays[item.name] = value
        else:
            info[item.name] = parts(value)[0] if isinstance(value, Scores) else plain(value)
    return info, arrays


def joined(info: Mapping[str, Any], arrays: Mapping[str, NDArray[Any]] | None = None) -> Any:
    """The inverse of `parts`.

    Raises
    ------
    ValueError
        It is none of ours.
    """
    kind = _KINDS.get(str(info.get("is")))
    if kind is None:
        raise ValueError(f"'{info.get('is')}' is no event of a live session.")
    values = {name: _whole(value) for name, value in info.items() if name != "is"}
    try:
        return kind(**values, **(arrays or {}))
    except TypeError:
        raise ValueError(f"This {info['is']} of a live session is damaged.") from None


def _whole(value: Any) -> Any:
    """JSON back as what the dataclasses hold: tuples, and numbers as keys."""
    if isinstance(value, list):
        return tuple(_whole(one) for one in value)
    if isinstance(value, Mapping):
        if "is" in value:
            return joined(value)
        return {int(key): one for key, one in value.items()}
    return value
