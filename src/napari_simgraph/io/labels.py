"""Label files as Labels: which value means what, and what was assumed about it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from napari_simgraph.core.classes import ClassTable
from napari_simgraph.core.raster import Image, Labels, LabelsSet, each_image
from napari_simgraph.core.runs import from_runs
from napari_simgraph.io.faults import Told
from napari_simgraph.io.label_values import (
    MAX_VALUES,
    LookUp,
    changed,
    grey,
    stacked_masks,
    values_of,
)
from napari_simgraph.io.raw import Opened, ReadOptions
from napari_simgraph.io.read import read_values

LABELS_ARE = ("auto", "mask", "scribbles", "objects", "marked", "either")


@dataclass(frozen=True)
class LabelOptions(ReadOptions):
    """What the person says about label files; empty means: as the file says.

    Parameters
    ----------
    classes
        Names of the classes 1, 2, 3 …
    labels_are
        ``mask``: every value is a class, 0 too; ``scribbles``: 0 is unlabelled; ``auto``: a mask
        where all files together hold just two values, else scribbles; ``objects``: each value is
        one object; ``marked``: 0 is background, the rest classes, or objects where there are more
        values than anyone draws classes; ``either``: as ``auto``, or objects likewise.
    """

    classes: tuple[str, ...] = ()
    labels_are: str = "auto"


@dataclass(frozen=True)
class OpenedLabels:
    """Labels, and what was assumed on the way in plain sentences."""

    labels: Labels | LabelsSet
    notes: tuple[str, ...] = ()


def read_labels(path: str | Path, *, options: LabelOptions | None = None) -> OpenedLabels:
    """The labels at a path: 0 is unlabelled, classes count from 1.

    Raises
    ------
    AxesUnclear
        Four axes or more, and nothing says what they are.
    ValueError
        The path can't be read, or its values are no classes.
    """
    options = options or LabelOptions()
    found = read_for_labels(path, options)
    if found.info.get("noun") == "Labels":
        return OpenedLabels(_ours(found, options), found.notes)
    return as_labels(list(each_image(found.image)), options, found.notes, str(path))


def read_for_labels(path: str | Path, options: LabelOptions) -> Opened:
    """The file as it is: pixels not yet classes."""
    plain = {key: getattr(options, key) for key in ("axes", "spacing", "unit", "channel", "level")}
    return read_values(path, options=ReadOptions(**plain))


def as_labels(
    images: Sequence[Image], options: LabelOptions, notes: Sequence[str] = (), path: str = ""
) -> OpenedLabels:
    """Images of label files as labels; their values are looked at together.

    Raises
    ------
    ValueError
        The values are no classes.
    """
    if options.labels_are not in LABELS_ARE:
        raise Told(f"Labels are one of {', '.join(LABELS_ARE)}, not '{options.labels_are}'.")
    flat = [grey(image) for image in images]
    if options.labels_are == "objects":
        return _objects(flat, (*notes, "Each value is read as one object."))
    values = values_of(flat, path or images[0].name)
    if options.labels_are in ("marked", "either") and len(values) > _most(options):
        said = f"More than {_most(options)} values: each is read as one object."
        return _objects(flat, (*notes, said))
    look_up, classes, told = _meaning(values, options)
    labels = tuple(_labels(image, look_up, classes) for image in flat)
    whole = labels[0] if len(labels) == 1 else LabelsSet(labels)
    return OpenedLabels(whole, (*notes, *told))


def _most(options: LabelOptions) -> int:
    """More values than these are no classes."""
    named = options.labels_are == "either" and options.classes
    return len(options.classes) + 1 if named else MAX_VALUES


def read_class_masks(
    paths: Mapping[str, str | Path], *, options: LabelOptions | None = None
) -> OpenedLabels:
    """Overlapping labels from one mask per class: 0 unlabelled, 1 absent, 2 present.

    A mask's nonzero pixels are present, all others absent; as scribbles, 0 is unlabelled, 1
    absent and 2 present.

    Raises
    ------
    ValueError
        A mask can't be read, or they differ in size.
    """
    options = options or LabelOptions()
    masks, notes = [], []
    for name, path in paths.items():
        found = read_for_labels(path, options)
        if not isinstance(found.image, Image):
            raise Told(f"{path} holds several images; a class has one mask.")
        masks.append(grey(found.image))
        notes += [f"{name}: {note}" for note in found.notes]
        _check_present(masks[-1], str(path), options)
    first = masks[0]
    for name, mask in zip(paths, masks, strict=True):
        if mask.shape != first.shape:
            raise Told(f"The masks differ in size: {name} is {mask.shape}, not {first.shape}.")
    data = stacked_masks([mask.levels[0] for mask in masks], options.labels_are == "scribbles")
    space: dict[str, Any] = {"spacing": first.spacing, "unit": first.unit, "origin": first.origin}
    table = ClassTable.of(paths)
    labels = Labels(data, first.axes + "C", classes=table, exclusive=False, **space)
    present = "1 absent, 2 present" if options.labels_are == "scribbles" else "nonzero is present"
    return OpenedLabels(labels, (*notes, f"Read {len(masks)} masks: {present}."))


def _objects(images: Sequence[Image], notes: Sequence[str]) -> OpenedLabels:
    labels = tuple(
        Labels(list(image.levels), **_space(image), meaning="objects") for image in images
    )
    return OpenedLabels(labels[0] if len(labels) == 1 else LabelsSet(labels), tuple(notes))


def _check_present(mask: Image, path: str, options: LabelOptions) -> None:
    if options.labels_are == "scribbles" and set(values_of([mask], path)) - {0, 1, 2}:
        raise Told(f"{path} holds values above 2; strokes are 1 for absent and 2 for present.")


def _ours(found: Opened, options: LabelOptions) -> Labels | LabelsSet:
    """Labels that we wrote: what their values mean stands beside them."""
    table = ClassTable.from_json(found.info.get("classes", []))
    if options.classes:
        table = _named(table, options.classes)
    exclusive = bool(found.info.get("exclusive", True))
    meaning = "objects" if found.info.get("meaning") == "objects" else "classes"
    told: dict[str, Any] = {"classes": table, "exclusive": exclusive, "meaning": meaning}
    told["object_classes"] = from_runs(found.info.get("object_classes", ()))
    made = [
        Labels(**{**_space(i), "data": list(i.levels)}, **told) for i in each_image(found.image)
    ]
    return made[0] if len(made) == 1 else LabelsSet(tuple(made))


def _named(table: ClassTable, names: Sequence[str]) -> ClassTable:
    if len(names) < len(table):
        raise Told(f"The labels have {len(table)} classes, but {len(names)} names were given.")
    return ClassTable.of(names)


def _space(image: Image) -> dict[str, Any]:
    keys = ("axes", "spacing", "unit", "origin", "name", "source")
    return {key: getattr(image, key) for key in keys}


def _labels(image: Image, look_up: LookUp, classes: ClassTable) -> Labels:
    return Labels(
        [changed(level, look_up) for level in image.levels], **_space(image), classes=classes
    )


def _meaning(values: Sequence[int], options: LabelOptions) -> tuple[LookUp, ClassTable, list[str]]:
    """For each value its class, the class table, and what was assumed."""
    if len(values) > MAX_VALUES:
        raise Told(
            f"The labels hold more than {MAX_VALUES} values: these look like objects, not classes."
        )
    two = options.labels_are in ("auto", "either") and len(values) == 2
    if two or options.labels_are == "mask":
        return _full_mask(values, options.classes, two)
    used = [value for value in values if value]
    fits = bool(options.classes) and (not used or used[-1] <= len(options.classes))
    if fits or used == list(range(1, len(used) + 1)):
        names = options.classes or [f"class {value}" for value in used]
        said = [] if used else ["No pixel is labelled: all are 0."]
        return LookUp({v: v for v in values}), _table(names, len(used), fits), said
    numbered = {value: i for i, value in enumerate(used, 1)}
    names = options.classes or [f"value {value}" for value in used]
    listed = ", ".join(f"{value} is class {i}" for value, i in numbered.items())
    return LookUp({0: 0} | numbered), _table(names, len(used)), [f"Renumbered: {listed}."]


def _full_mask(
    values: Sequence[int], names: Sequence[str], assumed: bool
) -> tuple[LookUp, ClassTable, list[str]]:
    """Every value is a class, the lowest first."""
    numbered = {value: i for i, value in enumerate(values, 1)}
    table = _table(names or [f"value {value}" for value in values], len(values))
    pairs = zip(values, table.names, strict=False)
    listed = ", ".join(f"{value} is class {numbered[value]} ({name})" for value, name in pairs)
    why = "The labels hold just two values, read as a full mask" if assumed else "Read as full mask"
    return LookUp(numbered), table, [f"{why}: {listed}."]


def _table(names: Sequence[str], count: int, may_have_more: bool = False) -> ClassTable:
    if len(names) < count or (len(names) > count and not may_have_more):
        raise Told(f"The labels hold {count} classes, but {len(names)} names were given.")
    return ClassTable.of(names)
