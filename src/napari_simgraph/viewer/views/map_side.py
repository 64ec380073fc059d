"""Beside the map: the picture under the pointer, what is chosen, and what can be done with it."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from qtpy.QtCore import Qt, Signal
from qtpy.QtGui import QPixmap
from qtpy.QtWidgets import QHBoxLayout, QLabel, QSizePolicy, QVBoxLayout, QWidget

from napari_simgraph.core.groups import CLASSES, GROUPS, names_of
from napari_simgraph.core.patches import Rows
from napari_simgraph.core.tables import EmbeddingTable
from napari_simgraph.viewer.footer import flat
from napari_simgraph.viewer.session import Session
from napari_simgraph.viewer.thumbs import SIZE, Thumbs
from napari_simgraph.viewer.views.label_button import LabelButton
from napari_simgraph.viewer.views.thumbs_model import say_position

_WIDTH = 262  # px: three buttons in a row
_NAMED = 3  # groups that are told apart; the rest are counted
_IDLE = "Hover a point to see it; drag around points to choose them."


class MapSide(QWidget):
    """What is hovered and chosen, and four acts.

    `isolating` and `layering` say that a button was pressed.
    """

    isolating = Signal()
    layering = Signal()

    def __init__(self, session: Session, thumbs: Thumbs) -> None:
        super().__init__()
        self._session, self._thumbs = session, thumbs
        self._shown = -1
        self.setFixedWidth(_WIDTH)
        self.picture, self.told, self.chosen = QLabel(), QLabel(_IDLE), QLabel()
        self.picture.setFixedSize(SIZE, SIZE)
        self.picture.setAccessibleName("Patch under the pointer")
        for label in (self.told, self.chosen):
            label.setWordWrap(True)
            label.setAlignment(Qt.AlignmentFlag.AlignTop | Qt.AlignmentFlag.AlignLeft)
            label.setSizePolicy(QSizePolicy.Policy.Ignored, QSizePolicy.Policy.Ignored)
        self.label_button = LabelButton(session, self._rows, "the chosen patches")
        tip = "Search and map use only the chosen patches. The rest stays grey."
        self.only_button = flat("Only these", self.isolating.emit, tip)
        tip = "Makes a layer of the chosen patches, one point each."
        self.layer_button = flat("New layer", self.layering.emit, tip)
        self._arrange()
        thumbs.came.connect(self._renew_picture)
        self.show_chosen()

    def show_row(self, row: int) -> None:
        """Tell of the patch under the pointer; -1 for none."""
        table = self._session.selection.table
        self._shown = -1 if table is None or row >= len(table) else row
        if self._shown < 0 or table is None:
            self.picture.setPixmap(QPixmap())
            self.told.setText(_IDLE)
            return
        self.told.setText("\n".join(_tell(table, row)))
        self._renew_picture()

    def show_chosen(self) -> None:
        """Tell of what is chosen now."""
        chosen = self._session.selection
        rows = self._rows()
        for button in (self.label_button, self.only_button, self.layer_button):
            button.setEnabled(len(rows) > 0)
        self.only_button.setText("All again" if chosen.only is not None else "Only these")
        self.only_button.setEnabled(len(rows) > 0 or chosen.only is not None)
        said = [] if chosen.table is None else _count(chosen.table, rows)
        if chosen.only is not None:
            said.append(f"only {len(chosen.only):,} patches count")
        self.chosen.setText("\n".join(said))

    def close_events(self) -> None:
        """Stop following the pictures."""
        self._thumbs.came.disconnect(self._renew_picture)

    def _rows(self) -> Rows:
        return self._session.selection.rows

    def _renew_picture(self) -> None:
        if self._shown >= 0:
            picture = self._thumbs.picture(self._session.selection.key, self._shown)
            self.picture.setPixmap(picture if picture is not None else QPixmap())

    def _arrange(self) -> None:
        above, below = QHBoxLayout(), QHBoxLayout()
        for part in (above, below):
            part.setSpacing(4)
        above.addWidget(self.picture, 0, Qt.AlignmentFlag.AlignTop)
        above.addWidget(self.told, 1)
        for button in (self.label_button, self.only_button, self.layer_button):
            below.addWidget(button)
        below.addStretch(1)
        column = QVBoxLayout(self)
        column.setContentsMargins(4, 0, 0, 2)
        column.setSpacing(2)
        column.addLayout(above, 3)
        column.addWidget(self.chosen, 2)
        column.addLayout(below)


def _tell(table: EmbeddingTable, row: int) -> list[str]:
    """A patch in a few short lines."""
    source = table.grid.sources[int(table.grid.image[row])]
    where = say_position(table, row)
    lines = (
        [source.name, where] if len(table.grid.sources) > 1 and where != source.name else [where]
    )
    if GROUPS in table.columns:
        lines.append(str(names_of(table)[row]))
    if name := str(table.classes()[row]):
        lines.append(f"class {name}")
    scores = [(n, v[row]) for n, v in table.columns.items() if v.dtype.kind == "f"]
    return lines + [f"{name} {value:.2f}" for name, value in scores[:2]]


def _count(table: EmbeddingTable, rows: Rows) -> list[str]:
    """How many are chosen, of which groups or classes, and their mean scores."""
    if not len(rows):
        return ["nothing chosen"]
    lines = [f"{len(rows):,} chosen of {len(table):,}"]
    for column in (GROUPS, CLASSES):
        known = column in table.columns or (column == CLASSES and bool(table.classes().any()))
        if known:
            said = _names(names_of(table, column)[rows].tolist())
            lines.append(said if column == GROUPS else f"class {said}")
    scores = [(n, v) for n, v in table.columns.items() if v.dtype.kind == "f"]
    lines += [f"mean {name} {float(np.nanmean(v[rows])):.2f}" for name, v in scores[:1]]
    return lines


def _names(words: Sequence[str]) -> str:
    names, counts = np.unique(np.array(words, np.str_), return_counts=True)
    order = np.argsort(-counts, kind="stable")
    said = [f"{names[i] or 'no class'}: {counts[i]:,}" for i in order[:_NAMED]]
    more = len(names) - len(said)
    return ", ".join(said) + (f" and {more} more" if more > 0 else "")
