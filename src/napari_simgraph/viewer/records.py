"""What the workspace notes of a layer, and which layers it keeps."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any

import numpy as np
from napari.layers import Image as ImageLayer
from napari.layers import Labels as LabelsLayer
from napari.layers import Layer

from napari_simgraph.analysis.corrected import Corrected
from napari_simgraph.core.raster import Box
from napari_simgraph.viewer.stacking import about, is_made
from napari_simgraph.viewer.state import look_of, place_of


@dataclass(frozen=True)
class Strokes:
    """Painted pixels that are not on disk yet; `boxes` None where they may be anywhere.

    They hold the array itself, so that a layer that is deleted right after is kept too.
    """

    id: str
    layer: str
    pixels: Any
    boxes: list[Box] | None
    count: int


def is_kept(layer: Layer) -> bool:
    """Whether the workspace keeps a layer: pictures, results, what is painted, labels of files.

    What shows a choice is fleeting: it is drawn anew.
    """
    if about(layer).get("fleeting"):
        return False
    if "answer" in about(layer):  # made again from what was painted
        return False
    known = "result" in about(layer) or opened_by_us(layer)
    return known or isinstance(layer, ImageLayer) or is_painted(layer)


def is_painted(layer: Layer) -> bool:
    """Whether a layer is painted by hand, in memory, and no result of ours."""
    mine = isinstance(layer, LabelsLayer) and not is_made(layer)
    return mine and isinstance(layer.data, np.ndarray | Corrected)


def identify(layer: Layer, letter: str) -> str:
    """The layer's id; a new one where it has none."""
    told = about(layer)
    if "id" not in told:
        key = f"{letter}{layer.unique_id.hex[:8]}"
        layer.metadata["simgraph"] = told | {"id": key}
    return str(about(layer)["id"])


def opened_by_us(layer: Layer) -> bool:
    """Whether the file can be opened again as it was."""
    return "source" in about(layer)


def record(layer: Layer) -> dict[str, Any]:
    """A layer as the workspace keeps it; pixels apart."""
    told = dict(about(layer))
    kind = "result" if "result" in told else "painted" if is_painted(layer) else "image"
    key = told.get("id") if kind == "result" else identify(layer, kind[0])
    shared = {"kind": kind, "id": key, "about": dict(about(layer))}
    return shared | {"place": place_of(layer), "look": look_of(layer)}


def stroke_boxes(history: Any, ndim: int) -> list[Box] | None:
    """Where a stroke changed pixels, from napari's history; None where it does not say."""
    boxes: list[Box] = []
    for atom in history:
        if hasattr(atom, "slice_key"):
            spans = atom.slice_key
        else:
            spans = [slice(int(np.min(i)), int(np.max(i)) + 1) for i in atom[0] if np.size(i)]
        if len(spans) != ndim:
            return None
        boxes.append(tuple(_span(part) for part in spans))
    return boxes


def _span(part: Any) -> slice:
    if isinstance(part, slice) and part.start is not None and part.stop is not None:
        return slice(int(part.start), int(part.stop))
    return slice(0, 2**31) if isinstance(part, slice) else slice(int(part), int(part) + 1)


def now() -> str:
    """The time as provenance has it."""
    return datetime.now().isoformat(timespec="milliseconds")
