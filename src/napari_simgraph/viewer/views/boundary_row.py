"""The class that separates cells."""

from __future__ import annotations

from qtpy.QtWidgets import QWidget

from napari_simgraph.core.classes import NO_BOUNDARY, ClassTable
from napari_simgraph.viewer.controls import combo
from napari_simgraph.viewer.views.parts import column, row

_ITSELF, _NOTHING = "found by itself", "nothing"


class BoundaryRow(QWidget):
    """A menu of the classes; the one that is a boundary by its name is chosen by itself."""

    def __init__(self) -> None:
        super().__init__()
        self.menu = combo(
            "The class between cells; found by its name, or since it is thin.\n"
            "command line: --boundary",
            "Boundary",
        )
        column(self).addWidget(row("Cells end at", self.menu))

    @property
    def name(self) -> str:
        """The chosen class; "" where it is to be found, "none" where there is none."""
        return str(self.menu.currentData() or "")

    def show_table(self, table: ClassTable) -> None:
        """List these classes; the choice stays while its class is there."""
        chosen = self.name
        self.menu.blockSignals(True)
        self.menu.clear()
        self.menu.addItem(_ITSELF, "")
        for name in table.names:
            self.menu.addItem(name, name)
        self.menu.addItem(_NOTHING, NO_BOUNDARY)
        wanted = chosen if chosen in (*table.names, NO_BOUNDARY) else table.boundary()
        self.menu.setCurrentIndex(max(0, self.menu.findData(wanted)))
        self.menu.blockSignals(False)
