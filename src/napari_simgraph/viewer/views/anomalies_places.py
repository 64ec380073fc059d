"""Odd places in the window: whether two are the same, what lies around one, where it is."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import partial
from typing import Any

import numpy as np
from numpy.typing import NDArray
from qtpy.QtGui import QPixmap

from napari_simgraph.analysis.odd_places import OddPlace
from napari_simgraph.core.geometry import say_length
from napari_simgraph.core.patch_pixels import read_mirrored
from napari_simgraph.core.raster import Image, ImageSet, each_image
from napari_simgraph.viewer.thumbs import SIZE, to_pixmap
from napari_simgraph.viewer.views.anomalies_found import LISTED, Line
from napari_simgraph.viewer.views.objects_chosen import look_at
from napari_simgraph.viewer.views.sights import Sight

_SIDE = 64  # px of the image around a place, at least
_ROOM = 3  # a place is shown with so much around it
_LEAST = 48.0  # px on the screen: less can't be told from its outline
_FILLED = 0.8  # of the view, by a whole picture
Pixels = NDArray[Any]


def meet(one: OddPlace, other: OddPlace) -> bool:
    """Whether two places overlap."""
    same = (one.image, one.z) == (other.image, other.z)
    pairs = ((one.rows, other.rows), (one.columns, other.columns))
    return same and all(a[0] < b[1] and b[0] < a[1] for a, b in pairs)


def bring_near(viewer: Any, middle: Any, size: Any) -> None:
    """Move the camera so that a place is in view, and no speck in the overview of a slide."""
    look_at(viewer, middle, _ROOM * size)
    camera = viewer.scene.camera
    seen = float(np.max(size)) * camera.zoom
    if seen < _LEAST:
        camera.zoom *= _LEAST / seen
        camera.center = (*camera.center[:-2], *middle)


def fill_view(viewer: Any, middle: Any, size: Any) -> None:
    """Move the camera so that a picture fills the view: among others one couldn't tell which."""
    camera, canvas = viewer.scene.camera, np.asarray(viewer.canvas.size, float)
    camera.zoom = float((_FILLED * canvas / np.maximum(size, 1e-9)).min())
    camera.center = (*camera.center[:-2], *middle)


def around(image: Image | ImageSet, places: Sequence[OddPlace]) -> list[Pixels | None]:
    """What lies around the first places ``(S, S, C)``; None where it can't be read any more.

    For a thread beside the window: the image may lie on a slow disk.
    """
    images = each_image(image)
    return [_around(images[place.image], place) for place in places[:LISTED]]


def line_of(result: Any, place: OddPlace, pixels: Pixels | None) -> Line:
    """A place of a result (see `anomalies_runs.Looked`) as it is listed, with its picture."""
    image = result.maps[place.image]
    start = (
        result.names[place.image] if len(result.maps) > 1 else f"z {place.z}" * (image.sections > 1)
    )
    spans = place.columns, place.rows
    sizes = [
        say_length((span[1] - span[0]) * step, image.unit)
        for span, step in zip(spans, image.spacing[:-3:-1], strict=True)
    ]
    size = " × ".join(sizes)
    picture = partial(_picture, pixels, result.layer)
    return Line(place, ", ".join(part for part in (start, size) if part), start or size, picture)


def sight_of(line: Line, choose: Callable[[OddPlace], object]) -> Sight:
    """A listed place as it stands among the thumbnails."""
    score = f"{line.place.score:.2f}"
    told = f"{line.where}\nscore {score}"
    return Sight(f"{score}\n{line.short}", told, line.picture, partial(choose, line.place))


def _around(image: Image, place: OddPlace) -> Pixels | None:
    side = max(_SIDE, *(span[1] - span[0] for span in (place.rows, place.columns)))
    starts = [round(middle - side / 2) for middle in place.middle]
    box = ((starts[0], starts[0] + side), (starts[1], starts[1] + side))
    try:
        pixels = read_mirrored(image, place.z, box)
    except (ValueError, OSError):  # its file is gone
        return None
    step = max(1, side // (2 * SIZE))  # a hundred large places would fill the memory
    return np.ascontiguousarray(pixels[::step, ::step])


def _picture(pixels: Pixels | None, layer: Any, side: int) -> QPixmap | None:
    """Pixels in grey or colours of 8 bits, as the layer shows them."""
    if pixels is None:
        return None
    if pixels.shape[-1] == 3 and pixels.dtype == np.uint8:
        return to_pixmap(pixels, side)
    low, high = layer.contrast_limits
    grey = np.clip((pixels[..., 0].astype(np.float32) - low) / max(high - low, 1e-12), 0, 1)
    return to_pixmap((255 * np.nan_to_num(grey)).astype(np.uint8), side)
