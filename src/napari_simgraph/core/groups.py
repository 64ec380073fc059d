"""Groups and classes of patches: names and colours of what stands in a column of a table."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

from napari_simgraph.core.classes import default_colors
from napari_simgraph.core.patches import PatchGrid, Rows
from napari_simgraph.core.tables import EmbeddingTable, join

GROUPS, CLASSES = "cluster", "class"  # columns


@dataclass(frozen=True)
class Group:
    """What patches of one name have in common; `count` says how many there are."""

    name: str
    color: str
    count: int


def names_of(table: EmbeddingTable, column: str = GROUPS) -> NDArray[np.str_]:
    """The name that a column gives each patch, "" for none; group 0 is called ``group 1``.

    Raises
    ------
    ValueError
        There is no such column.
    """
    if column == CLASSES:
        return table.classes()
    if column not in table.columns:
        raise ValueError("The patches are in no groups yet: find groups first.")
    values = np.asarray(table.columns[column])
    if values.dtype.kind not in "iu":
        return values.astype(np.str_)
    known, which = np.unique(values, return_inverse=True)
    words = [f"group {number + 1}" if number >= 0 else "" for number in known.tolist()]
    return np.array(words, np.str_)[which.ravel()]


def groups(table: EmbeddingTable, column: str = GROUPS) -> tuple[Group, ...]:
    """The names in a column with their colours, the largest first."""
    words, counts = np.unique(names_of(table, column), return_counts=True)
    there = [(word, int(count)) for word, count in zip(words.tolist(), counts, strict=True) if word]
    there.sort(key=lambda pair: (-pair[1], _natural(pair[0])))
    known = table.colors.get(column, {})
    colors = default_colors([word for word, _ in there])
    # a colour that was chosen stays with its name, the others take what is usual
    usual = (known.get(word, color) for (word, _), color in zip(there, colors, strict=True))
    return tuple(
        Group(word, color, count) for (word, count), color in zip(there, usual, strict=True)
    )


def class_names(table: EmbeddingTable) -> tuple[str, ...]:
    """The classes in the order in which they came up, which is that of their keys."""
    there = [one.name for one in groups(table, CLASSES)]
    known = list(table.colors.get(CLASSES, {}))
    return (*known, *sorted((name for name in there if name not in known), key=_natural))


def rows_of(table: EmbeddingTable, name: str, column: str = GROUPS) -> NDArray[np.intp]:
    """The patches of a name."""
    return np.flatnonzero(names_of(table, column) == name)


def rename(table: EmbeddingTable, old: str, new: str, column: str = GROUPS) -> EmbeddingTable:
    """The table with a group called otherwise; a name that another one has merges the two.

    Raises
    ------
    ValueError
        The new name is empty.
    """
    if not new.strip():
        raise ValueError("A group needs a name.")
    return merge(table, [old], column, new.strip())


def merge(
    table: EmbeddingTable, names: Iterable[str], column: str = GROUPS, into: str = ""
) -> EmbeddingTable:
    """The table with several groups as one, called like the first of them or as given."""
    listed = list(names)
    held = _with_colors(table, column)
    words = names_of(table, column).astype(object)
    words[np.isin(words, listed)] = into or listed[0]
    shades = dict(held.colors[column])
    shade = shades.get(into, shades[listed[0]])
    kept = {name: color for name, color in shades.items() if name not in listed}
    return held.with_column(column, words.astype(np.str_)).replace(
        colors={**held.colors, column: {**kept, into or listed[0]: shade}}
    )


def recolor(table: EmbeddingTable, name: str, color: str, column: str = GROUPS) -> EmbeddingTable:
    """The table with another colour for a name."""
    held = _with_colors(table, column)
    return held.replace(colors={**held.colors, column: {**held.colors[column], name: color}})


def label(table: EmbeddingTable, rows: ArrayLike, name: str, color: str = "") -> EmbeddingTable:
    """The table with some patches in a class; without a name they have none again."""
    words = table.classes().astype(object)
    words[np.asarray(rows)] = name.strip()
    made = table.with_column(CLASSES, words.astype(np.str_))
    shades = dict(table.colors.get(CLASSES, {}))
    if name.strip() and color:
        shades[name.strip()] = color
    return _with_colors(made.replace(colors={**table.colors, CLASSES: shades}), CLASSES)


def keep_classes(table: EmbeddingTable, before: EmbeddingTable) -> EmbeddingTable:
    """The table with the classes that its patches had in another one.

    What a person wrote into patches outlives another run: where these are laid out otherwise, the
    one whose middle is nearest takes the class.
    """
    if CLASSES not in before.columns:
        return table
    words, known = table.classes().astype(object), before.classes()
    classed = np.flatnonzero(known != "")
    if table.grid.layouts == before.grid.layouts:
        classed = classed[np.isin(before.patch_id[classed], table.patch_id)]
        if len(classed):
            words[join(before.grid.take(classed), table).right] = known[classed]
    else:
        for row in classed.tolist():
            words[_patches_at(table.grid, before.grid, row)] = known[row]
    shades = {**before.colors.get(CLASSES, {}), **table.colors.get(CLASSES, {})}
    made = table.with_column(CLASSES, words.astype(np.str_))
    return made.replace(colors={**table.colors, CLASSES: shades})


def to_class(table: EmbeddingTable, groups: Iterable[str], name: str = "") -> EmbeddingTable:
    """The table with the patches of groups in a class, called like the first of them."""
    listed = list(groups)
    rows = np.flatnonzero(np.isin(names_of(table), listed))
    held = _with_colors(table, GROUPS)
    known = table.colors.get(CLASSES, {})
    wanted = name.strip() or listed[0]
    return label(table, rows, wanted, known.get(wanted, held.colors[GROUPS][listed[0]]))


def _with_colors(table: EmbeddingTable, column: str) -> EmbeddingTable:
    """The table with a colour for each name in a column, so that none changes by itself."""
    shades = {one.name: one.color for one in groups(table, column)}
    known = table.colors.get(column, {})
    # those that were known stay first: keys go by this order, not by how many there are now
    return table.replace(colors={**table.colors, column: {**known, **shades, **known}})


def _patches_at(grid: PatchGrid, other: PatchGrid, row: int) -> Rows:
    """The patch over the middle of one of another grid whose own is nearest, if there is one."""
    number = int(other.image[row])
    prints = [one.fingerprint for one in grid.sources]
    if other.sources[number].fingerprint not in prints:
        return np.zeros(0, np.intp)
    half, (down, right) = float(other.size[row]) / 2, other.finest(number)
    y, x = (float(other.y[row]) + half) * down - 0.5, (float(other.x[row]) + half) * right - 0.5
    image = prints.index(other.sources[number].fingerprint)
    return grid.covering(image, int(other.z[row]), y, x)[:1]


def _natural(name: str) -> tuple[str, int]:
    """Group 2 before group 10."""
    letters = name.rstrip("0123456789")
    return letters, int(name[len(letters) :] or 0)
