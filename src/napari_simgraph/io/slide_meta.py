"""What slide scanners say about the size of a pixel."""

from __future__ import annotations

import re
from typing import TypeAlias

from napari_simgraph.core.geometry import PIXEL

Sizes: TypeAlias = tuple[dict[str, float], dict[str, float], str, list[str]]

# A pixel at 40 times is a quarter of a micrometre on most scanners (0.22 to 0.26 um).
_UM_AT_ONCE = 10.0


def slide_sizes(description: str) -> Sizes:
    """Pixel size, origin, unit and notes of an Aperio slide: ``... |AppMag = 20|MPP = 0.4990``."""
    told = dict(re.findall(r"\|\s*([^|=]+?)\s*=\s*([^|]*)", description))
    size = _number(told.get("MPP", ""))
    if size > 0:
        return {"Y": size, "X": size}, {}, "um", []
    return from_magnification(_number(told.get("AppMag", "")))


def from_magnification(times: float) -> Sizes:
    """A pixel size by the rule of scanners, which is said; nothing where it is unknown."""
    if times <= 0:
        return {}, {}, PIXEL, []
    size = _UM_AT_ONCE / times
    note = f"Pixel size {size:.3g} um is estimated from the magnification of {times:g}."
    return {"Y": size, "X": size}, {}, "um", [note]


def _number(text: str) -> float:
    try:
        return float(text.strip().replace(",", "."))
    except ValueError:
        return 0.0
