"""The one dock below the canvas: its pages stand behind tabs, made when first looked at."""

from __future__ import annotations

from importlib import import_module
from typing import Any

from qtpy.QtCore import QEvent, Qt, QTimer
from qtpy.QtWidgets import (
    QDockWidget,
    QMainWindow,
    QStackedWidget,
    QTabBar,
    QVBoxLayout,
    QWidget,
)

from napari_simgraph.viewer.placing import parent_of
from napari_simgraph.viewer.sharing import session_of
from napari_simgraph.viewer.theme import Colors, ThemeWatch, colors, style_sheet

NAME = "Patches"
# In the order of their tabs: module and class of each. A page is a QWidget made with the viewer;
# its `close_events()` lets go of the viewer, and its `renew_colors(look)` takes on the theme.
PAGES: dict[str, tuple[str, str]] = {
    "Thumbnails": ("napari_simgraph.viewer.views.thumbnails", "ThumbnailsPage"),
    "Map": ("napari_simgraph.viewer.views.map_page", "MapPage"),
    "Browser": ("napari_simgraph.viewer.views.browser", "BrowserPage"),
}
HEIGHT, _LEAST = 190, 120  # px; napari's own docks need 120 (napari#3453)
_LEFT, _CORNER = Qt.DockWidgetArea.LeftDockWidgetArea, Qt.Corner.BottomLeftCorner


class BottomDock(QWidget):
    """Thumbnails, Map and what else shows patches, one at a time.

    Parameters
    ----------
    napari_viewer
        The viewer that the dock belongs to.
    """

    def __init__(self, napari_viewer: Any) -> None:
        super().__init__()
        self.viewer = napari_viewer
        self.session = session_of(napari_viewer)
        self._pages: dict[str, Any] = {}
        self._corner: tuple[QMainWindow, Qt.DockWidgetArea] | None = None
        self._open, self._had_parent = True, False
        self.tabs, self._stack = QTabBar(), QStackedWidget()
        self.tabs.setShape(QTabBar.Shape.RoundedSouth)
        self.tabs.setExpanding(False)
        self.tabs.setDrawBase(False)
        for name in PAGES:
            self.tabs.addTab(name)
        column = QVBoxLayout(self)
        column.setContentsMargins(4, 2, 4, 0)
        column.setSpacing(0)
        column.addWidget(self._stack, 1)
        column.addWidget(self.tabs)
        self.setMinimumHeight(_LEAST)
        self.session.canvas.attach()
        self._theme = ThemeWatch(napari_viewer, self._renew_colors)
        self.tabs.currentChanged.connect(self._raise)

    def page(self, name: str) -> Any:
        """The page of a tab, made now if it was not looked at before."""
        if name not in self._pages:
            module, kind = PAGES[name]
            self._pages[name] = made = getattr(import_module(module), kind)(self.viewer)
            self._stack.addWidget(made)
            made.renew_colors(colors(self.viewer))
        return self._pages[name]

    def show_page(self, name: str) -> Any:
        """The page of a tab, brought to the front."""
        self.tabs.setCurrentIndex(list(PAGES).index(name))
        self._raise()
        return self.page(name)

    def event(self, event: Any) -> bool:
        """Find our corner when first shown, let go of the viewer when the dock is closed."""
        done = bool(super().event(event))
        kind = event.type()
        if kind == QEvent.Type.Show and self._corner is None:
            QTimer.singleShot(0, self._place)
        elif kind == QEvent.Type.ParentChange and self.parent() is not None:
            self._had_parent = True
        elif kind == QEvent.Type.Close or (kind == QEvent.Type.ParentChange and self._had_parent):
            self._close()  # napari takes a dock's widget out when the dock is closed
        return done

    def _raise(self) -> None:
        name = self.tabs.tabText(self.tabs.currentIndex())
        self._stack.setCurrentWidget(self.page(name))

    def _place(self) -> None:
        """Give the lower left corner to the left column, which else keeps two rows of layers."""
        dock, window = parent_of(self, QDockWidget), parent_of(self, QMainWindow)
        if not self._open or dock is None or window is None or self._corner is not None:
            return
        self._corner = (window, window.corner(_CORNER))
        window.setCorner(_CORNER, _LEFT)
        window.resizeDocks([dock], [HEIGHT], Qt.Orientation.Vertical)

    def _close(self) -> None:
        if not self._open:
            return
        self._open = False
        self._theme.close()
        self.session.canvas.detach()
        for page in self._pages.values():
            page.close_events()
        if self._corner is not None:
            window, before = self._corner
            window.setCorner(_CORNER, before)

    def _renew_colors(self, look: Colors) -> None:
        self.setStyleSheet(style_sheet(look))
        for page in self._pages.values():
            page.renew_colors(look)


def bottom_of(viewer: Any) -> BottomDock:
    """The bottom dock of a viewer; opened where it is not."""
    for widget in viewer.window.dock_widgets.values():
        if isinstance(widget, BottomDock):
            return widget
    made = BottomDock(viewer)
    viewer.window.add_dock_widget(made, name=NAME, area="bottom")
    return made


def show_page(viewer: Any, name: str) -> Any:
    """The page of this name in the bottom dock, in front; the dock opens if need be."""
    dock = bottom_of(viewer)
    page = dock.show_page(name)
    holder = parent_of(dock, QDockWidget)
    if holder is not None:
        holder.show()
    return page


def shown_page(viewer: Any, name: str) -> Any | None:
    """The page of this name where it was made already, else None; opens nothing."""
    for widget in viewer.window.dock_widgets.values():
        if isinstance(widget, BottomDock):
            return widget._pages.get(name)
    return None


def front_page(viewer: Any) -> str:
    """The name of the page that is seen in the bottom dock, "" where none is."""
    for widget in viewer.window.dock_widgets.values():
        if isinstance(widget, BottomDock) and widget.isVisibleTo(widget.window()):
            return str(widget.tabs.tabText(widget.tabs.currentIndex()))
    return ""
