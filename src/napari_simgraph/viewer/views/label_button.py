"""The button "Label as": writes patches into a class, with a field for a new one in its menu."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial

from qtpy.QtCore import Signal
from qtpy.QtWidgets import QLineEdit, QMenu, QPushButton, QWidgetAction

from napari_simgraph.core.groups import CLASSES, class_names, groups
from napari_simgraph.core.patches import Rows
from napari_simgraph.viewer.session import Session
from napari_simgraph.viewer.theme import colors, swatch

_TIP = "Writes {what} into a class. Undo takes it back.\nkeys: 1 to 9, 0 clears"


class LabelButton(QPushButton):
    """Labels what `rows` gives; `labelled` brings the sentence of what was done.

    Parameters
    ----------
    session
        Whose table in front is written.
    rows
        Gives the patches at the moment of the click.
    what
        What they are, for the tooltip.
    """

    labelled = Signal(str)

    def __init__(self, session: Session, rows: Callable[[], Rows], what: str) -> None:
        super().__init__()
        self._session, self._rows = session, rows
        self.setText("Label as")
        self.setFlat(True)
        self.setAccessibleName("Label as")
        self.setToolTip(_TIP.format(what=what))
        self.choices = QMenu(self)
        self.choices.aboutToShow.connect(self._fill)
        self.setMenu(self.choices)

    def label(self, name: str) -> None:
        """Write them into a class; into none without a name."""
        self.choices.close()
        self.labelled.emit(self._session.edits.label(self._rows(), name))

    def _fill(self) -> None:
        menu, table = self.choices, self._session.selection.table
        menu.clear()
        if table is None:
            return
        known = {one.name: one.color for one in groups(table, CLASSES)}
        look = colors(self._session.viewer)
        for number, name in enumerate(class_names(table), 1):
            key = f"\t{number}" if number < 10 else ""
            act = menu.addAction(f"{name}{key}", partial(self.label, name))
            if name in known:
                act.setIcon(swatch(known[name], look))
        menu.addAction("No class\t0", partial(self.label, ""))
        self.field = QLineEdit()
        self.field.setPlaceholderText("New class, then Enter")
        self.field.setAccessibleName("Name of a new class")
        self.field.returnPressed.connect(self._new)
        holder = QWidgetAction(menu)
        holder.setDefaultWidget(self.field)
        menu.addAction(holder)

    def _new(self) -> None:
        if self.field.text().strip():
            self.label(self.field.text().strip())
