"""A and B: two classes, groups, selections or other signatures, and what is asked of them."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray
from qtpy.QtCore import Signal
from qtpy.QtWidgets import QHBoxLayout, QLabel, QSpinBox, QWidget

from napari_simgraph.core.signatures import SignatureTable
from napari_simgraph.viewer.controls import LEAST_WIDTH, calm, combo
from napari_simgraph.viewer.footer import button, flat
from napari_simgraph.viewer.session import Session
from napari_simgraph.viewer.signatures.job import two_largest
from napari_simgraph.viewer.views.parts import column

SIDES = "side"  # the column that holds them
REST, CHOSEN = "all the rest", "chosen patches"
_LETTERS = 3  # of a menu at least: two of them stand in a row of 356 px
_MOST_GROUPS = 40  # more in a menu are found by nobody


class Side(NamedTuple):
    """An entry of the menus: what it is called, which column and word it is, or other signatures.

    A column "" means the chosen patches, or the rest.
    """

    text: str
    column: str = ""
    word: str = ""
    other: str = ""


class Asked(NamedTuple):
    """What is compared: signatures with a column of the sides, and their names."""

    table: SignatureTable
    a: str
    b: str
    other: SignatureTable | None = None


class SidesRows(QWidget):
    """Menus A and B with the two questions; `comparing` and `switching` say that one is asked."""

    comparing = Signal()
    switching = Signal()

    def __init__(self, session: Session) -> None:
        super().__init__()
        self._session, self._book = session, session.signatures
        self._known: list[Side] = []
        tip = "Two classes, groups, selections or models.\ncommand line: --a, --b"
        self.a, self.b = combo(tip, "A"), combo(tip, "B")
        for menu in (self.a, self.b):
            menu.setMinimumContentsLength(_LETTERS)
        tip = "Takes A for B and B for A.\ncommand line: --a, --b"
        self.swap = flat("⇄", self._swap, tip)
        self.swap.setAccessibleName("Swap")
        tip = "Ranks neurons by how well each alone tells A from B.\ncommand line: compare"
        self.which = button("Which neurons tell them apart?", self.comparing.emit, tip)
        self.top = QSpinBox()
        self.top.setRange(1, 100_000)
        self.top.setValue(10)
        self.top.setAccessibleName("Neurons to switch off")
        self.top.setToolTip("How many neurons are switched off.\ncommand line: --top")
        calm(self.top)
        self.top.setMinimumWidth(LEAST_WIDTH)
        tip = "Silences them and counts again, beside ten random ones.\ncommand line: ablate"
        self.off = button("Switch off the top", self.switching.emit, tip)
        layout = column(self)
        layout.addLayout(_line(QLabel("Compare A"), self.a, QLabel("B"), self.b, self.swap))
        layout.addWidget(self.which)
        layout.addLayout(_line(self.off, self.top, stretch=0))
        self.renew()

    def renew(self, *_: object) -> None:
        """Offer what there is; what was chosen stays where it is there."""
        before = (self._side(self.a), self._side(self.b))
        table = self._book.table
        self._known = [] if table is None else _offered(table, self._book.keys(), self._book.key)
        for menu, was, at in ((self.a, before[0], 0), (self.b, before[1], 1)):
            menu.clear()
            menu.addItems([side.text for side in self._known])
            usual = self._usual(at)
            menu.setCurrentIndex(self._known.index(was) if was in self._known else usual)
        self.setEnabled(table is not None)

    def asked(self) -> Asked:
        """What the menus say.

        Raises
        ------
        ValueError
            There are no patches on one side, or both sides are the same.
        """
        table, a, b = self._book.table, self._side(self.a), self._side(self.b)
        if table is None or a is None or b is None:
            raise ValueError("Record what the network sees first.")
        if b.other:
            words = self._words(table, a, a)
            return Asked(table.with_column(SIDES, words), a.text, "", self._other(a, b))
        if a == b:
            raise ValueError("A and B are the same: choose two different ones.")
        words = self._words(table, a, b)
        for side in (a, b):
            many = int((words == side.text).sum())
            if many < 2:
                raise ValueError(f"Either side needs two patches or more; {side.text} has {many}.")
        return Asked(table.with_column(SIDES, words), a.text, b.text)

    def _other(self, a: Side, b: Side) -> SignatureTable:
        """Other signatures, in which the same word is looked for."""
        there = self._book.get(b.other)
        return there.with_column(SIDES, self._words(there, a, a))

    def _words(self, table: SignatureTable, a: Side, b: Side) -> NDArray[np.str_]:
        """A column with the names of the sides; where both hold a patch it is of neither."""
        mine, theirs = self._rows(table, a), self._rows(table, b)
        if REST in (a.text, b.text):
            mine, theirs = (
                ~other if side.text == REST else own
                for side, own, other in ((a, mine, theirs), (b, theirs, mine))
            )
        both = mine & theirs if a != b else np.zeros(len(table), np.bool_)
        words = np.where(mine & ~both, a.text, np.where(theirs & ~both, b.text, ""))
        return words.astype(np.str_)

    def _rows(self, table: SignatureTable, side: Side) -> NDArray[np.bool_]:
        if side.text == CHOSEN:
            return np.isin(np.arange(len(table)), self._book.chosen)
        if not side.column:
            return np.zeros(len(table), np.bool_)
        if side.column == "class":
            return np.asarray(table.classes() == side.word)
        words: NDArray[np.str_] = np.asarray(table.columns[side.column]).astype(np.str_)
        return np.asarray(words == side.word)

    def _usual(self, at: int) -> int:
        """The two largest classes, else the first groups."""
        table = self._book.table
        largest = two_largest(table.classes()) if table is not None else ()
        wanted = [n for n, side in enumerate(self._known) if side.word in largest[at : at + 1]]
        return wanted[0] if largest and wanted else min(at, len(self._known) - 1)

    def _side(self, menu: QWidget) -> Side | None:
        at = menu.currentIndex()
        return self._known[at] if 0 <= at < len(self._known) else None

    def _swap(self) -> None:
        a, b = self.a.currentIndex(), self.b.currentIndex()
        self.a.setCurrentIndex(b)
        self.b.setCurrentIndex(a)


def _offered(table: SignatureTable, keys: list[str], key: str) -> list[Side]:
    classes = [name for name in np.unique(table.classes()).tolist() if name]
    found = [Side(name, "class", name) for name in classes]
    if "cluster" in table.columns:
        many = int(np.max(table.columns["cluster"])) + 1
        groups = range(min(many, _MOST_GROUPS))
        found += [Side(f"group {k + 1}", "cluster", str(k)) for k in groups]
    found += [Side(CHOSEN), Side(REST)]
    return found + [Side(f"the same in {one}", other=one) for one in keys if one != key]


def _line(*widgets: QWidget, stretch: int = 1) -> QHBoxLayout:
    line = QHBoxLayout()
    line.setSpacing(4)
    for widget in widgets:
        wide = stretch if not isinstance(widget, QLabel) and not widget.property("flat") else 0
        line.addWidget(widget, wide)
    if not stretch:
        line.addStretch(1)
    return line
