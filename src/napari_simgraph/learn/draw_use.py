"""What a model that draws is used for: new patches, patches drawn again, the way between two."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace
from functools import partial
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from napari_simgraph.analysis.query import parse_boxes
from napari_simgraph.core.geometry import PIXEL
from napari_simgraph.core.job import Clock, Job, Note, Progress, Region
from napari_simgraph.core.model import Model
from napari_simgraph.core.patch_classes import NONE, image_classes
from napari_simgraph.core.patches import PatchGrid, Rows, laid_out
from napari_simgraph.core.raster import Image, ImageSet, each_image
from napari_simgraph.core.room import Room
from napari_simgraph.learn.aside import Aside
from napari_simgraph.learn.at_once import AtOnce
from napari_simgraph.learn.bits import other_bits
from napari_simgraph.learn.boxes import grid_of
from napari_simgraph.learn.class_rows import whole_grid
from napari_simgraph.learn.device import pick
from napari_simgraph.learn.draw_check import CHUNK, Chance, by_chance
from napari_simgraph.learn.drawer import Drawer
from napari_simgraph.learn.embedding_model import tiling_of
from napari_simgraph.learn.patchwork import Patchwork, lay_out, resized
from napari_simgraph.learn.pictures import Light
from napari_simgraph.learn.pixel_model import check_channels

_CHUNKS = {"Z": 1, "Y": 512, "X": 512}  # px, of what is drawn again
TWO = "Say which two patches: their numbers, 3,17, or two squares."


def sample(model: Model, config: Any, aside: Aside) -> Job[ImageSet]:
    """New patches, drawn by chance."""
    drawer = yield from _drawer(model, config, aside)
    kinds = drawer.kinds(config.class_, config.n)
    how = Chance(config.seed, config.spread, config.again)
    numbers = yield from by_chance(drawer, kinds, how, aside)
    numbers = drawer.moved(numbers, config.moved())
    drawn = yield from _draw(drawer, numbers, drawer.weights(kinds), aside)
    yield Progress(1.0, f"{len(drawn)} drawn")
    name = f"drawn · {config.class_}" if config.class_ else "drawn"
    return as_set(drawer, drawn, drawer.names(kinds), name)


def walk(model: Model, image: Image | ImageSet, config: Any, aside: Aside) -> Job[ImageSet]:
    """Pictures on the way from one patch to another, both ends as they are redrawn.

    Raises
    ------
    ValueError
        It is not said which two patches, or they are not there.
    """
    drawer = yield from _drawer(model, config, aside)
    work = yield from aside.wait(partial(_ends, drawer, image, config))
    light = _light(work, np.arange(2))
    kinds = drawer.likeliest(light, _known(drawer, work.grid, config.class_))
    numbers, weights = between(drawer, light, kinds, config.n)
    drawn = yield from _draw(drawer, numbers, weights, aside)
    yield Progress(1.0, f"{len(drawn)} drawn")
    halves = halfway(kinds, config.n)
    return as_set(drawer, drawn, drawer.names(halves), "walk")


def between(
    drawer: Drawer, light: NDArray[np.float32], kinds: NDArray[np.intp], n: int
) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
    """Numbers ``(n, D)`` and weights of classes ``(n, K)`` on the straight way between two."""
    ends = drawer.weights(kinds)
    numbers = drawer.seen(light, ends)
    way = np.linspace(0, 1, n, dtype=np.float32)[:, None]
    first, last = ((1 - way) * pair[0] + way * pair[1] for pair in (numbers, ends))
    return first, last


def halfway(kinds: NDArray[np.intp], n: int) -> NDArray[np.intp]:
    """The class of each of n pictures on the way between two: that of the nearer end."""
    nearer: NDArray[np.intp] = np.where(np.arange(n) * 2 < n, kinds[0], kinds[1])
    return nearer


def reconstruct(
    model: Model, image: Image | ImageSet, config: Any, room: Room, aside: Aside
) -> Job[Image | ImageSet]:
    """The images drawn again, patch beside patch, in their own size."""
    drawer = yield from _drawer(model, config, aside)
    for one in each_image(image):
        check_channels(model, one.channels)
    for warning in other_bits(model, image):
        aside.halt.hear((yield warning))
    said = partial(Progress, text="laying out patches")
    work = yield from aside.wait(partial(_laid, drawer, image), said)
    known = _known(drawer, work.grid, config.class_)
    canvases = _canvases(drawer, image, room)
    count, clock, errors = len(work.grid), Clock(), []
    at_once = AtOnce(drawer.place.device)
    for start in range(0, count, CHUNK):
        rows = np.arange(start, min(start + CHUNK, count))
        call = partial(at_once.parts, partial(_redraw, drawer, work, known=known), rows)
        said = partial(Progress, start / count, f"patch {start} of {count}", clock.left(start))
        parts = yield from aside.wait(call, said)
        drawn = np.concatenate([part for part, _ in parts])
        errors += [error for _, error in parts]
        for region in _paste(canvases, drawn, work.grid, rows):
            aside.halt.hear((yield region))
        aside.halt.hear((yield Progress((rows[-1] + 1) / count, f"patch {rows[-1] + 1}")))
        if aside.halt.stopped:
            break
    mean = float(np.concatenate(errors).mean())
    aside.halt.hear((yield Note(f"Redrawn with error {mean:.4f} (1: black in place of white).")))
    yield Progress(1.0, f"{count} patches redrawn")
    return _framed(image, canvases)


def as_set(drawer: Drawer, drawn: NDArray[np.float32], kinds: Sequence[str], name: str) -> ImageSet:
    """Drawn light as images of their own, with their classes, at the model's pixel size."""
    model = drawer.model
    pixels = drawer.light.back(drawn)
    known = model.unit != PIXEL
    digits = len(str(len(pixels) - 1))
    images = tuple(
        Image(
            one if model.channels > 1 else one[..., 0],
            axes="YXC" if model.channels > 1 else "YX",
            spacing=model.spacing[-2:] if known else (),
            unit=model.unit if known else PIXEL,
            name=f"drawn_{number:0{digits}d}",
        )
        for number, one in enumerate(pixels)
    )
    return ImageSet(images, tuple(kinds) if any(kinds) else (), name=name)


