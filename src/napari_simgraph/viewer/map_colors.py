"""What a map is coloured by: any column of the table, as numbers into a palette; no Qt."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from napari_simgraph.core.classes import NONE_COLOR
from napari_simgraph.core.groups import CLASSES, GROUPS, groups, names_of
from napari_simgraph.core.tables import EmbeddingTable
from napari_simgraph.viewer.map_picture import Shades

NOTHING, IMAGE, SECTION = "nothing", "image", "section"
PLAIN = {GROUPS: "groups", CLASSES: "class"}  # columns by the words on screen
_MOST_NAMES = 24  # more names can't be read on a map
_LEVELS = 64  # of a ramp: finer steps can't be told apart
_ONE = "#56B4E9"  # of all patches where nothing is told apart
# Viridis (van der Walt, Smith 2015) at five places: told apart by lightness too.
_RAMP = ((68, 1, 84), (59, 82, 139), (33, 145, 140), (94, 201, 98), (253, 231, 37))


class Coloring(NamedTuple):
    """Colours of all patches, and what they mean.

    `names` are those of the palette, in its order; empty for a ramp, which goes from `low` to
    `high`. The last colour of a palette with names is that of patches without one.
    """

    shades: Shades
    names: tuple[str, ...] = ()
    low: float = 0.0
    high: float = 0.0


def choices(table: EmbeddingTable) -> list[tuple[str, str]]:
    """What a table can be coloured by: the key, and the words on screen."""
    found = [(NOTHING, NOTHING)]
    if GROUPS in table.columns:
        found.append((GROUPS, PLAIN[GROUPS]))
    if (table.classes() != "").any():
        found.append((CLASSES, PLAIN[CLASSES]))
    if len(table.grid.sources) > 1:
        found.append((IMAGE, IMAGE))
    if len(np.unique(table.grid.z)) > 1:
        found.append((SECTION, SECTION))
    rest = [name for name in table.columns if name not in (GROUPS, CLASSES)]
    return found + [(name, name) for name in rest]


def coloring(table: EmbeddingTable, key: str) -> Coloring:
    """The colours by one of the choices; a column that is gone colours nothing."""
    if key == SECTION:
        return _ramp(table.grid.z.astype(np.float64))
    if key == IMAGE:
        words = np.array([one.name for one in table.grid.sources], np.str_)[table.grid.image]
        return _words(table.with_column(IMAGE, words), IMAGE)
    if key in (GROUPS, CLASSES) or key in table.columns:
        values = table.columns.get(key)
        if key == CLASSES or values is None or values.dtype.kind not in "fb":
            return _words(table, key)
        return _ramp(values.astype(np.float64))
    palette = np.array([_bytes(_ONE)], np.uint8)
    return Coloring(Shades(np.zeros(len(table), np.intp), palette))


def _words(table: EmbeddingTable, key: str) -> Coloring:
    if key not in table.columns and key != CLASSES:
        return coloring(table, NOTHING)
    values = table.columns.get(key)
    if values is not None and values.dtype.kind in "iu" and key != GROUPS:
        if len(np.unique(values)) > _MOST_NAMES:
            return _ramp(values.astype(np.float64))
        table = table.with_column(key, values.astype(np.str_))
    listed = groups(table, key)
    words = names_of(table, key)
    known = np.array([one.name for one in listed], np.str_)
    order = np.argsort(known)
    at = np.searchsorted(known, words, sorter=order)
    number = np.full(len(words), len(known), np.intp)
    if len(known):
        found = order[np.minimum(at, len(known) - 1)]
        number = np.where(known[found] == words, found, len(known))
    palette = [_bytes(one.color) for one in listed] + [_bytes(NONE_COLOR)]
    names = tuple(one.name for one in listed[:_MOST_NAMES])
    return Coloring(Shades(number, np.array(palette, np.uint8)), names)


def _ramp(values: NDArray[np.float64]) -> Coloring:
    known = np.isfinite(values)
    low, high = (values[known].min(), values[known].max()) if known.any() else (0.0, 0.0)
    level = (values - low) / max(float(high - low), 1e-12) * (_LEVELS - 1)
    number = np.where(known, np.nan_to_num(level), _LEVELS).astype(np.intp)
    at = np.linspace(0, len(_RAMP) - 1, _LEVELS)
    ramp = [np.interp(at, np.arange(len(_RAMP)), [c[i] for c in _RAMP]) for i in range(3)]
    palette = np.vstack([np.stack(ramp, 1), _bytes(NONE_COLOR)]).astype(np.uint8)
    return Coloring(Shades(number, palette), (), float(low), float(high))


def _bytes(color: str) -> tuple[int, int, int]:
    red, green, blue = (int(color[i : i + 2], 16) for i in (1, 3, 5))
    return red, green, blue
