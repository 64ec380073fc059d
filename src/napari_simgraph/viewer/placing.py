"""Where docks go: tabbed with our other docks, 380 px wide; and how one opens another."""

from __future__ import annotations

from typing import Any

from qtpy.QtCore import Qt, QTimer
from qtpy.QtWidgets import QDockWidget, QLabel, QMainWindow, QTabBar, QWidget

PLUGIN = "napari-simgraph"
WIDTH = 380
_RIGHT = Qt.DockWidgetArea.RightDockWidgetArea


def parent_of(widget: QWidget, kind: type) -> Any:
    """The nearest parent of this type, or None: napari's own windows are private to it."""
    above = widget.parentWidget()
    while above is not None and not isinstance(above, kind):
        above = above.parentWidget()
    return above


def docked(widget: QWidget) -> bool:
    """Whether the widget is in a dock of a window."""
    return parent_of(widget, QMainWindow) is not None and parent_of(widget, QDockWidget) is not None


def place(widget: QWidget) -> None:
    """Tab a dock on the right with another of ours and give it its width.

    napari stacks docks that are opened from its menus.
    """
    dock, window = parent_of(widget, QDockWidget), parent_of(widget, QMainWindow)
    if dock is not None:
        _shorten(dock)
        later = QTimer(dock)  # once napari has made its new title bar
        later.setSingleShot(True)
        later.timeout.connect(lambda: _shorten(dock))
        for changed in (dock.topLevelChanged, dock.dockLocationChanged):
            changed.connect(lambda *_: later.start(0))
    if dock is None or window is None or dock.isFloating() or window.dockWidgetArea(dock) != _RIGHT:
        return
    for other in window.findChildren(QDockWidget):
        if other is not dock and _is_ours(other) and window.dockWidgetArea(other) == _RIGHT:
            window.tabifyDockWidget(other, dock)
            break
    for bar in window.findChildren(QTabBar):  # a name is scrolled to rather than cut to "J…"
        bar.setElideMode(Qt.TextElideMode.ElideNone)
    window.resizeDocks([dock], [WIDTH], Qt.Orientation.Horizontal)
    dock.show()
    dock.raise_()


def _shorten(dock: QDockWidget) -> None:
    """Take out the plugin's name, which napari adds: three tabs would be cut."""
    ending = f" ({PLUGIN})"
    dock.setWindowTitle(dock.windowTitle().removesuffix(ending))
    bar = dock.titleBarWidget()
    for label in bar.findChildren(QLabel) if bar is not None else ():
        label.setText(label.text().removesuffix(ending))


def _is_ours(dock: QDockWidget) -> bool:
    return type(dock.widget()).__module__.startswith("napari_simgraph.")


def open_dock(viewer: Any, name: str) -> Any:
    """The dock of ours with this name, raised, or opened if it is not open; its widget."""
    for title, widget in viewer.window.dock_widgets.items():
        if title.startswith(name) and type(widget).__module__.startswith("napari_simgraph."):
            dock = parent_of(widget, QDockWidget)
            dock.show()
            dock.raise_()
            return widget
    return viewer.window.add_plugin_dock_widget(PLUGIN, name)[1]