def _drawer(model: Model, config: Any, aside: Aside) -> Job[Drawer]:
    """The model ready for use; where it computes is said."""
    place = pick(config.device, config.threads, config.precision)
    aside.halt.hear((yield place.tick()))
    return (yield from aside.wait(partial(Drawer, model, place)))


def _draw(
    drawer: Drawer, numbers: NDArray[np.float32], weights: NDArray[np.float32], aside: Aside
) -> Job[NDArray[np.float32]]:
    parts, count = [], len(numbers)
    for start in range(0, count, CHUNK):
        some = slice(start, start + CHUNK)
        said = partial(Progress, start / count, f"drawing {start} of {count}")
        parts.append(
            (yield from aside.wait(partial(drawer.drawn, numbers[some], weights[some]), said))
        )
        done = min(1.0, (start + CHUNK) / count)
        aside.halt.hear((yield Progress(done, f"drawing {count}")))
        if aside.halt.stopped:
            break
    return np.concatenate(parts)


def _light(work: Patchwork, rows: Rows) -> NDArray[np.float32]:
    return np.clip(work.patches(rows), 0, 1)


def _known(drawer: Drawer, grid: PatchGrid, name: str) -> NDArray[np.intp]:
    """The class of each patch where it is said or its image has one that the model knows."""
    if name:
        return drawer.kinds(name, len(grid))
    places = {row.name.casefold(): row.value - 1 for row in drawer.model.classes}
    return np.array([places.get(one.casefold(), NONE) for one in image_classes(grid)], np.intp)


def _finest(image: Image | ImageSet) -> Image | ImageSet:
    """The images without their coarser levels: what is drawn again is of their full size."""
    if isinstance(image, Image):
        return image.replace(data=image.levels[0])
    if getattr(image.images, "alike", False) and len(image.images[0].levels) == 1:
        return image
    return replace(image, images=tuple(one.replace(data=one.levels[0]) for one in image))


def _laid(drawer: Drawer, image: Image | ImageSet) -> Patchwork:
    """Patches side by side over whole images."""
    finest = _finest(image)
    if drawer.model.network["whole"]:
        grid = whole_grid(finest)
    else:
        tiling, _ = tiling_of(drawer.model, finest, drawer.side, "auto")
        beside = lay_out(finest, tiling).layouts
        grid = laid_out(finest, [_from_corner(one) for one in beside])
    return Patchwork(each_image(finest), grid, [drawer.light.statistics], drawer.side)


def _from_corner(layout: Any) -> Any:
    """The same patches from the first pixel on, so that none is left out at a border."""
    side = layout.size
    small = max(layout.plane) <= side
    return layout._replace(stride=side, corner=None if small else (0, 0))


