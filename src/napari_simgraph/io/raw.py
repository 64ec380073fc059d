"""What a file holds before it becomes an Image, and what the reader may be told."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np

from napari_simgraph.core.geometry import PIXEL
from napari_simgraph.core.raster import Image, ImageSet
from napari_simgraph.io.axes import check_axes, guess_axes
from napari_simgraph.io.faults import Told
from napari_simgraph.io.lazy import arrange
from napari_simgraph.io.many import Along
from napari_simgraph.io.own_info import check_info


@dataclass(frozen=True)
class ReadOptions:
    """What the person says about a file; empty means: as the file says.

    Parameters
    ----------
    axes
        One letter of T Z Y X C N for each axis of the file.
    spacing, unit
        Pixel size ``(z, y, x)`` or ``(y, x)`` and its unit of length.
    channel
        The one channel to take, from 0 or by its name.
    level
        The pyramid level to take, from 0; at 0 all levels are kept.
    """

    axes: str = ""
    spacing: tuple[float, ...] = ()
    unit: str = ""
    channel: int | str | None = None
    level: int = 0


@dataclass(frozen=True)
class Opened:
    """A file as a noun, what was assumed on the way, and what the file does not say.

    Parameters
    ----------
    image
        The pixels.
    notes
        What was assumed or done, in plain sentences.
    questions
        Any of ``axes`` and ``spacing``.
    info
        What we wrote beside the pixels ourselves: classes, settings, the command line.
    labels
        The keys of labels that lie in the same file.
    """

    image: Image | ImageSet
    notes: tuple[str, ...] = ()
    questions: frozenset[str] = frozenset()
    info: Mapping[str, Any] = field(default_factory=dict)
    labels: tuple[str, ...] = ()


@dataclass(frozen=True)
class Raw:
    """Pixels in the file's own axes, with all that the file says about them.

    Parameters
    ----------
    levels
        Arrays with ``shape``, ``dtype`` and slicing, finest first.
    axes
        The letters of the file's axes; "" where it doesn't say.
    spacing, origin
        By letter of the axis, in `unit`.
    info
        What we wrote beside the pixels ourselves.
    alpha
        Whether the last of four channels (or of two) is opacity.
    channels
        Their names, where the file has some.
    image_classes
        Of several images, the class of each.
    labels
        The keys of labels that lie in the same file.
    """

    levels: tuple[Any, ...]
    axes: str = ""
    spacing: Mapping[str, float] = field(default_factory=dict)
    origin: Mapping[str, float] = field(default_factory=dict)
    unit: str = PIXEL
    name: str = "image"
    source: str = ""
    info: Mapping[str, Any] = field(default_factory=dict)
    notes: tuple[str, ...] = ()
    alpha: bool = False
    channels: tuple[str, ...] = ()
    image_classes: tuple[str, ...] = ()
    labels: tuple[str, ...] = ()

    @property
    def shape(self) -> tuple[int, ...]:
        """Size of the finest level in the file's axes."""
        return tuple(int(n) for n in self.levels[0].shape)

    @property
    def dtype(self) -> np.dtype[Any]:
        """The type of the pixels."""
        dtype: np.dtype[Any] = np.dtype(self.levels[0].dtype)
        return dtype


def opened(raw: Raw, options: ReadOptions) -> Opened:
    """A file's pixels as an Image, or as an ImageSet where it has axes T or N.

    Raises
    ------
    ValueError
        Axes, channel, level or spacing don't fit the file.
    """
    if raw.dtype.kind not in "buif":
        raise Told(f"{raw.source} holds {raw.dtype} values, not the pixels of a picture.")
    if 0 in raw.shape:
        raise Told(f"{raw.source} holds no pixels (shape {raw.shape}).")
    _check_levels(raw)
    check_info(raw.info, raw.source)
    colour_guessed = len(raw.shape) == 4 and not raw.axes and not options.axes
    raw, letters, notes = _settle_axes(raw, options)
    raw = replace(raw, axes=letters)
    raw = _pick_level(raw, options.level)
    raw = _spaced(raw, letters, options)
    images = Along(raw, letters, _channel(raw, letters, options.channel))
    many = any(letter in letters and raw.shape[letters.index(letter)] > 1 for letter in "TN")
    classes = raw.image_classes if len(raw.image_classes) == len(images) else ()
    image: Image | ImageSet = ImageSet(images, classes, raw.name) if many else images[0]
    asked = {"spacing"} if _asks_spacing(raw, options) else set()
    asked |= {"axes"} if colour_guessed else set()
    return Opened(image, (*raw.notes, *notes), frozenset(asked), raw.info, raw.labels)


