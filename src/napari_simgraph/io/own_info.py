"""What we write beside pixels, when it comes back: any program may have changed it."""

from __future__ import annotations

from collections.abc import Mapping
from math import isfinite
from typing import Any

from napari_simgraph.core.classes import ClassTable
from napari_simgraph.core.geometry import clean_unit
from napari_simgraph.core.runs import from_runs
from napari_simgraph.io.faults import BROKEN, Told

_TEXTS = ("noun", "name", "axes", "order", "unit", "meaning")
_NUMBERS = ("spacing", "origin", "lead")


def check_info(info: Any, source: str) -> dict[str, Any]:
    """The description itself, where all that is read from it is of its kind.

    Raises
    ------
    ValueError
        It isn't: a picture read with half of its description would be a wrong one.
    """
    try:
        fine = _is_fine(info)
    except BROKEN:
        fine = False
    if not fine:
        raise Told(f"{source}: the description that was written with it is damaged.")
    return dict(info)


def _is_fine(info: Any) -> bool:
    lengths = [float(value) for name in _NUMBERS for value in info.get(name, ())]
    ClassTable.from_json(info.get("classes") or ())
    from_runs(info.get("object_classes") or ())
    clean_unit(info.get("unit"))
    return (
        all(isinstance(info.get(name, ""), str) for name in _TEXTS)
        and all(isinstance(name, str) for name in info.get("files") or ())
        and all(isfinite(value) for value in (*lengths, float(info.get("factor") or 1)))
        and isinstance(info.get("made", {}), Mapping)
    )
