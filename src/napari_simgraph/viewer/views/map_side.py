"""Beside the map: the picture under the pointer, what is chosen, and what can be done with it."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
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

_NAMED, _SCORES = 3, 2  # groups and scores that are told; the rest are counted
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
        self._known: _Known | None = None
        self.setSizePolicy(QSizePolicy.Policy.Fixed, QSizePolicy.Policy.Preferred)
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
        self.told.setText("\n".join(self._of(table).tell(row)))
        self._renew_picture()

    def show_chosen(self) -> None:
        """Tell of what is chosen now."""
        chosen = self._session.selection
        rows = self._rows()
        for button in (self.label_button, self.only_button, self.layer_button):
            button.setEnabled(len(rows) > 0)
        self.only_button.setText("All again" if chosen.only is not None else "Only these")
        self.only_button.setEnabled(len(rows) > 0 or chosen.only is not None)
        said = [] if chosen.table is None else self._of(chosen.table).count(rows)
        if chosen.only is not None:
            said.append(f"only {len(chosen.only):,} patches count")
        self.chosen.setText("\n".join(said))

    def close_events(self) -> None:
        """Stop following the pictures."""
        self._thumbs.came.disconnect(self._renew_picture)

    def _of(self, table: EmbeddingTable) -> _Known:
        if self._known is None or self._known.table is not table:
            self._known = _Known(table)
        return self._known

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


class _Known:
    """Names of groups and classes as numbers, once for each table: words are slow to compare."""

    def __init__(self, table: EmbeddingTable) -> None:
        self.table = table
        self.names: dict[str, tuple[NDArray[np.str_], Rows]] = {}
        for column in (GROUPS, CLASSES):
            if column in table.columns or (column == CLASSES and (table.classes() != "").any()):
                words, numbers = np.unique(names_of(table, column), return_inverse=True)
                self.names[column] = words, numbers.ravel()
        columns = table.columns.items()
        self.scores = {name: values for name, values in columns if values.dtype.kind == "f"}

    def tell(self, row: int) -> list[str]:
        """A patch in a few short lines."""
        sources = self.table.grid.sources
        source, where = sources[int(self.table.grid.image[row])], say_position(self.table, row)
        lines = [source.name, where] if len(sources) > 1 and where != source.name else [where]
        for column, (words, numbers) in self.names.items():
            if name := str(words[numbers[row]]):
                lines.append(name if column == GROUPS else f"class {name}")
        scores = list(self.scores.items())[:_SCORES]
        return lines + [f"{name} {values[row]:.2f}" for name, values in scores]

    def count(self, rows: Rows) -> list[str]:
        """How many are chosen, of which groups or classes, and their mean score."""
        if not len(rows):
            return ["nothing chosen"]
        lines = [f"{len(rows):,} chosen of {len(self.table):,}"]
        for column, (words, numbers) in self.names.items():
            said = _say_names(words, np.bincount(numbers[rows], minlength=len(words)))
            lines.append(said if column == GROUPS else f"class {said}")
        scores = list(self.scores.items())[:1]
        return lines + [f"mean {name} {np.nanmean(values[rows]):.2f}" for name, values in scores]


def _say_names(words: NDArray[np.str_], counts: NDArray[np.intp]) -> str:
    order = np.argsort(-counts, kind="stable")[: int((counts > 0).sum())]
    said = [f"{words[i] or 'no class'}: {counts[i]:,}" for i in order[:_NAMED]]
    more = len(order) - len(said)
    return ", ".join(said) + (f" and {more} more" if more > 0 else "")