def _ends(drawer: Drawer, image: Image | ImageSet, config: Any) -> Patchwork:
    """The two patches as a patchwork."""
    for one in each_image(image):
        check_channels(drawer.model, one.channels)
    whole = _laid(drawer, image)
    if config.box:
        boxes = parse_boxes(config.box, whole.grid)
        grid = grid_of(image, boxes)
    else:
        asked = [one.strip() for one in config.rows.split(",") if one.strip()]
        count = len(whole.grid)
        for one in asked:
            if not one.isdigit() or int(one) >= count:
                raise ValueError(f"There is no patch {one}: they go from 0 to {count - 1}.")
        grid = whole.grid.take(np.array([int(one) for one in asked], np.intp))
    if len(grid) != 2:
        raise ValueError(TWO)
    return replace(whole, grid=grid)


def _redraw(
    drawer: Drawer, work: Patchwork, rows: Rows, known: NDArray[np.intp]
) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
    """Patches drawn again ``(n, C, P, P)``, and their squared error ``(n,)``."""
    light = _light(work, rows)
    weights = drawer.weights(drawer.likeliest(light, known[rows]))
    drawn = drawer.drawn(drawer.seen(light, weights), weights)
    return drawn, np.square(drawn - light).mean((1, 2, 3))


class _Canvas(NamedTuple):
    """Where an image is drawn again: name in the Room and array in its own axes, and its light."""

    name: str
    array: Any
    axes: str
    light: Light

    def write(self, z: int, corner: tuple[int, int], pixels: NDArray[Any]) -> Region:
        """Put pixels ``(Y, X, C)`` in; what reaches beyond the image is left out."""
        first = 1 if self.axes.startswith("Z") else 0
        plane = self.array.shape[first : first + 2]
        spans = [
            (max(0, start), min(n, start + size))
            for start, size, n in zip(corner, pixels.shape, plane, strict=False)
        ]
        y, x = (slice(a - start, b - start) for (a, b), start in zip(spans, corner, strict=True))
        part = pixels[y, x] if self.axes.endswith("C") else pixels[y, x, 0]
        place = ((slice(z, z + 1),) if first else ()) + tuple(slice(*span) for span in spans)
        self.array[place] = part[None] if first else part
        return Region(self.name, place)


def _canvases(drawer: Drawer, image: Image | ImageSet, room: Room) -> list[_Canvas]:
    kind, canvases = np.dtype(drawer.light.dtype), []
    for number, one in enumerate(each_image(image)):
        name = "redrawn" if one is image else f"redrawn-{number}"
        shape, axes = tuple(int(n) for n in one.levels[0].shape), one.axes
        chunks = tuple(min(n, _CHUNKS.get(axis, n)) for axis, n in zip(axes, shape, strict=True))
        canvases.append(_Canvas(name, room.array(name, shape, kind, chunks), axes, drawer.light))
    return canvases


def _paste(
    canvases: Sequence[_Canvas], drawn: NDArray[np.float32], grid: PatchGrid, rows: Rows
) -> Iterator[Region]:
    """Put patches where they lie, those beside each other at once."""
    keys = np.stack([getattr(grid, name)[rows] for name in ("image", "z", "y", "size")])
    ends = grid.x[rows[1:]] != grid.x[rows[:-1]] + grid.size[rows[:-1]]
    breaks = np.flatnonzero((np.diff(keys, axis=1) != 0).any(0) | ends) + 1
    for run in np.split(np.arange(len(rows)), breaks):
        first = int(rows[run[0]])
        canvas = canvases[int(grid.image[first])]
        light = np.clip(resized(drawn[run], int(grid.size[first])), 0, 1)
        beside = np.concatenate(list(canvas.light.back(light)), axis=1)
        yield canvas.write(int(grid.z[first]), (int(grid.y[first]), int(grid.x[first])), beside)


def _framed(image: Image | ImageSet, canvases: Sequence[_Canvas]) -> Image | ImageSet:
    """What was drawn, with the places, sizes and names of the images."""
    made = [
        one.replace(data=canvas.array, source="", classes=None)
        for one, canvas in zip(each_image(image), canvases, strict=True)
    ]
    if isinstance(image, Image):
        return made[0].replace(name=f"{image.name} · redrawn")
    return ImageSet(tuple(made), image.image_classes, name=f"{image.name} · redrawn")
