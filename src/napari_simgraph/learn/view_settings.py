"""View settings: which differences between two views of a patch should not matter; no torch."""

from __future__ import annotations

import math
from collections.abc import Iterable
from dataclasses import dataclass, replace

from napari_simgraph.core.raster import Image, ImageSet, each_image

_SMALL = 64  # px; pictures up to this side, one patch each and grey, are taken for digits
_TILT = 15.0  # degrees: so much never matters, since nothing is cut or written quite straight
_STAIN = 0.2  # spread of the amount of each stain: as two laboratories differ
ROTATION, BRIGHTNESS, NOISE = "rotation", "brightness", "noise"
STAIN, STROKE = "stain", "stroke"
THINGS = "things"  # upright and in the middle, one a picture
KINDS = ("em", "slide", "digits", THINGS)


@dataclass(frozen=True)
class Views:
    """What is varied, and by how much.

    Parameters
    ----------
    patch
        Side of the patches in pixels.
    flips, turn
        Mirrored or not; largest turn in degrees.
    zoom, shear, shift
        Largest factor of size; of slant; of shift, as a share of the patch.
    bend
        Spread of the elastic shift, as a share of the patch.
    stroke
        Strokes may be thicker or thinner.
    gain, offset, noise
        Of grey values, in spreads.
    blur
        Share of views that are blurred.
    stain
        Spread of the amount of each stain, for colour images.
    near
        How far apart the two views of a patch may lie, as a share of the patch.
    border
        What is seen beyond the border: ``reflection``, or ``border`` for the background of a
        picture.
    """

    patch: int
    flips: bool = True
    turn: float = 180.0
    zoom: float = 1.25
    shear: float = 0.0
    shift: float = 0.0
    bend: float = 0.03
    stroke: bool = False
    gain: float = 0.1
    offset: float = 0.1
    noise: float = 0.15
    blur: float = 0.3
    stain: float = 0.0
    near: float = 0.25
    border: str = "reflection"

    @property
    def reading(self) -> int:
        """Side of the crop to read for a patch, in pixels."""
        # 1.5: corners of a patch turned by 45 degrees; what is still missing is mirrored
        return math.ceil(0.75 * self.patch) * 2 if self.turn > 45 else self.patch

    def stronger(self, factor: float) -> Views:
        """The same with all amounts times a factor."""
        names = ("shear", "shift", "bend", "gain", "offset", "noise", "stain")
        amounts = {name: getattr(self, name) * factor for name in names}
        return replace(self, zoom=self.zoom**factor, **amounts)


# What should not matter, by its name in `--ignore`, and how it is said.
IGNORED = {
    ROTATION: "flips and turns",
    BRIGHTNESS: "a little brightness",
    NOISE: "noise and blur",
    STAIN: "the amount of each stain",
    STROKE: "the width of strokes",
}
_DIGITS = Views(
    0,
    flips=False,
    turn=_TILT,
    shear=0.2,
    shift=0.08,
    bend=0.06,
    stroke=True,
    gain=0.1,
    offset=0.0,
    noise=0.1,
    blur=0.0,
    near=0.0,
    border="border",
)
PRESETS = {
    # grey levels tell structures apart in electron microscopy: they are varied only a little
    "em": Views(0),
    "slide": Views(0, stain=_STAIN, gain=0.05, offset=0.05, noise=0.05),
    "digits": _DIGITS,
    # where a part lies tells what it is: a sleeve, a heel. Fashion-MNIST, 13,000 training pictures
    # and 3,000 others, 150 steps: 10-NN accuracy 0.859, as for digits 0.839
    THINGS: replace(_DIGITS, turn=5.0, zoom=1.1, shear=0.05, shift=0.04, bend=0.03),
}
# What should not matter unless somebody says otherwise: up and down mean nothing in tissue, but
# tell a 6 from a 9.
USUAL = {
    "em": (ROTATION, BRIGHTNESS, NOISE),
    "slide": (ROTATION, BRIGHTNESS, NOISE, STAIN),
    "digits": (BRIGHTNESS, NOISE, STROKE),
    THINGS: (BRIGHTNESS, NOISE, STROKE),
}
AUTO, NONE = "auto", "none"


def kind_of(images: Image | ImageSet) -> str:
    """The preset for these images: ``em``, ``slide`` or ``digits``."""
    several = each_image(images)
    if several[0].channels == 3:
        return "slide"
    sizes = several[:1] if getattr(several, "alike", False) else several  # one for all
    small = len(several) > 1 and all(max(one.plane) <= _SMALL for one in sizes)
    return "digits" if small else "em"


def ignored(text: str, kind: str) -> tuple[str, ...]:
    """What should not matter, as ``rotation,noise``, ``none`` or ``auto`` says it.

    Raises
    ------
    ValueError
        It names something else.
    """
    if text.strip() == AUTO:
        return USUAL[kind]
    words = [word.strip().casefold() for word in text.split(",") if word.strip()]
    unknown = [word for word in words if word not in (*IGNORED, NONE)]
    if unknown:
        raise ValueError(f"What should not matter is {', '.join(IGNORED)}, not '{unknown[0]}'.")
    return tuple(word for word in IGNORED if word in words)


def views_for(kind: str, ignore: Iterable[str]) -> Views:
    """What is varied in images of a kind, where these differences should not matter."""
    known, how = tuple(ignore), PRESETS[kind]
    turn = 180.0 if ROTATION in known else min(_TILT, how.turn)
    how = replace(how, flips=ROTATION in known, turn=turn)
    if BRIGHTNESS not in known:
        how = replace(how, gain=0.0, offset=0.0)
    if NOISE not in known:
        how = replace(how, noise=0.0, blur=0.0)
    return replace(how, stain=_STAIN if STAIN in known else 0.0, stroke=STROKE in known)


def say_ignored(ignore: Iterable[str]) -> str:
    """What should not matter, in words; size and bending never do."""
    return ", ".join([*(IGNORED[word] for word in ignore), "size", "bending"])
