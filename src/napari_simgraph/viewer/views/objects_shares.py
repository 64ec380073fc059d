"""How much of each section the classes cover: the plot, and its table as CSV."""

from __future__ import annotations

from typing import Any

from qtpy.QtCore import Qt, Signal
from qtpy.QtWidgets import QWidget

from napari_simgraph.core.objects import FractionTable
from napari_simgraph.viewer.footer import flat
from napari_simgraph.viewer.theme import Colors, colors
from napari_simgraph.viewer.views.parts import column


class SharesFold(QWidget):
    """The plot follows the section in view and goes to the section that is clicked.

    pyqtgraph is imported with the first table: it takes a tenth of a second.
    """

    saving = Signal()

    def __init__(self, viewer: Any) -> None:
        super().__init__()
        self._viewer = viewer
        self.table: FractionTable | None = None
        self.plot: Any = None
        self._layout = column(self)
        tip = "Classes by section and region, with areas.\ncommand line: objects fractions"
        self.save_button = flat("Save shares…", self.saving.emit, tip)
        self._layout.addWidget(self.save_button, 0, Qt.AlignmentFlag.AlignRight)
        viewer.dims.events.current_step.connect(self._moved)
        self.hide()

    def show_shares(self, table: FractionTable | None, by_class: dict[str, str]) -> None:
        """Show a table, or none."""
        self.table = table
        self.setVisible(table is not None)
        if table is None:
            return
        if self.plot is None:
            from napari_simgraph.viewer.views.objects_plot import SharesPlot

            self.plot = SharesPlot(colors(self._viewer))
            self.plot.asked.connect(self._go)
            self._layout.addWidget(self.plot)
        self.plot.show_shares(table, by_class)
        if self.plot.isVisibleTo(self):  # beside the legend; alone where there is one section
            self.plot.line.addWidget(self.save_button, 0, Qt.AlignmentFlag.AlignTop)
        else:
            self._layout.addWidget(self.save_button, 0, Qt.AlignmentFlag.AlignRight)
        self._moved()

    def renew_colors(self, look: Colors) -> None:
        """Take on the theme's colours."""
        if self.plot is not None:
            self.plot.renew_colors(look)

    def close_events(self) -> None:
        """Stop following the viewer."""
        self._viewer.dims.events.current_step.disconnect(self._moved)

    def _moved(self, event: Any = None) -> None:
        steps = self._viewer.dims.current_step
        if self.plot is not None and len(steps) > 2:
            self.plot.mark(int(steps[-3]))

    def _go(self, section: int) -> None:
        dims = self._viewer.dims
        if dims.ndim > 2:
            dims.set_current_step(dims.ndim - 3, section)
