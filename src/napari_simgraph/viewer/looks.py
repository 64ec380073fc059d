"""How result layers look: names, colours, and what stays visible below them."""

from __future__ import annotations

from typing import Any

import numpy as np
from napari.utils.colormaps import Colormap, DirectLabelColormap, ensure_colormap

from napari_simgraph.core.classes import ClassRow, ClassTable
from napari_simgraph.core.raster import Labels

NAME_LENGTH = 24  # longer names run under the lock icon of napari's layer list
# Colours of score maps by what they show.
RAMPS = {"not sure": "cividis", "interest": "viridis", "anomaly": "magma"}
CLEAR = (0.0, 0.0, 0.0, 0.0)
OBJECTS = 0.8  # of objects, in napari's own colours and as contours only
FILL = 0.35  # opacity of classes: the picture below can still be read
_RAMP_OPACITY = 0.6  # the same where a score is 1 everywhere


def layer_name(image: str, thing: str) -> str:
    """``IMAGE · THING`` in at most 24 characters, the image's part shortened first."""
    if not thing:
        return image
    thing = _short(thing, NAME_LENGTH - 7)  # leaves three letters and "…" for the image
    return f"{_short(image, NAME_LENGTH - 3 - len(thing))} · {thing}"


def labels_looks(noun: Labels, thing: str) -> list[tuple[str, dict[str, Any]]]:
    """What the layer of labels is called and how it looks; one for each class that may overlap."""
    objects = {"opacity": OBJECTS} if noun.meaning == "objects" or not len(noun.classes) else None
    if noun.exclusive:
        return [(thing, objects or class_look(noun.classes))]
    return [
        (f"{thing} {row.name}", objects) if objects else (row.name, mask_look(row))
        for row in noun.classes
    ]


def class_look(classes: ClassTable, opacity: float = FILL) -> dict[str, Any]:
    """Colours and names of classes for a Labels layer; the status bar shows the name."""
    colors: dict[int | None, Any] = {None: CLEAR, 0: CLEAR}
    colors |= {row.value: row.color for row in classes}
    features = {"index": [0, *(row.value for row in classes)], "class": ["–", *classes.names]}
    return {
        "colormap": DirectLabelColormap(color_dict=colors),
        "features": features,
        "opacity": opacity,
    }


def mask_look(row: ClassRow) -> dict[str, Any]:
    """A class that may overlap others: only where it is present is coloured."""
    colors = {None: CLEAR, 0: CLEAR, 1: CLEAR, 2: row.color}
    names = ["–", f"not {row.name}", row.name]
    return {
        "colormap": DirectLabelColormap(color_dict=colors),
        "features": {"index": [0, 1, 2], "class": names},
        "opacity": FILL,
    }


def ramp_look(color: str) -> dict[str, Any]:
    """Colours for scores from 0 to 1, clear at 0 so that the picture below stays visible."""
    if color.startswith("#"):
        ends = np.zeros((2, 4))
        ends[1] = [*(int(color[i : i + 2], 16) / 255 for i in (1, 3, 5)), 1.0]
        ramp = Colormap(ends, name=f"black to {color}")
    else:
        steps = ensure_colormap(color).map(np.linspace(0, 1, 256))
        steps[:, 3] = np.linspace(0, 1, 256)
        ramp = Colormap(steps, name=f"{color}, clear at 0")
    return {
        "colormap": ramp,
        "contrast_limits": (0.0, 1.0),
        "blending": "translucent",
        "opacity": _RAMP_OPACITY,
        "interpolation2d": "linear",
    }


def _short(text: str, length: int) -> str:
    return text if len(text) <= length else text[: length - 1].rstrip() + "…"
