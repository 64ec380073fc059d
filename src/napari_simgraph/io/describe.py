"""What a path holds, in lines of text."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from napari_simgraph.core.geometry import say_spacing
from napari_simgraph.core.raster import ImageSet, Raster, each_image
from napari_simgraph.core.recipe import KEY as RECIPE
from napari_simgraph.io.cards import facts
from napari_simgraph.io.describe_workspace import is_workspace, workspace_facts
from napari_simgraph.io.many import Along
from napari_simgraph.io.models import is_model, load_model
from napari_simgraph.io.raw import Opened
from napari_simgraph.io.read import KeyNeeded, read, read_raw, split_key

_LISTED = 50  # arrays of a file; tables of some programs are thousands


def describe(path: str | Path) -> str:
    """A model, a workspace, an image or labels in lines ``name: value``.

    Raises
    ------
    ValueError
        The path can't be read.
    """
    file, _ = split_key(path)
    if is_model(file):
        return _model(file)
    if is_workspace(file):
        return _lines([*workspace_facts(file), ("Size on disk", _bytes(_on_disk(file)))])
    try:
        return _opened(read(path), file)
    except KeyNeeded as needed:
        return _lines(_arrays(file, needed.keys))


def _arrays(file: Path, keys: Sequence[str]) -> list[tuple[str, str]]:
    """What a file of several arrays holds: each by the path that names it."""
    pairs = [("File", str(file)), ("Arrays", str(len(keys)))]
    for key in keys[:_LISTED]:
        raw = read_raw(file, key)
        size = " x ".join(str(n) for n in raw.shape)
        pairs.append((f"{file.name}::{key}", f"{size}, {raw.dtype}"))
    more = len(keys) - _LISTED
    pairs += [("More arrays", str(more))] if more > 0 else []
    return [*pairs, ("Size on disk", _bytes(_on_disk(file)))]


def _model(folder: Path) -> str:
    model = load_model(folder)
    pairs = [("Model", model.name), *facts(model)]
    plain = {"baseline": "baseline (grey values alone)"}
    scores = [(plain.get(name, name), value) for name, value in model.metrics.items()]
    pairs += [(f"Score, {name}", f"{value:.4f}") for name, value in scores]
    pairs += [(f"Setting, {name}", str(value)) for name, value in model.settings.items()]
    pairs += [(f"Learned from, {name}", str(value)) for name, value in model.data.items()]
    pairs += [("Size on disk", _bytes(_on_disk(folder)))]
    return _lines(pairs)


def _opened(found: Opened, file: Path) -> str:
    what = str(found.info.get("noun", "Image"))
    pairs = [(what if not isinstance(found.image, ImageSet) else "Images", str(file))]
    images = each_image(found.image)
    if isinstance(found.image, ImageSet):
        alike = isinstance(images, Along)  # of one array: no need to make them all
        shapes = sorted({_size(image) for image in (images[:1] if alike else images)})
        pairs += [("Number", str(len(images))), ("Sizes", ", ".join(shapes[:5]))]
        classes = sorted(set(found.image.image_classes) - {""})
        pairs += [("Classes", ", ".join(classes))] if classes else []
    else:
        pairs += _raster(images[0])
    if found.labels:
        pairs.append(("Labels", ", ".join(f"{file.name}::{key}" for key in found.labels)))
    if found.info.get("classes"):
        rows = [f"{row['value']} {row['name']}" for row in found.info["classes"]]
        pairs.append(("Classes", ", ".join(rows)))
    pairs += [("Values", str(images[0].dtype)), ("Size on disk", _bytes(_on_disk(file)))]
    made = found.info.get("made", {})
    pairs += [(f"Made with, {key}", str(value)) for key, value in made.items() if key != RECIPE]
    return _lines([*pairs, *(("Note", note) for note in found.notes)])


def _raster(image: Raster) -> list[tuple[str, str]]:
    levels = [" x ".join(str(n) for n in level.shape) for level in image.levels[1:]]
    pairs = [
        ("Size", _size(image)),
        ("Axes", image.axes),
        ("Pixel size", say_spacing(image.spacing, image.unit)),
    ]
    return pairs + ([("Coarser levels", ", ".join(levels))] if levels else [])


def _size(image: Raster) -> str:
    channels = f", {image.channels} channels" if image.axes.endswith("C") else ""
    return " x ".join(str(n) for n in image.shape) + channels


def _on_disk(path: Path) -> int:
    files = path.rglob("*") if path.is_dir() else [path]
    return sum(file.stat().st_size for file in files if file.is_file())


def _bytes(count: float) -> str:
    for unit in ("bytes", "kB", "MB", "GB"):
        if count < 1000 or unit == "GB":
            return f"{count:.0f} {unit}" if unit == "bytes" else f"{count:.1f} {unit}"
        count /= 1000
    raise AssertionError("unreachable: GB always answers")


def _lines(pairs: list[tuple[str, str]]) -> str:
    return "\n".join(f"{name}: {value}" for name, value in pairs)