def _check_levels(raw: Raw) -> None:
    """Nothing, where coarser levels are of the kind of the finest one and no larger."""
    for level in raw.levels[1:]:
        shape = tuple(int(n) for n in level.shape)
        alike = np.dtype(level.dtype) == raw.dtype and len(shape) == len(raw.shape)
        if not alike or any(a > b or not a for a, b in zip(shape, raw.shape, strict=True)):
            raise Told(f"{raw.source} is broken: its levels don't belong together.")


def _settle_axes(raw: Raw, options: ReadOptions) -> tuple[Raw, str, list[str]]:
    """The raw file with the axes that it lost put back, and a letter for each axis."""
    notes: list[str] = []
    name = raw.source or raw.name
    if options.axes:
        return raw, check_axes(options.axes, raw.shape, name), notes
    letters = raw.axes
    if not letters:
        letters = guess_axes(raw.shape, raw.dtype, name)
        if letters.endswith("C"):
            raw = replace(raw, alpha=raw.shape[-1] == 4)
            notes.append("The last axis was read as colour.")
    if raw.alpha and "C" in letters:
        at = letters.index("C")
        kept = raw.shape[at] - 1
        raw = replace(
            raw, levels=tuple(arrange(a, range(len(letters)), sizes={at: kept}) for a in raw.levels)
        )
        notes.append("The opacity channel was left out.")
    ours = str(raw.info.get("axes", ""))
    lost = [letter for letter in ours if letter not in letters]
    if ours and lost:  # formats drop axes of length 1; what we wrote says that they were there
        order = [*(None for _ in lost), *range(len(letters))]
        raw = replace(raw, levels=tuple(arrange(a, order) for a in raw.levels))
        letters = "".join(lost) + letters
    return raw, check_axes(letters, raw.shape, name), notes


def _pick_level(raw: Raw, level: int) -> Raw:
    """The raw file from this level on; its spacing grows with the level."""
    if not level:
        return raw
    if not 0 <= level < len(raw.levels):
        raise Told(f"{raw.source} has {len(raw.levels)} levels; there is no level {level}.")
    chosen = raw.levels[level]
    ratio = {
        letter: raw.shape[i] / int(chosen.shape[i])
        for i, letter in enumerate(raw.axes)
        if letter in raw.spacing
    }
    spacing = {letter: size * ratio.get(letter, 1.0) for letter, size in raw.spacing.items()}
    return replace(raw, levels=(chosen,), spacing=spacing)


def _spaced(raw: Raw, letters: str, options: ReadOptions) -> Raw:
    """The raw file with a spacing for each spatial axis, in one unit."""
    space = [letter for letter in "ZYX" if letter in letters]
    notes = list(raw.notes)
    unit = options.unit or raw.unit
    if options.spacing:
        given = options.spacing[-len(space) :]
        if len(given) < len(space):
            raise Told(f"{raw.source} is a stack: give three pixel sizes, --spacing Z,Y,X.")
        if unit == PIXEL:
            unit = "nm"
            notes.append("No unit was given with the spacing: nm was assumed.")
        spacing = dict(zip(space, given, strict=True))
    else:
        spacing = {letter: raw.spacing.get(letter, 0.0) for letter in space}
        if unit != PIXEL and not spacing.get("Z", 1.0) and spacing["Y"]:
            spacing["Z"] = spacing["Y"]
            notes.append("The file has no section thickness: the pixel height was assumed.")
    spacing = {letter: size or 1.0 for letter, size in spacing.items()}
    return replace(raw, spacing=spacing, unit=unit, notes=tuple(notes))


def _asks_spacing(raw: Raw, options: ReadOptions) -> bool:
    """Whether the pixel size had to be assumed."""
    assumed = any("thickness" in note for note in raw.notes)
    return not options.spacing and (raw.unit == PIXEL or assumed)


def _channel(raw: Raw, letters: str, channel: int | str | None) -> int | None:
    """The channel to take; None for all."""
    if channel is None:
        return None
    count = raw.shape[letters.index("C")] if "C" in letters else 1
    number = _channel_number(raw, channel, count)
    if not 0 <= number < count:
        raise Told(f"{raw.source} has {count} channels, counted from 0; there is no {channel}.")
    return number if "C" in letters else None


def _channel_number(raw: Raw, channel: int | str, count: int) -> int:
    if isinstance(channel, int) or channel.lstrip("-").isdigit():
        return int(channel)
    rows = raw.info.get("classes") or ()
    names = [*raw.channels] or [str(row["name"]) for row in rows if raw.info["noun"] == "Image"]
    names = names or (["red", "green", "blue"] if count == 3 else [])
    small = [name.casefold() for name in names]
    if channel.casefold() not in small:
        ways = f"; its channels are {', '.join(names)}" if names else ", only numbers from 0"
        raise Told(f"{raw.source} has no channel '{channel}'{ways}.")
    return small.index(channel.casefold())
