"""Objects: pieces of a segmentation, counted, measured and put into a table."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from napari_simgraph.analysis import finding
from napari_simgraph.analysis.blocks import Pace, Source, Volume, blocks, count
from napari_simgraph.analysis.components import Neighbours
from napari_simgraph.analysis.fractions import (
    PRESENT,
    Counting,
    InBox,
    cover,
    fraction_table,
    parse_box,
)
from napari_simgraph.analysis.objects import Frame, Measuring
from napari_simgraph.analysis.objects import measure as measured
from napari_simgraph.core.config import Config, setting
from napari_simgraph.core.job import Job, Note
from napari_simgraph.core.objects import FractionTable, ObjectTable, joined
from napari_simgraph.core.raster import Image, Labels
from napari_simgraph.core.room import Room

_BACKGROUND = "background"


@dataclass(frozen=True)
class _Finding(Config):
    only: str = setting(
        "",
        "Classes whose pieces are objects, like cell,synapse; all but background if empty.",
        label="Only classes",
    )
    corners: bool = setting(
        False, "Pixels that touch at a corner belong together too.", label="Join at corners"
    )
    through: bool = setting(
        True,
        "Objects go on from section to section; else each section is counted by itself.",
        label="Through sections",
    )
    fill_holes: bool = setting(
        False, "Background that one object encloses becomes part of it.", label="Fill holes"
    )
    smallest: float = setting(
        0.0,
        "Leave smaller objects out: µm³, µm² where flat, pixels where the size is unknown.",
        0,
        label="Smallest",
    )
    largest: float = setting(
        0.0, "Leave larger objects out, in the same unit; 0 for none.", 0, label="Largest"
    )
    remove: str = setting("", "Leave these objects out, by number: 3,17.", label="Leave out")


@dataclass(frozen=True)
class Find(_Finding):
    """Settings of `find`."""

    output: str = setting(
        "objects",
        "What the pixels say: the number of their object, or its class.",
        choices=("objects", "classes"),
        label="Make",
    )


@dataclass(frozen=True)
class Measure(_Finding):
    """Settings of `measure`."""


@dataclass(frozen=True)
class Fractions(Config):
    """Settings of `fractions`."""

    box: str = setting(
        "",
        "Only this box, in pixels: 0:5,100:200,0:512 (sections, rows, columns).",
        label="Only in the box",
    )


def find(labels: Labels, *, config: Find, room: Room) -> Job[Labels]:
    """Number the objects in labels: pieces of each class, or the objects that there are.

    Parameters
    ----------
    labels
        Classes, whose connected pieces become objects 1, 2, 3 …, or objects, which keep their
        numbers.
    config
        Settings.
    room
        Holds the result, ``objects``.

    Raises
    ------
    ValueError
        There is no such class, or the classes overlap and more than one is wanted.
    """
    _check(labels)
    channels = _channels(labels, config)
    if len(channels) > 1:
        raise ValueError("Overlapping classes have objects of their own: name one with --only.")
    pace = Pace(finding.PASSES * count(Volume.of(labels, channels[0]).shape))
    yield from pace.begin()
    found = yield from _found(labels, config, (room, "objects", channels[0]), pace)
    yield from pace.end()
    space: dict[str, Any] = {"spacing": labels.spacing, "unit": labels.unit}
    space |= {"origin": labels.origin, "name": labels.name}
    if config.output == "objects" or labels.meaning == "objects":
        return Labels(found.array, meaning="objects", **space)
    classes = room.array("classes", labels.shape, np.uint8)
    yield from _as_classes(found, classes, len(labels.shape), pace)
    return Labels(classes, classes=labels.classes, **space)


def measure(
    labels: Labels, image: Image | None = None, *, config: Measure, room: Room
) -> Job[ObjectTable]:
    """Measure each object: size, place, sections, shape and grey values, as a table.

    Parameters
    ----------
    labels
        Classes, whose connected pieces are the objects, or objects.
    image
        Of the same size, for the grey values.
    config
        Settings.
    room
        Holds the numbered objects, ``objects``, while it works.

    Raises
    ------
    ValueError
        Image and labels differ in size, or there is no such class.
    """
    _check(labels)
    if image is not None and image.shape != labels.shape:
        sizes = [" x ".join(str(n) for n in one.shape) for one in (image, labels)]
        raise ValueError(f"The image ({sizes[0]}) and the labels ({sizes[1]}) differ in size.")
    if image is not None and image.has_scale and not labels.has_scale:
        labels = labels.replace(spacing=image.spacing, unit=image.unit, origin=image.origin)
    if not labels.has_scale:
        yield Note("The pixel size is unknown: sizes are in pixels.", warning=True)
    channels = _channels(labels, config)
    frame = Frame.of(labels, config.through or labels.meaning == "objects")
    as_they_are = labels.meaning == "objects" and not _changes(config)
    passes = len(channels) * (1 if as_they_are else finding.PASSES + 1)
    pace = Pace(passes * count(Volume.of(labels, channels[0]).shape))
    yield from pace.begin()
    tables: list[ObjectTable] = []
    for channel in channels:
        ids, values = Volume.of(labels), np.zeros(1, np.int64)
        if not as_they_are:
            name = "objects" if channel is None else f"objects {channel}"
            found = yield from _found(labels, config, (room, name, channel), pace)
            ids, values = Volume(found.array, len(labels.shape)), found.values
            pace.stopped = False  # what was found by then is measured
        table = yield from measured(Measuring(ids, frame, image), pace)
        tables.append(_named(table, values, labels, channel))
    yield from pace.end()
    return joined(tables)


def fractions(
    labels: Labels, regions: Labels | None = None, *, config: Fractions, room: Room
) -> Job[FractionTable]:
    """Measure how much of each section and region every class covers, as a table.

    Parameters
    ----------
    labels
        Classes.
    regions
        Of the same size; each value is a region, 0 is none.
    config
        Settings.
    room
        Not used.

    Raises
    ------
    ValueError
        Regions and labels differ in size, or the labels are objects.
    """
    _check(labels)
    if labels.meaning == "objects" or not len(labels.classes):
        raise ValueError("These labels are objects: shares are those of classes.")
    if regions is not None and regions.shape != labels.shape:
        raise ValueError("The regions differ in size from the labels: draw them on the same image.")
    channels = [None] if labels.exclusive else list(range(labels.channels))
    names = list(regions.classes.names) if regions is not None else ["all"]
    marked: Source | None = Volume.of(regions) if regions is not None else None
    sources = [Volume.of(labels, channel) for channel in channels]
    if config.box:
        marked = InBox(marked, parse_box(config.box, sources[0].shape), sources[0].shape)
        names = names if regions is not None else ["box"]
    pace = Pace(count(sources[0].shape))
    yield from pace.begin()
    what = Counting(sources, labels.exclusive, len(labels.classes), marked, names)
    found = yield from cover(what, pace)
    yield from pace.end()
    frame = Frame.of(labels)
    pixel = float(np.prod(frame.spacing[1:])) if frame.spacing else 0.0
    return fraction_table(found, labels.classes.names, names, pixel)


def _check(labels: Labels) -> None:
    if not isinstance(labels, Labels):
        raise ValueError("These are several label images: give one at a time.")


def _changes(config: _Finding) -> bool:
    """Whether the settings ask for other objects than there are."""
    return bool(config.fill_holes or config.smallest or config.largest or config.remove)


def _channels(labels: Labels, config: _Finding) -> list[int | None]:
    """The masks of classes that overlap; None for labels of one value a pixel."""
    if labels.exclusive:
        return [None]
    chosen = _values(labels, config)
    return [value - 1 for value in chosen or range(1, len(labels.classes) + 1)]


def _values(labels: Labels, config: _Finding) -> tuple[int, ...] | None:
    """The classes that count; None for all."""
    names = [name for name in config.only.split(",") if name.strip()]
    if names:
        return tuple(labels.classes.find(name).value for name in names)
    rows = [row for row in labels.classes if row.name.casefold() != _BACKGROUND]
    return None if len(rows) == len(labels.classes) else tuple(row.value for row in rows)


def _found(
    labels: Labels, config: _Finding, arrays: tuple[Room, str, int | None], pace: Pace
) -> Job[finding.Found]:
    """Object numbers in the Room, and what class each has."""
    room, name, channel = arrays
    source, space = Volume.of(labels, channel), len(labels.shape)
    objects = labels.meaning == "objects"
    frame = Frame.of(labels, config.through or objects)
    values = (PRESENT,) if channel is not None else _values(labels, config)
    wanted = finding.Wanted(
        None if objects else values,
        Neighbours(config.corners, config.through),
        config.fill_holes,
        config.smallest / frame.pixel * (1 - 1e-9),  # sizes are whole pixels: rounding must not
        config.largest / frame.pixel * (1 + 1e-9),  # drop one that is just as large as asked
        _numbers(config.remove),
    )
    if objects:
        kind = (room, name, space)
        return (yield from finding.keep_numbers(source, wanted, kind, pace, labels.dtype))
    return (yield from finding.find_pieces(source, wanted, (room, name, space), pace))


def _numbers(text: str) -> tuple[int, ...]:
    try:
        return tuple(int(part) for part in text.split(",") if part.strip())
    except ValueError:
        raise ValueError(f"--remove wants numbers of objects like 3,17, not '{text}'.") from None


def _as_classes(found: finding.Found, classes: Any, space: int, pace: Pace) -> Job[None]:
    """Write the class of each object into `classes`."""
    ids, out = Volume(found.array, space), Volume(classes, space)
    for block in blocks(ids.shape):
        numbers = ids.get(block.z, block.y, block.x)
        out.put(block.z, block.y, block.x, found.values[numbers].astype(np.uint8))
        yield from pace.step(f"z {block.z + 1} of {ids.shape[0]}")


def _named(table: ObjectTable, values: Any, labels: Labels, channel: int | None) -> ObjectTable:
    """The table with the names of the classes."""
    names = dict(zip(range(1, len(labels.classes) + 1), labels.classes.names, strict=True))
    if channel is not None:
        said = [names[channel + 1]] * len(table)
    elif labels.meaning == "objects":
        return table
    else:
        said = [names.get(value, str(value)) for value in values[table["id"]].tolist()]
    kinds = np.array(said, object)
    return ObjectTable({**table.columns, "class": kinds}, name=labels.name)
