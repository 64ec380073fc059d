"""Objects: pieces of a segmentation, counted, measured and put into a table."""

from __future__ import annotations

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
from napari_simgraph.analysis.object_settings import Find as Find
from napari_simgraph.analysis.object_settings import Finding
from napari_simgraph.analysis.object_settings import Fractions as Fractions
from napari_simgraph.analysis.object_settings import Measure as Measure
from napari_simgraph.analysis.object_settings import Suspects as Suspects
from napari_simgraph.analysis.objects import Frame, Measuring
from napari_simgraph.analysis.objects import measure as measured
from napari_simgraph.analysis.suspects import SMALLEST, SuspectTable
from napari_simgraph.analysis.suspects import suspects as find_suspects
from napari_simgraph.analysis.walls import walls_of
from napari_simgraph.core.job import Job, Note
from napari_simgraph.core.objects import FractionTable, ObjectTable, joined
from napari_simgraph.core.raster import Image, Labels
from napari_simgraph.core.room import Room

_BACKGROUND = "background"


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
    _check_size(labels, image)
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
        ids, values = Volume.of(labels, channel), np.zeros(1, np.int64)
        if not as_they_are:
            name = "objects" if channel is None else f"objects {channel}"
            found = yield from _found(labels, config, (room, name, channel), pace)
            ids, values = Volume(found.array, len(labels.shape)), found.values
            pace.stopped = False  # what was found by then is measured
        table = yield from measured(Measuring(ids, frame, image), pace)
        tables.append(_named(table, values, labels, channel))
    yield from pace.end()
    return joined(tables)


def suspects(labels: Labels, image: Image, *, config: Suspects, room: Room) -> Job[SuspectTable]:
    """List where objects were probably merged or split by mistake, the likeliest first.

    Parameters
    ----------
    labels
        Objects; pieces of classes are numbered first.
    image
        Of the same size: the probability map that the objects were made from, or the picture
        itself, whose walls are then learned from the objects.
    config
        Settings.
    room
        Holds the numbered objects, ``objects``, while it works.

    Raises
    ------
    ValueError
        Image and labels differ in size, classes overlap, or the map doesn't say which channel is
        the boundary.
    """
    _check(labels)
    if not labels.exclusive:
        raise ValueError("These classes overlap: objects are looked at where a pixel is in one.")
    _check_size(labels, image)
    pace = Pace(2 * labels.sections + finding.PASSES * count(Volume.of(labels, None).shape))
    yield from pace.begin()
    ids = Volume.of(labels)
    if labels.meaning != "objects":
        found = yield from _found(labels, Find(), (room, "objects", None), pace)
        ids = Volume(found.array, len(labels.shape))
    wall = yield from walls_of(image, ids, config.boundary, pace)
    pixel = Frame.of(labels, False).pixel
    least = round(config.smallest / pixel) if config.smallest else SMALLEST
    table = yield from find_suspects(ids, wall, config.most, pace, least)
    yield from pace.end()
    return table


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
    if labels.meaning == "objects":
        raise ValueError("These labels are objects: shares are those of classes.")
    if not len(labels.classes):
        raise ValueError("No pixel is labelled: all are 0, so there are no shares.")
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


def _check_size(labels: Labels, image: Image | None) -> None:
    if image is not None and not isinstance(image, Image):
        raise ValueError("These are several images: give the one that the labels belong to.")
    if image is not None and image.shape != labels.shape:
        sizes = [" x ".join(str(n) for n in one.shape) for one in (image, labels)]
        raise ValueError(f"The image ({sizes[0]}) and the labels ({sizes[1]}) differ in size.")


def _changes(config: Finding) -> bool:
    """Whether the settings ask for other objects than there are."""
    return bool(config.fill_holes or config.smallest or config.largest or config.remove)


def _channels(labels: Labels, config: Finding) -> list[int | None]:
    """The masks of classes that overlap; None for labels of one value a pixel."""
    if labels.exclusive:
        return [None]
    chosen = _values(labels, config)
    return [value - 1 for value in chosen or range(1, len(labels.classes) + 1)]


def _values(labels: Labels, config: Finding) -> tuple[int, ...] | None:
    """The classes that count; None for all."""
    names = [name for name in config.only.split(",") if name.strip()]
    if names:
        return tuple(labels.classes.find(name).value for name in names)
    rows = [row for row in labels.classes if row.name.casefold() != _BACKGROUND]
    return None if len(rows) == len(labels.classes) else tuple(row.value for row in rows)


def _found(
    labels: Labels, config: Finding, arrays: tuple[Room, str, int | None], pace: Pace
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
        # what was painted since has no class yet
        kinds = dict(enumerate(np.asarray(labels.object_classes).tolist()))
        said = [names.get(kinds.get(number, 0), "") for number in table["id"].tolist()]
    else:
        said = [names.get(value, str(value)) for value in values[table["id"]].tolist()]
    return ObjectTable({**table.columns, "class": np.array(said, object)}, name=labels.name)
