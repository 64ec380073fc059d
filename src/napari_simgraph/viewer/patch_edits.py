"""What people write into a table of patches: classes, and the names of groups; with undo."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import ArrayLike, NDArray
from psygnal import Signal

from napari_simgraph.core import groups
from napari_simgraph.core.groups import CLASSES, GROUPS
from napari_simgraph.core.patches import PatchGrid
from napari_simgraph.core.tables import EmbeddingTable
from napari_simgraph.viewer.selection import Selection
from napari_simgraph.viewer.tables import Tables

_KEPT_STEPS = 100  # as many as napari keeps of strokes


class _Step(NamedTuple):
    """A column as it was, and what was done to it; of a table whose patches are these."""

    said: str
    key: str
    grid: PatchGrid
    column: str
    values: NDArray[Any] | None
    colors: Mapping[str, str] | None


class PatchEdits:
    """Edits of the table in front; one for each Session.

    Every method returns the sentence of what it did.
    """

    changed = Signal(str)  # what was done

    def __init__(self, selection: Selection, tables: Tables) -> None:
        self._selection, self._tables = selection, tables
        self._steps: list[_Step] = []
        tables.changed.connect(self._forget)

    @property
    def last(self) -> str:
        """What undo would take back; "" where there is nothing."""
        return self._steps[-1].said if self._steps else ""

    def label(self, rows: ArrayLike, name: str, color: str = "") -> str:
        """Put patches of the table in front into a class; without a name into none."""
        table = self._table()
        made = groups.label(table, rows, name, color)
        count = len(np.arange(len(table))[np.asarray(rows)])  # rows may be a mask
        said = f"Labelled {say_patches(count)} {name}." if name else _cleared(count)
        return self._put(made, CLASSES, said)

    def take(self, names: NDArray[np.str_], colors: Mapping[str, str], source: str) -> str:
        """Put each patch into the class of this name; those without one stay as they are."""
        table = self._table()
        for name in dict.fromkeys(names[names != ""].tolist()):
            table = groups.label(table, names == name, name, colors.get(name, ""))
        count = int((names != "").sum())
        return self._put(table, CLASSES, f"Labelled {say_patches(count)} from '{source}'.")

    def regroup(self, numbers: NDArray[Any]) -> str:
        """Put each patch into the group of this number; names before are gone."""
        table = self._table()
        colors = {name: held for name, held in table.colors.items() if name != GROUPS}
        made = table.with_column(GROUPS, numbers).replace(colors=colors)
        return self._put(made, GROUPS, f"Found {len(np.unique(numbers))} groups.")

    def rename(self, old: str, new: str, column: str = GROUPS) -> str:
        """Call a group or a class otherwise; a name that there is already joins the two."""
        joins = new.strip() in {one.name for one in groups.groups(self._table(), column)}
        said = f"Joined {old} with {new}." if joins else f"Renamed {old} to {new}."
        return self._put(groups.rename(self._table(), old, new, column), column, said)

    def merge(self, names: Sequence[str], column: str = GROUPS) -> str:
        """Make several groups one, called like the first."""
        made = groups.merge(self._table(), names, column)
        return self._put(made, column, f"Joined {' and '.join(names[1:])} with {names[0]}.")

    def recolor(self, name: str, color: str, column: str = GROUPS) -> str:
        """Give a group or a class another colour."""
        made = groups.recolor(self._table(), name, color, column)
        return self._put(made, column, f"Coloured {name} anew.")

    def to_class(self, names: Sequence[str], name: str = "") -> str:
        """Put the patches of groups into a class."""
        made = groups.to_class(self._table(), names, name)
        said = f"Made {' and '.join(names)} the class {name or names[0]}."
        return self._put(made, CLASSES, said)

    def undo(self) -> str:
        """Take back the last step."""
        if not self._steps:
            return "Nothing to undo."
        step = self._steps.pop()
        table = self._tables.get(step.key)
        columns, colors = dict(table.columns), dict(table.colors)
        _restore(columns, step.column, step.values)
        _restore(colors, step.column, step.colors)
        self._show(step.key, table.replace(columns=columns, colors=colors))
        said = f"Undone: {step.said[:1].lower()}{step.said[1:]}"
        self.changed.emit(said)
        return said

    def _put(self, table: EmbeddingTable, column: str, said: str) -> str:
        before, key = self._table(), self._selection.key
        was = before.columns.get(column), before.colors.get(column)
        self._steps = [*self._steps, _Step(said, key, before.grid, column, *was)][-_KEPT_STEPS:]
        self._show(key, table)
        self.changed.emit(said)
        return said

    def _forget(self, key: str) -> None:
        """A table is gone or has other patches: what was done to it can't be taken back."""
        if any(step.key == key for step in self._steps):
            there = key in self._tables
            grid = self._tables.get(key).grid if there else None
            self._steps = [one for one in self._steps if one.key != key or one.grid is grid]

    def _show(self, key: str, table: EmbeddingTable) -> None:
        self._tables.renew(key, table)
        if key == self._selection.key:
            self._selection.show_table(table, key)

    def _table(self) -> EmbeddingTable:
        if self._selection.table is None:
            raise ValueError("There are no patches yet: learn what is similar first.")
        return self._selection.table


def say_patches(count: int) -> str:
    """``1 patch``, ``1,204 patches``."""
    return f"{count:,} patch{'' if count == 1 else 'es'}"


def _cleared(count: int) -> str:
    return f"Took the class off {say_patches(count)}."


def _restore(into: dict[str, Any], name: str, value: Any) -> None:
    if value is None:
        into.pop(name, None)
    else:
        into[name] = value
