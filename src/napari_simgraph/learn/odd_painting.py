"""Odd painting: maps of how odd each place is, written tile by tile, and scores from them."""

from __future__ import annotations

from collections.abc import Generator, Sequence
from functools import partial
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from napari_simgraph.analysis.left_out import LeftOut
from napari_simgraph.analysis.odd_places import names_apart
from napari_simgraph.analysis.top_share import STEP, TopShare
from napari_simgraph.core.job import Clock, Job, Progress, Region, Signal, Tick
from napari_simgraph.core.marks import Marks
from napari_simgraph.core.model import Model
from napari_simgraph.core.patch_pixels import pool
from napari_simgraph.core.patches import Layout, PatchGrid, laid_out
from napari_simgraph.core.raster import Image, ImageSet, each_image
from napari_simgraph.core.room import Room
from napari_simgraph.core.tables import ScoreTable
from napari_simgraph.learn.aside import Aside
from napari_simgraph.learn.background import Background, background
from napari_simgraph.learn.crew import crew_of, placed
from napari_simgraph.learn.normal_model import CAPABILITY, oddity_of, predictor, tiled
from napari_simgraph.learn.normalise import EACH, RULE, EachSection, Statistics, measure
from napari_simgraph.learn.oddity import PlacedWindows, Turns
from napari_simgraph.learn.pixel_model import check_channels, check_kind
from napari_simgraph.learn.pixel_size import PixelSize, to_run, view
from napari_simgraph.learn.predict import Predictor, Tiled
from napari_simgraph.learn.shared_tiles import TileWork, handed_out, margins_of
from napari_simgraph.learn.showing import showing
from napari_simgraph.learn.windows import Span

_CHUNK = 512  # px
IMAGE_SCORES = "image scores"  # in a table's `made`: by name of the image


class Found(NamedTuple):
    """What is odd: the map, what was expected and hidden (where asked for), scores of patches."""

    map: Image | ImageSet
    expected: Image | ImageSet | None
    hidden: Image | ImageSet | None
    scores: ScoreTable


class Asked(NamedTuple):
    """What `look` was given; of the marks those count that leave something out."""

    model: Model
    image: Image | ImageSet
    marks: Marks | None


