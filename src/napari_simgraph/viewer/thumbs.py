"""Pictures of patches, read in a thread as they come into view and kept while there is room."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Callable, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
from napari.layers import Layer
from numpy.typing import NDArray
from qtpy.QtCore import QObject, Qt, QTimer, Signal
from qtpy.QtGui import QImage, QPixmap

from napari_simgraph.core.patch_pixels import read_mirrored
from napari_simgraph.core.patches import PatchGrid
from napari_simgraph.core.raster import Image
from napari_simgraph.io.read import read
from napari_simgraph.viewer.ground import find_layers, images_on, noun_of
from napari_simgraph.viewer.session import Session

SIZE = 72  # px of a picture
_KEPT = 2000  # 2,000 pictures of 72 px take 40 MB
_AT_ONCE, _LOOK_MS = 12, 10  # read between two looks
_LOW, _HIGH = 1, 99  # percent of a grey patch's values that are told apart, where no layer says it

Wanted = tuple[str, int]  # key of the table, and row


class _Images(NamedTuple):
    """Where the pixels of a table are: one entry an image, and how grey values are shown."""

    images: Sequence[Image | str]
    limits: Sequence[tuple[float, float] | None]


class Thumbs(QObject):
    """Asks for pictures and hands them out; for use in the GUI thread.

    `came` says that some that were asked for are there now.
    """

    came = Signal()

    def __init__(self, session: Session) -> None:
        super().__init__()
        self._session = session
        self._kept: OrderedDict[Wanted, QPixmap | None] = OrderedDict()
        self._wanted: dict[Wanted, None] = {}
        self._images: dict[str, _Images] = {}
        self._grids: dict[str, PatchGrid] = {}  # whose pictures are kept
        self._thread = ThreadPoolExecutor(1, "simgraph-pictures")
        self._reading: Future[list[tuple[Wanted, NDArray[np.uint8] | None]]] | None = None
        self._timer = QTimer(self)
        self._timer.setInterval(_LOOK_MS)
        self._timer.timeout.connect(self._look)
        session.tables.changed.connect(self._forget)
        for name in ("inserted", "removed"):
            getattr(session.viewer.layers.events, name).connect(self._layers_changed)

    def picture(self, key: str, row: int) -> QPixmap | None:
        """A patch as a square of `SIZE` px; None as long as it was not read."""
        wanted = (key, row)
        if wanted in self._kept:
            self._kept.move_to_end(wanted)
            return self._kept[wanted]
        self._wanted.pop(wanted, None)
        self._wanted[wanted] = None
        if not self._timer.isActive():  # started anew by each repaint it might never end
            self._timer.start()
        return None

    def reader(self, key: str, row: int) -> Callable[[], NDArray[np.uint8] | None]:
        """What reads a patch at full size; it may be called in any thread."""
        work = self._reader((key, row))
        return lambda: work()[1]

    def is_open(self, key: str, image: int) -> bool:
        """Whether the image of a table is open as a layer."""
        try:
            return not isinstance(self._of(key).images[image], str)
        except ValueError:  # the table is gone
            return False

    def close(self) -> None:
        """Read no more."""
        self._timer.stop()
        self._session.tables.changed.disconnect(self._forget)
        for name in ("inserted", "removed"):
            getattr(self._session.viewer.layers.events, name).disconnect(self._layers_changed)
        self._thread.shutdown(wait=False, cancel_futures=True)

    def _look(self) -> None:
        if self._reading is not None:
            if not self._reading.done():
                return
            for wanted, pixels in self._reading.result():
                self._keep(wanted, None if pixels is None else to_pixmap(pixels, SIZE))
            self._reading = None
            self.came.emit()
        if not self._wanted:
            self._timer.stop()
            return
        chosen = list(self._wanted)[-_AT_ONCE:]  # what was asked for last is in view
        for one in chosen:
            del self._wanted[one]
        work = [self._reader(one) for one in chosen]
        self._reading = self._thread.submit(lambda: [each() for each in work])

    def _reader(self, wanted: Wanted) -> Callable[[], tuple[Wanted, NDArray[np.uint8] | None]]:
        key, row = wanted
        try:
            grid, images = self._session.tables.get(key).grid, self._of(key)
        except (ValueError, OSError):  # the table is gone
            return lambda: (wanted, None)
        if row >= len(grid):  # of a table that was there before
            return lambda: (wanted, None)
        self._grids[key] = grid
        number = int(grid.image[row])
        image, limits = images.images[number], images.limits[number]

        def work() -> tuple[Wanted, NDArray[np.uint8] | None]:
            try:
                pixels = image if isinstance(image, Image) else _opened(image)
                return wanted, patch_picture(pixels, grid, row, limits)
            except (ValueError, OSError, IndexError):  # its file is gone: the tile stays grey
                return wanted, None

        return work

    def _of(self, key: str) -> _Images:
        if key not in self._images:
            grid = self._session.tables.get(key).grid
            told = self._session.tables.about(key)
            self._images[key] = _images(grid, find_layers(self._session.viewer, grid, told))
        return self._images[key]

    def _keep(self, wanted: Wanted, picture: QPixmap | None) -> None:
        self._kept[wanted] = picture
        while len(self._kept) > _KEPT:
            self._kept.popitem(last=False)

    def _forget(self, key: str) -> None:
        """A table came, or another one under its key; a new column changes no picture."""
        self._images.pop(key, None)
        grid, listed = self._grids.pop(key, None), self._session.tables.keys()
        if grid is None:
            return
        if key not in listed or self._session.tables.get(key).grid is not grid:
            self._kept = OrderedDict((k, p) for k, p in self._kept.items() if k[0] != key)
            self._wanted = {k: None for k in self._wanted if k[0] != key}

    def _layers_changed(self, event: Any) -> None:
        self._images.clear()
        self._kept = OrderedDict((k, p) for k, p in self._kept.items() if p is not None)


def patch_picture(
    image: Image, grid: PatchGrid, row: int, limits: tuple[float, float] | None = None
) -> NDArray[np.uint8]:
    """A patch as ``(S, S)`` grey or ``(S, S, 3)`` colour, each 0 to 255.

    Parameters
    ----------
    image
        The one that it lies in.
    grid, row
        Which patch.
    limits
        Grey values shown black and white; by default the darkest and brightest of the patch.
    """
    side, top, left = (int(getattr(grid, name)[row]) for name in ("size", "y", "x"))
    box = ((top, top + side), (left, left + side))
    pixels = read_mirrored(image, int(grid.z[row]), box, int(grid.level[row]))
    if pixels.shape[-1] == 3 and pixels.dtype == np.uint8:
        return np.ascontiguousarray(pixels)
    values = pixels[..., 0].astype(np.float32)
    low, high = limits or tuple(np.percentile(values, (_LOW, _HIGH)).tolist())
    grey: NDArray[np.uint8] = (np.clip((values - low) / max(high - low, 1e-12), 0, 1) * 255).astype(
        np.uint8
    )
    return grey


def to_pixmap(pixels: NDArray[np.uint8], size: int) -> QPixmap:
    """A picture of that size; small ones are enlarged pixel by pixel."""
    colour = pixels.ndim == 3
    kind = QImage.Format.Format_RGB888 if colour else QImage.Format.Format_Grayscale8
    whole = np.ascontiguousarray(pixels)
    image = QImage(whole.data, whole.shape[1], whole.shape[0], whole.strides[0], kind)
    mode = Qt.TransformationMode
    how = mode.SmoothTransformation if whole.shape[0] > size else mode.FastTransformation
    made: QPixmap = QPixmap.fromImage(image.copy()).scaled(
        size, size, Qt.AspectRatioMode.IgnoreAspectRatio, how
    )
    return made


def _images(grid: PatchGrid, layers: Sequence[Layer | None]) -> _Images:
    if len(layers) == 1 and layers[0] is not None:
        pictures = images_on(layers[0], grid.sources)
        if pictures is not None:
            return _Images(pictures, [_limits(layers[0])] * len(pictures))
    images: list[Image | str] = []
    for layer, source in zip(layers, grid.sources, strict=True):
        noun = None if layer is None else noun_of(layer)
        images.append(noun if isinstance(noun, Image) else source.path)
    return _Images(images, [None if layer is None else _limits(layer) for layer in layers])


def _limits(layer: Layer) -> tuple[float, float] | None:
    if getattr(layer, "rgb", False):
        return None
    low, high = layer.contrast_limits
    return float(low), float(high)


def _opened(path: str) -> Image:
    """An image that is not open, read from where it lies.

    Raises
    ------
    ValueError
        There is none any more.
    """
    if not path or not Path(path.partition("::")[0]).exists():
        raise ValueError("The image is not where it was.")
    found = read(path).image
    if not isinstance(found, Image):
        raise ValueError("The file holds several images.")
    return found
