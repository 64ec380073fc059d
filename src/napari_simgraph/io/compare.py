"""Two results, one made again: whether they say the same, and where they don't how much."""

from __future__ import annotations

import csv
from collections.abc import Iterator
from itertools import zip_longest
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from napari_simgraph.core.graph import SimilarityGraph
from napari_simgraph.core.raster import each_image
from napari_simgraph.core.signatures import SignatureTable
from napari_simgraph.core.tables import PatchTable
from napari_simgraph.io.anndata_read import is_table, read_noun
from napari_simgraph.io.geojson import is_marks, read_geojson
from napari_simgraph.io.models import is_model, load_model
from napari_simgraph.io.read import read

# Numbers with fractions: threads and machines add up in another order, half precision has three
# digits. Whole numbers that are labels, ids and positions are compared exactly.
_RELATIVE, _ABSOLUTE = 1e-3, 1e-4
_GREY = 1  # grey values are such numbers, rounded


class Verdict(NamedTuple):
    """Whether two results say the same, and a sentence that says how nearly."""

    same: bool
    sentence: str


class Values(NamedTuple):
    """A part of a result: what it is called, and its values.

    `exact` where they must be equal, `grey` where they are rounded.
    """

    name: str
    array: NDArray[Any]
    exact: bool = False
    grey: bool = False


def compare(before: Path, after: Path) -> Verdict:
    """How a result that was made again compares with the one before.

    Raises
    ------
    ValueError
        One of the files can't be read.
    """
    largest, parts = 0.0, 0
    pairs = zip_longest(_values(before), _values(after))
    for old, new in pairs:
        if old is None or new is None or old.name != new.name:
            missing = (old or new).name
            return Verdict(False, f"it has other parts: {missing}")
        if old.array.shape != new.array.shape:
            sizes = [" x ".join(map(str, one.array.shape)) for one in (old, new)]
            return Verdict(False, f"{old.name}: {sizes[0]} before, {sizes[1]} now")
        told = _differ(old, new)
        if told:
            return Verdict(False, f"{old.name}: {told}")
        largest, parts = max(largest, _largest(old, new)), parts + 1
    if not parts:
        return Verdict(True, "the same: both are empty")
    rounding = f" but for rounding, at most {largest:.2g}" if largest else ""
    return Verdict(True, f"the same{rounding}")


def _differ(old: Values, new: Values) -> str:
    """In what two parts differ by more than rounding; "" where they don't."""
    other = _unequal(old, new)
    count, total = int(np.count_nonzero(other)), old.array.size
    if not count:
        return ""
    share = f"{count} of {total} values ({max(count / total, 1e-4):.2%}) are others"
    return share if old.exact else f"{share}, by at most {_largest(old, new):.2g}"


def _unequal(old: Values, new: Values) -> NDArray[np.bool_]:
    a, b = old.array, new.array
    if old.exact or a.dtype.kind not in "fiub" or b.dtype.kind not in "fiub":
        found: NDArray[np.bool_] = np.asarray(a != b)
        return found
    a, b = a.astype(np.float64), b.astype(np.float64)
    slack = _GREY if old.grey else _ABSOLUTE
    near: NDArray[np.bool_] = np.isclose(a, b, rtol=_RELATIVE, atol=slack, equal_nan=True)
    return ~near


def _largest(old: Values, new: Values) -> float:
    """The largest difference of numbers; 0 of words and of what is not finite."""
    a, b = old.array, new.array
    if a.dtype.kind not in "fiub" or b.dtype.kind not in "fiub" or not a.size:
        return 0.0
    far = np.abs(a.astype(np.float64) - b.astype(np.float64))
    return float(np.max(far, where=np.isfinite(far), initial=0.0))


def _values(path: Path) -> Iterator[Values]:
    """The parts of a result in a fixed order, large ones in pieces."""
    if is_model(path):
        model = load_model(path)
        for name in sorted(model.arrays):
            yield Values(name, np.asarray(model.arrays[name]))
    elif path.suffix.casefold() == ".csv":
        yield from _of_csv(path)
    elif path.suffix.casefold() == ".graphml":
        yield Values("lines", np.array(path.read_text(encoding="utf-8").splitlines()), True)
    elif is_marks(path):
        for number, one in enumerate(read_geojson(path).rows):
            yield Values(f"area {number + 1}", np.array([one.kind, one.name, one.role]), True)
            yield Values(f"outline {number + 1}", np.concatenate(one.parts))
    elif is_table(path):
        yield from _of_table(read_noun(path))
    else:
        yield from _of_rasters(path)


def _of_csv(path: Path) -> Iterator[Values]:
    """Columns; those of numbers with fractions as numbers."""
    with path.open(newline="", encoding="utf-8-sig") as file:
        head, *rows = list(csv.reader(file)) or [[]]
    yield Values("columns", np.array(head), True)
    for number, name in enumerate(head):
        cells = [row[number] for row in rows]
        try:
            yield Values(name, np.array([float(cell or "nan") for cell in cells]))
        except ValueError:
            yield Values(name, np.array(cells), True)


def _of_table(noun: PatchTable | SimilarityGraph) -> Iterator[Values]:
    table = noun.table if isinstance(noun, SimilarityGraph) else noun
    yield Values("patches", table.patch_id, True)
    for name, column in sorted(table.columns.items()):
        yield Values(name, np.asarray(column), np.asarray(column).dtype.kind != "f")
    for name, points in sorted(table.maps.items()):
        yield Values(name, np.asarray(points))
    if isinstance(table, SignatureTable):
        for rows in table.blocks():
            yield Values(f"signatures from patch {rows.start}", np.asarray(table.values[rows]))
    else:
        for name in ("values", "score", "uncertainty"):
            if getattr(table, name, None) is not None:
                yield Values(name, np.asarray(getattr(table, name)))
    for kind, edges in sorted(noun.edges.items()) if isinstance(noun, SimilarityGraph) else ():
        yield Values(f"{kind} links, begin", edges.begins(), True)
        yield Values(f"{kind} links, end", edges.ends, True)
        yield Values(f"{kind} links, weight", edges.weights)


def _of_rasters(path: Path) -> Iterator[Values]:
    """Section by section, by number: names are those of files, and files are renamed."""
    opened = read(path)
    labels = opened.info.get("noun") == "Labels"
    images = each_image(opened.image)
    for number, one in enumerate(images):
        image = f"image {number + 1}, " if len(images) > 1 else ""
        whole = one.dtype.kind in "uib"
        for z in range(one.sections):
            pixels = np.asarray(one.section(z))
            yield Values(f"{image}section {z}", pixels, whole and labels, whole and not labels)
