"""Pixel size: at which one a network works, and images seen at it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import NamedTuple, TypeVar

from napari_simgraph.core.geometry import PIXEL, say_spacing, to_unit
from napari_simgraph.core.job import Note
from napari_simgraph.core.model import Model
from napari_simgraph.core.raster import Image, Labels, Raster
from napari_simgraph.learn.painting import Write
from napari_simgraph.learn.resampling import Back, Line, Resized
from napari_simgraph.learn.settings import LearnedScale, Scaled

R = TypeVar("R", bound=Raster)
Plane = tuple[float, float]

_ALIKE = 1.1  # a tenth more or less is within what networks are trained to overlook
_COARSEST = 8.0  # times: a model's details are lost long before, such a size is a slip of the pen
UNKNOWN_TO_LEARN = "The pixel size is unknown: the model will not know its scale."
SOME_UNKNOWN = "Some images have no pixel size: they are taken to be like the others."
UNKNOWN = "The pixel size of the image is unknown: the model runs on the pixels as they are."
UNKNOWN_MODEL = "The model knows no pixel size: it runs on the pixels as they are."


@dataclass(frozen=True)
class PixelSize:
    """Height and width of a pixel."""

    plane: Plane
    unit: str

    @classmethod
    def of(cls, known: Raster | Model) -> PixelSize | None:
        """That of an image or a model; None where it is unknown."""
        if known.unit == PIXEL or len(known.spacing) < 2:
            return None
        return cls((known.spacing[-2], known.spacing[-1]), known.unit)

    def say(self) -> str:
        """In words: ``4.6 nm``."""
        return say_spacing(self.plane, self.unit)


class Fit(NamedTuple):
    """How an image is brought to a pixel size.

    Its pyramid level, that level's pixel in pixels of the finest one, and the wanted pixel in
    those, each along rows and columns; the plane's size in wanted pixels.
    """

    level: int
    factor: Plane
    step: Plane
    plane: tuple[int, int]


@dataclass(frozen=True)
class View:
    """An image as the network sees it, and how what is found there comes back."""

    image: Image
    fit: Fit | None = None

    def onto(self, image: Image, write: Write) -> Back | None:
        """Writes on the grid of the image itself; None where the view has the same."""
        if self.fit is None:
            return None
        sizes = zip(self.image.plane, image.plane, self.fit.step, strict=True)
        return Back(write, [Line(here, there, 1 / step) for here, there, step in sizes])

    def picked(self, labels: Labels) -> Labels:
        """Labels of the image itself on these pixels: of each the nearest one."""
        return labels if self.fit is None else _picked(labels, self.fit)


def view(image: Image, wanted: PixelSize | None) -> View:
    """An image at a pixel size: its nearest pyramid level, resampled where that is not near."""
    fit = _fit(image, wanted)
    return View(image if fit is None else _seen(image, fit), fit)


def to_run(
    images: Sequence[Image], model: Model, config: Scaled
) -> tuple[PixelSize | None, list[Note]]:
    """The pixel size to run a model at, None for images as they are; and what there is to say.

    Raises
    ------
    ValueError
        An image is so much coarser that something must be wrong.
    """
    if config.scale == "off":
        return None, []
    wanted = PixelSize.of(model)
    if wanted is None:
        return None, [Note(UNKNOWN_MODEL)]
    said = []
    for image in images:
        fit, size = _fit(image, wanted), wanted.say()
        if not image.has_scale:
            said.append(UNKNOWN)
        elif fit:
            own = _say(image)
            said.append(f"Pixels are {own}, the model learned at {size}: it is run at {size}.")
    return wanted, _once(said)


class ToLearn(NamedTuple):
    """Images and labels at one pixel size, and what there is to say."""

    images: Sequence[Image]
    labels: Sequence[Labels]
    told: list[Note]


def to_learn(
    images: Sequence[Image], labels: Sequence[Labels], config: LearnedScale, start: Model | None
) -> ToLearn:
    """Images and labels at the pixel size asked for.

    Else at that of the model to go on from, else at that of the first image that has one.

    Raises
    ------
    ValueError
        An image is so much coarser that something must be wrong.
    """
    if config.scale == "off":
        return ToLearn(images, labels, [])
    known = [size for size in map(PixelSize.of, images) if size]
    if not known:
        return ToLearn(images, labels, [Note(UNKNOWN_TO_LEARN)])
    asked = config.pixel_size
    before = PixelSize.of(start) if start else None
    wanted = PixelSize((asked, asked), "nm") if asked else before or known[0]
    said = [SOME_UNKNOWN] if len(known) < len(images) else []
    seen: list[Image] = []
    true: list[Labels] = []
    for image, truth in zip(images, labels, strict=True):
        fit = _fit(image, wanted)
        if fit:
            said.append(f"Pixels of {_say(image)} are brought to {wanted.say()}.")
        seen.append(_seen(image, fit) if fit else image)
        true.append(_picked(truth, fit) if fit else truth)
    return ToLearn(seen, true, _once(said))


def _once(sentences: list[str]) -> list[Note]:
    return [Note(sentence) for sentence in dict.fromkeys(sentences)]


def _say(image: Image) -> str:
    return say_spacing(image.spacing[-2:], image.unit)


def _steps(image: Image, wanted: PixelSize | None) -> Plane | None:
    """A wanted pixel in pixels of the image; None where one of the two is unknown."""
    if wanted is None or not image.has_scale:
        return None
    height, width = (to_unit(length, wanted.unit, image.unit) for length in wanted.plane)
    return height / image.spacing[-2], width / image.spacing[-1]


def _fit(image: Image, wanted: PixelSize | None) -> Fit | None:
    """How to bring an image to a size; None where it is near it as it is."""
    steps = _steps(image, wanted)
    if wanted is None or steps is None:
        return None
    if min(steps) < 1 / _COARSEST:
        raise ValueError(
            f"Pixels of {_say(image)} are far larger than {wanted.say()}: "
            "correct the pixel size, or turn it off in the settings (--scale off)."
        )
    factors = [_factor(image, level) for level in range(len(image.levels))]
    fine = [
        k
        for k, factor in enumerate(factors)
        if all(f <= _ALIKE * s for f, s in zip(factor, steps, strict=True))
    ]
    level = max(fine, default=0)  # the coarsest with all the details that the model knows
    factor = factors[level]
    if all(1 / _ALIKE <= s / f <= _ALIKE for s, f in zip(steps, factor, strict=True)):
        return Fit(level, factor, factor, _plane(image, level)) if level else None
    sizes = [max(1, round(n / s)) for n, s in zip(image.plane, steps, strict=True)]
    return Fit(level, factor, steps, (sizes[0], sizes[1]))


def _plane(image: Raster, level: int) -> tuple[int, int]:
    axis = image.axes.index("Y")
    height, width = image.levels[level].shape[axis : axis + 2]
    return int(height), int(width)


def _factor(image: Raster, level: int) -> Plane:
    """A pixel of a level in pixels of the finest; whole where the sizes were rounded."""

    def one(fine: int, coarse: int) -> float:
        whole = round(fine / coarse)
        return float(whole) if abs(fine - whole * coarse) < whole else fine / coarse

    height, width = map(one, image.plane, _plane(image, level))
    return height, width


def _lines(below: tuple[int, int], fit: Fit, factor: Plane) -> tuple[Line, Line]:
    rows, columns = (
        Line(n, size, step / by)
        for n, size, step, by in zip(below, fit.plane, fit.step, factor, strict=True)
    )
    return rows, columns


def _seen(image: Image, fit: Fit) -> Image:
    pixels = image.levels[fit.level]
    if fit.step != fit.factor:
        down, across = _lines(_plane(image, fit.level), fit, fit.factor)
        pixels = Resized(pixels, image.axes, down, across)
    return _moved(image, pixels, fit)


def _picked(labels: Labels, fit: Fit) -> Labels:
    down, across = _lines(labels.plane, fit, (1.0, 1.0))
    return _moved(labels, Resized(labels.levels[0], labels.axes, down, across, pick=True), fit)


def _moved(raster: R, pixels: object, fit: Fit) -> R:
    """A raster with other pixels on the same area."""
    *deep, height, width = raster.spacing
    *far, top, left = raster.origin
    spacing = (*deep, height * fit.step[0], width * fit.step[1])
    top, left = top + (fit.step[0] - 1) / 2 * height, left + (fit.step[1] - 1) / 2 * width
    return raster.replace(data=pixels, spacing=spacing, origin=(*far, top, left))