class Canvas:
    """The map of one image while it grows."""

    def __init__(self, image: Image, turns: Turns, arrays: dict[str, Any]) -> None:
        self.image, self.turns, self.arrays = image, turns, arrays
        self.windows: PlacedWindows | None = None
        self.background: Background | None = None
        self.left_out = LeftOut(())
        self._top, self._oddest = TopShare(0), 0.0  # of this section, of those before
        self._corners: set[tuple[int, int]] = set()  # of what came of this section
        self.written: list[Region] = []  # see `showing`

    def write(self, z: int, rows: Span, columns: Span, values: NDArray[np.float32]) -> None:
        """The score of a tile ``(1, Y, X)``, and below it what was expected."""
        score = values[0]
        if self.background is not None:
            score *= self.background.searched(z, rows, columns)
        if self.left_out.marks:
            score *= self.left_out.kept(z, rows, columns)
        plane = (slice(*rows), slice(*columns))
        if self.image.dtype.kind == "f":  # what is no number is as if filled in
            score *= np.isfinite(self.image.section(z, plane)).all(-1)
        corner = (rows[0], columns[0])
        if not self._corners or corner in self._corners:  # or it is begun again, in smaller tiles
            self._top = TopShare(int(np.prod([-(-n // STEP) for n in self.image.plane])))
            self._corners.clear()
        self._corners.add(corner)
        self._top.add(score[-rows[0] % STEP :: STEP, -columns[0] % STEP :: STEP])
        deep = self.image.axes.startswith("Z")
        box = (z, *plane) if deep else plane
        self.arrays["map"][1][box] = score
        if "expected" in self.arrays:
            self.arrays["expected"][1][box] = self._pixels(z, values[1:])
        if "hidden" in self.arrays:
            self.arrays["hidden"][1][box] = self._hidden(z, rows, columns)
        lead = (slice(z, z + 1),) if deep else ()
        if (rows, columns) != tuple((0, n) for n in self.image.plane):  # else told by `_paint`
            self.written += [Region(name, (*lead, *plane)) for name, _ in self.arrays.values()]

    def score(self) -> float:
        """The score of the image: that of its oddest section."""
        return max(self._oddest, self._top.value)

    def finish(self) -> None:
        """The section is whole."""
        self._oddest = self.score()
        self._corners.clear()

    def noun(self, kind: str, name: str) -> Image:
        """The map or the expected picture, over the image."""
        axes = self.image.axes.removesuffix("C")
        if kind != "map" and self.image.axes.endswith("C"):
            axes += "C"
        spacing, unit, origin = self.image.spacing, self.image.unit, self.image.origin
        return Image(self.arrays[kind][1], axes, spacing, unit, origin, name)

    def _pixels(self, z: int, values: NDArray[np.float32]) -> NDArray[Any]:
        """Expected pixels in the type of the image."""
        assert self.windows is not None
        kind, statistics = self.image.dtype, self.windows.of(z)
        pixels = np.moveaxis(values, 0, -1) * statistics.scale + statistics.shift
        if kind.kind in "ui":
            info = np.iinfo(kind)
            pixels = np.clip(np.round(pixels), info.min, info.max)
        pixels = pixels.astype(kind)
        return pixels if self.image.axes.endswith("C") else pixels[..., 0]

    def _hidden(self, z: int, rows: Span, columns: Span) -> NDArray[Any]:
        """The picture as it is shown to the network in its first turn; the rest is as usual."""
        assert self.windows is not None
        pixels = np.array(self.image.section(z, (slice(*rows), slice(*columns))))
        side = self.turns.sides[0]
        down, across = np.arange(*rows) // side % 2, np.arange(*columns) // side % 2
        pixels[(down[:, None] + across[None]) == 0] = self.windows.of(z).shift
        return pixels if self.image.axes.endswith("C") else pixels[..., 0]


def look(asked: Asked, config: Any, room: Room, aside: Aside) -> Job[Found]:
    """What is odd in images; see `capabilities.anomaly.apply`."""
    model, image, marks = asked
    several = each_image(image)
    check_kind(model, CAPABILITY)
    for one in several:
        check_channels(model, one.channels)
    size, notes = to_run(several, model, config)
    place = yield from placed(config, room, aside)
    for note in notes:
        aside.halt.hear((yield note))
    ready = partial(oddity_of, model, config.speed, config.expected, place)
    oddity = yield from aside.wait(ready)
    looking = predictor(oddity, model.network, place, aside)
    crew = crew_of(room)
    if crew is not None:
        work = _work(model, several, size, config, tiled(oddity, model.network, crew.place))
        sections = [range(one.sections) for one in several]
        looking = yield from handed_out(crew, work, sections, aside)
    drawn = ("expected", "hidden")[: 1 + bool(oddity.turns.sides)] if config.expected else ()
    canvases = []
    for number, one in enumerate(several):
        part = "" if one is image else f"-{number}"
        arrays = _arrays(one, part, drawn, room)
        canvases.append(Canvas(one, oddity.turns, arrays))
        canvases[-1].left_out = LeftOut.of(marks, one, len(several) == 1)
    for number, canvas in enumerate(canvases):
        if config.background == "auto":
            told = partial(background, canvas.image, len(canvases) == 1)
            canvas.background = yield from aside.wait(told)
        painting = _paint(canvas, (model, size, looking), (number, len(several)))
        yield from showing(painting, canvas.written)
        if aside.halt.stopped:
            break
    found = yield from aside.wait(partial(_found, image, canvases, model, config))
    yield Progress(1.0, "looked")
    return found


def _paint(
    canvas: Canvas, using: tuple[Model, PixelSize | None, Predictor], part: tuple[int, int]
) -> Generator[Tick, Signal | None, None]:
    """Fill the map of an image; `part` is its number and how many there are."""
    model, size, looking = using
    image, clock, halt = canvas.image, Clock(), looking.aside.halt
    windows = yield from _windows(model, size, image)
    canvas.windows = windows
    back = view(image, size).onto(image, canvas.write)
    write, margin = (back, back.margin) if back else (canvas.write, 0)
    looking = looking.of(part[0])

    def say(z: int, share: float) -> Progress:
        done = (part[0] + (z + share) / image.sections) / part[1]
        said = image.name if part[1] > 1 or image.sections == 1 else f"z {z} of {image.sections}"
        return Progress(min(done, 0.999), said, clock.left(done))

    for z in range(image.sections):
        if not (yield from looking.section(windows, z, write, partial(say, z), margin)):
            return
        canvas.finish()
        for name, _ in canvas.arrays.values():
            lead = (slice(z, z + 1),) if image.axes.startswith("Z") else ()
            box = (*lead, *(slice(0, n) for n in image.plane))
            halt.hear((yield Region(name, box)))
        if halt.stopped:
            return


def _windows(model: Model, size: PixelSize | None, image: Image) -> Job[PlacedWindows]:
    """An image as the network sees it, at a pixel size."""
    seen, rule = view(image, size).image, dict(model.normalisation)
    if rule.get("light") == EACH:
        light = EachSection(seen)
        return PlacedWindows(seen, light.of(0), light=light)
    if "shift" in rule and rule.get("type") in (None, str(image.dtype)):
        statistics = Statistics(tuple(rule["shift"]), tuple(rule["scale"]))
    else:
        statistics = yield from measure(seen, RULE)
    return PlacedWindows(seen, statistics)


def _work(
    model: Model, images: Sequence[Image], size: PixelSize | None, config: Any, how: Tiled
) -> TileWork:
    """The same for a crew."""
    settings, rule = dict(model.settings), dict(model.normalisation)
    about = f"{model.fingerprint} {settings} {rule} {config.speed} {config.expected}"
    make = partial(oddity_of, model, config.speed, config.expected)
    margins, seen = margins_of(images, size), partial(_windows, model, size)
    return TileWork(about, make, seen, images, size, margins, how)


def _arrays(
    image: Image, part: str, drawn: Sequence[str], room: Room
) -> dict[str, tuple[str, Any]]:
    """Name in the Room and array, of the map and of the pictures that are drawn."""
    shape = tuple(int(n) for n in image.levels[0].shape)
    kinds = {"map": (image.shape, np.dtype(np.float32))}
    kinds |= dict.fromkeys(drawn, (shape, image.dtype))
    arrays = {}
    for kind, (shape, dtype) in kinds.items():
        lead = (1,) * (len(image.shape) - 2)
        last = tuple(int(n) for n in shape[len(image.shape) :])
        chunks = (*lead, *(min(n, _CHUNK) for n in image.plane), *last)
        name = kind + part
        arrays[kind] = (name, room.array(name, shape, dtype, chunks))
    return arrays


def _found(image: Image | ImageSet, canvases: Sequence[Canvas], model: Model, config: Any) -> Found:
    """The nouns of what was found."""
    grid = _grid(image, model)
    whole = _together(image, canvases, "map", "anomaly")
    expected, hidden = (
        _together(image, canvases, kind, kind) if kind in canvases[0].arrays else None
        for kind in ("expected", "hidden")
    )
    made = {"model": model.name, "model_fingerprint": model.fingerprint, **config.to_json()}
    scores_of = [round(one.score(), 6) for one in canvases]
    made[IMAGE_SCORES] = dict(zip(names_apart(image), scores_of, strict=True))
    scores = pool(grid, whole)[:, 0]
    table = ScoreTable(grid, scores, name=f"{image.name} · anomaly", made=made)
    return Found(whole, expected, hidden, table)


def _together(
    image: Image | ImageSet, canvases: Sequence[Canvas], kind: str, thing: str
) -> Image | ImageSet:
    """One part of the results of all images."""
    nouns = [one.noun(kind, f"{one.image.name} · {thing}") for one in canvases]
    if isinstance(image, Image):
        return nouns[0]
    return ImageSet(tuple(nouns), image.image_classes, f"{image.name} · {thing}")


def _grid(image: Image | ImageSet, model: Model) -> PatchGrid:
    """The patches that get a score: half as large as what was learned from."""
    patch = max(8, int(model.settings["patch"]) // 2)
    several = each_image(image)
    layouts = [Layout(0, one.plane, min(patch, max(one.plane)), patch) for one in several]
    return laid_out(image, layouts)
