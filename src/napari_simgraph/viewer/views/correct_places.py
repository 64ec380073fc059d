"""Places to check: a list that remembers what was looked at."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from typing import Any

from qtpy.QtCore import QAbstractTableModel, QModelIndex, Qt, Signal
from qtpy.QtWidgets import QAbstractItemView, QHBoxLayout, QHeaderView, QLabel, QTableView, QWidget

from napari_simgraph.viewer.footer import button
from napari_simgraph.viewer.views.parts import column

RIGHT, SKIPPED, CORRECTED = "right", "skipped", "corrected"
DONE = -1.0  # in the place of a probability: it was corrected, nothing is left to guess
_SIGNS = {"": "", RIGHT: "✓", SKIPPED: "–", CORRECTED: "✎"}
_SAID = {RIGHT: "all right", SKIPPED: "skipped", CORRECTED: "corrected", "": "not looked at"}
_TITLES = ("Place", "Where", "Sure", "")
_ROWS = 5  # seen at once where the dock is low


@dataclass(frozen=True)
class Spot:
    """A place to check: what it looks like, where it is, which objects, how sure, and if done."""

    kind: str
    z: int
    y: int
    x: int
    objects: tuple[int, ...]
    probability: float
    done: str = ""

    @classmethod
    def of(cls, told: Mapping[str, Any]) -> Spot:
        """From plain values."""
        objects = tuple(int(n) for n in told["objects"])
        z, y, x = (int(told[name]) for name in "zyx")
        done = str(told.get("done", ""))
        return cls(str(told["kind"]), z, y, x, objects, float(told["probability"]), done)

    def marked(self, done: str) -> Spot:
        """The same place, dealt with."""
        return replace(self, done=done)

    def plain(self) -> dict[str, Any]:
        """As plain values."""
        return asdict(self) | {"objects": list(self.objects)}


class _Model(QAbstractTableModel):
    """Rows of spots."""

    def __init__(self) -> None:
        super().__init__()
        self.spots: list[Spot] = []

    def show(self, spots: Sequence[Spot]) -> None:
        self.beginResetModel()
        self.spots = list(spots)
        self.endResetModel()

    def mark(self, row: int, done: str) -> None:
        self.spots[row] = self.spots[row].marked(done)
        self.dataChanged.emit(self.index(row, 0), self.index(row, len(_TITLES) - 1))

    def rowCount(self, parent: QModelIndex | None = None) -> int:
        return len(self.spots)

    def columnCount(self, parent: QModelIndex | None = None) -> int:
        return len(_TITLES)

    def data(self, index: QModelIndex, role: int = Qt.ItemDataRole.DisplayRole) -> Any:
        spot = self.spots[index.row()]
        if role == Qt.ItemDataRole.DisplayRole:
            where = f"z {spot.z}"
            sure = f"{spot.probability:.2f}" if spot.probability >= 0 else ""
            cells = (spot.kind, where, sure, _SIGNS[spot.done])
            return cells[index.column()]
        if role == Qt.ItemDataRole.ToolTipRole:
            named = ", ".join(str(n) for n in spot.objects)
            return f"Object {named} at row {spot.y}, column {spot.x}.\nIt is {_SAID[spot.done]}."
        return None

    def headerData(
        self, section: int, way: Qt.Orientation, role: int = Qt.ItemDataRole.DisplayRole
    ) -> Any:
        wanted = role == Qt.ItemDataRole.DisplayRole and way == Qt.Orientation.Horizontal
        return _TITLES[section] if wanted else None


class Places(QWidget):
    """The list with its buttons.

    `going` brings the spot that one wants to see, `marked` says that a spot was dealt with,
    `searching` that the list is to be made.
    """

    going = Signal(object)
    marked = Signal()
    searching = Signal()

    def __init__(self) -> None:
        super().__init__()
        self.model = _Model()
        self.said, self.view = QLabel(), QTableView()
        self.find = button("Find places", self.searching.emit, _FIND_TIP)
        self.next = button(
            "Next  N", self.go_next, "Goes to the next place to check.\nkeys: N, Shift+N back"
        )
        self.right = button(
            "All right  Y",
            lambda: self.answer(RIGHT),
            "Nothing to correct, or done. Goes on.\nkey: Y",
        )
        self.skip = button(
            "Skip  U", lambda: self.answer(SKIPPED), "Leaves it as it is. Goes on.\nkey: U"
        )
        head, line = QHBoxLayout(), QHBoxLayout()
        head.addWidget(QLabel("Places to check"))
        head.addWidget(self.said, 1)
        head.addWidget(self.find)
        line.setSpacing(4)
        for made in (self.next, self.right, self.skip):
            made.setMinimumWidth(0)
            line.addWidget(made, 1)
        self._dress()
        layout = column(self)
        layout.addLayout(head)
        layout.addLayout(line)
        layout.addWidget(self.view)
        self._quiet = False
        self.show_spots(())

    @property
    def spots(self) -> list[Spot]:
        """All spots, in their order."""
        return self.model.spots

    @property
    def current(self) -> Spot | None:
        """The spot that one is at."""
        row = self.view.currentIndex().row()
        return self.spots[row] if 0 <= row < len(self.spots) else None

    @property
    def done(self) -> int:
        """How many were dealt with."""
        return sum(bool(spot.done) for spot in self.spots)

    def show_spots(self, spots: Sequence[Spot]) -> None:
        """Show another list."""
        self.model.show(spots)
        self._say()

    def go_next(self, by: int = 1) -> None:
        """Go to the next spot that was not dealt with, or back to the one before."""
        row, many = self.view.currentIndex().row(), len(self.spots)
        if by < 0:
            row = max(row - 1, 0)
        else:
            open_rows = [i for i in range(many) if not self.spots[i].done]
            later = [i for i in open_rows if i > row]
            row = next(iter(later or open_rows), -1)
        if 0 <= row < many:
            self._select(row)
        else:
            self._say()

    def answer(self, done: str) -> None:
        """Deal with the spot that one is at and go on."""
        if self.current is None:
            self.go_next()
            return
        self.mark(done)
        self.go_next()

    def mark(self, done: str) -> None:
        """Note how the spot that one is at was dealt with."""
        row = self.view.currentIndex().row()
        if 0 <= row < len(self.spots):
            self.model.mark(row, done)
            self._say()
            self.marked.emit()

    def _select(self, row: int) -> None:
        """Go to a row, also where it is the one already."""
        self._quiet = True
        self.view.selectRow(row)
        self._quiet = False
        self.view.scrollTo(self.model.index(row, 0))
        self.going.emit(self.spots[row])

    def _chosen(self, *_: object) -> None:
        if not self._quiet and self.current is not None:
            self.going.emit(self.current)

    def _say(self) -> None:
        many = len(self.spots)
        self.said.setText(f"{self.done} of {many} done" if many else "")
        self.find.setText("Find again" if many else "Find places")
        self.view.setVisible(many > 0)
        for made in (self.next, self.right, self.skip):
            made.setVisible(many > 0)

    def _dress(self) -> None:
        view = self.view
        view.setModel(self.model)
        view.setSelectionBehavior(QAbstractItemView.SelectionBehavior.SelectRows)
        view.setSelectionMode(QAbstractItemView.SelectionMode.SingleSelection)
        view.setShowGrid(False)
        view.setWordWrap(False)
        view.setAccessibleName("Places to check")
        height = view.fontMetrics().lineSpacing() + 6
        view.verticalHeader().hide()
        view.verticalHeader().setSectionResizeMode(QHeaderView.ResizeMode.Fixed)
        view.verticalHeader().setDefaultSectionSize(height)
        view.horizontalHeader().setHighlightSections(False)
        view.horizontalHeader().setSectionResizeMode(QHeaderView.ResizeMode.ResizeToContents)
        view.horizontalHeader().setSectionResizeMode(0, QHeaderView.ResizeMode.Stretch)
        view.setMinimumHeight((_ROWS + 1) * height + 8)
        view.selectionModel().currentRowChanged.connect(self._chosen)


_FIND_TIP = (
    "Looks for objects that seem merged or split, and for unsure places.\n"
    "command line: objects suspects"
)
