"""What is chosen in a viewer: one selection that canvas, thumbnails, map and docks share."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
from numpy.typing import ArrayLike, NDArray
from psygnal import Signal

from napari_simgraph.core.patches import Rows
from napari_simgraph.core.tables import EmbeddingTable

_VISITED = 100  # places one may go back to


class Place(NamedTuple):
    """A square of an image: its fingerprint, middle and side in pixels of the finest level."""

    image: str
    z: int
    y: float
    x: float
    size: float


class Example(NamedTuple):
    """What is asked for: its point ``(D,)``, where it lies, and its row where it is a patch."""

    point: NDArray[np.float32]
    place: Place
    row: int = -1


class Hit(NamedTuple):
    """A patch that was found: the key of its table in the Session, its row, and its cosine."""

    table: str
    row: int
    score: float


class Selection:
    """What is chosen and looked at; one for each viewer (``session.selection``), no Qt.

    Whoever shows patches changes it by these methods and listens to its signals, so that all
    views agree. Rows are those of `table`.

    Attributes
    ----------
    table, key
        The table in front and its key among ``session.tables``; None and "" while there is none.
    rows
        The chosen patches.
    said
        What they are, for headings: ``group 3``; "" for patches that were clicked.
    like, unlike
        The examples of a question; empty where `rows` were chosen in another way.
    hits
        The answer, best first.
    hover
        The row under the pointer, -1 for none.
    only
        The rows that search and map are held to; None for all.
    """

    table_changed = Signal()  # another table, or a new column of it
    chosen = Signal()  # rows, said, like, unlike
    answered = Signal()  # hits
    hovered = Signal(int)
    restricted = Signal()  # only
    going = Signal(Place)  # show this place

    def __init__(self) -> None:
        self.table: EmbeddingTable | None = None
        self.key, self.said, self.hover = "", "", -1
        self.rows: Rows = np.zeros(0, np.intp)
        self.like: tuple[Example, ...] = ()
        self.unlike: tuple[Example, ...] = ()
        self.hits: tuple[Hit, ...] = ()
        self.only: Rows | None = None
        self._visited: list[Place] = []
        self._at = -1

    def show_table(self, table: EmbeddingTable | None, key: str = "") -> None:
        """Bring a table to the front; the choice stays where it has the same patches."""
        before, self.table, self.key = self.table, table, key
        same = before is not None and table is not None and _same_patches(before, table)
        if not same:  # whoever hears of the table finds no rows of the one before
            self.rows, self.like, self.unlike, self.hits = np.zeros(0, np.intp), (), (), ()
            self.hover, self.said, held = -1, "", self.only is not None
            self.only = None
        self.table_changed.emit()
        if not same:
            if held:
                self.restricted.emit()
            self.clear()
        elif before is not None and table is not None and before.values is not table.values:
            self._ask_again()

    def choose(self, rows: ArrayLike, said: str = "") -> None:
        """Choose patches by lasso, group or table row; `said` is what they are."""
        self.rows, self.said = np.asarray(rows, np.intp), said
        self.like = self.unlike = ()
        self.chosen.emit()

    def ask(self, like: Sequence[Example], unlike: Sequence[Example] = ()) -> None:
        """Look for what is like some examples and unlike others; their patches are chosen."""
        self.like, self.unlike, self.said = tuple(like), tuple(unlike), ""
        self.rows = np.array([one.row for one in like if one.row >= 0], np.intp)
        self.chosen.emit()

    def clear(self) -> None:
        """Choose nothing."""
        self.choose(())
        self.answer(())

    def answer(self, hits: Sequence[Hit]) -> None:
        """What was found for the examples or the chosen patches."""
        self.hits = tuple(hits)
        self.answered.emit()

    def hover_over(self, row: int) -> None:
        """The pointer is over this patch, -1 where it is over none."""
        if row != self.hover:
            self.hover = row
            self.hovered.emit(row)

    def restrict(self, rows: ArrayLike | None) -> None:
        """Hold search and map to some patches; None for all of them again."""
        before, self.only = self.only, None if rows is None else np.asarray(rows, np.intp)
        if before is not None or self.only is not None:
            self.restricted.emit()

    def example(self, row: int) -> Example:
        """A patch of the table as an example."""
        assert self.table is not None  # rows are of the table in front
        return Example(self.table.values[row], place_of_row(self.table, row), row)

    def go(self, place: Place) -> None:
        """Go to a place, and remember it."""
        if self._at < 0 or self._visited[self._at] != place:
            del self._visited[self._at + 1 :]
            self._visited = [*self._visited, place][-_VISITED:]
            self._at = len(self._visited) - 1
        self.going.emit(place)

    def back(self) -> None:
        """Go to the place visited before."""
        self._step(-1)

    def forward(self) -> None:
        """Go where one came back from."""
        self._step(1)

    def _ask_again(self) -> None:
        """The same question to points that were learned anew; what was drawn had other points."""
        sides = (self.like, self.unlike)
        like, unlike = ([self.example(o.row) for o in side if o.row >= 0] for side in sides)
        if like:
            self.ask(like, unlike)
        elif self.like:
            self.clear()
        else:
            self.chosen.emit()

    def _step(self, by: int) -> None:
        if 0 <= self._at + by < len(self._visited):
            self._at += by
            self.going.emit(self._visited[self._at])


def place_of_row(table: EmbeddingTable, row: int) -> Place:
    """Where a patch of a table lies, in pixels of the finest level."""
    grid, image = table.grid, int(table.grid.image[row])
    source = grid.sources[image]
    plane = grid.layouts[image].plane if grid.layouts else source.shape[-2:]
    down, right = (n / m for n, m in zip(source.shape[-2:], plane, strict=True))
    size = int(grid.size[row])
    y = (int(grid.y[row]) + size / 2) * down - 0.5
    x = (int(grid.x[row]) + size / 2) * right - 0.5
    return Place(source.fingerprint, int(grid.z[row]), y, x, size * down)


def _same_patches(one: EmbeddingTable, other: EmbeddingTable) -> bool:
    return len(one) == len(other) and bool((one.patch_id == other.patch_id).all())
