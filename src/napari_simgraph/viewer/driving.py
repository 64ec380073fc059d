"""A napari window that a script drives as a person would: for demo and pictures."""

from __future__ import annotations

import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

PLUGIN = "napari-simgraph"
SIZE = (1280, 800)
DOCK = 380  # px, the usual width of a dock
_LONGEST_S = 1800.0  # a script that waits longer hangs
_TURN_S = 0.01


class Driver:
    """A window of one size, photographed into a folder.

    Parameters
    ----------
    out
        Where the pictures go.
    """

    def __init__(self, out: Path) -> None:
        import napari

        self.out = out
        out.mkdir(parents=True, exist_ok=True)
        self.viewer = napari.Viewer(show=True)
        self.viewer.window.resize(*SIZE)
        self.wait(0.5)

    def open(self, name: str) -> Any:
        """The dock of this name, in front."""
        dock, widget = self.viewer.window.add_plugin_dock_widget(PLUGIN, name)
        dock.show()
        dock.raise_()
        self.wait(0.5)
        return widget

    def sample(self, name: str) -> None:
        """Open a sample as *File ▸ Open Sample* does, and go to its middle section."""
        self.viewer.open_sample(PLUGIN, name)
        self.viewer.dims.set_current_step(0, self.viewer.dims.nsteps[0] // 2)
        self.wait(1.0)

    def wait(
        self,
        seconds: float = 0.0,
        until: Callable[[], object] | None = None,
        at_most: float = _LONGEST_S,
    ) -> None:
        """Let the window live for some seconds, or until something is true.

        Raises
        ------
        TimeoutError
            It did not become true.
        """
        from qtpy.QtWidgets import QApplication

        end = time.monotonic() + (seconds if until is None else at_most)
        while time.monotonic() < end and not (until and until()):
            QApplication.processEvents()
            time.sleep(_TURN_S)
        if until and not until():
            raise TimeoutError("The script waited in vain: look at the last picture.")

    def press(self, dock: Any) -> None:
        """Press the main button of a dock as soon as it can be pressed."""
        self.wait(until=dock.footer.main.isEnabled, at_most=30)
        dock.footer.main.click()

    def shoot(self, name: str) -> Path:
        """A picture of the whole window."""
        self.wait(0.4)
        path = self.out / f"{name}.png"
        self.viewer.screenshot(str(path), canvas_only=False, flash=False)
        return path

    def narrow(self, dock: Any, width: int = DOCK) -> None:
        """Give the column of a dock this width in pixels."""
        from qtpy.QtCore import Qt
        from qtpy.QtWidgets import QDockWidget, QMainWindow

        holder = dock.parentWidget()
        while not isinstance(holder, QDockWidget):
            holder = holder.parentWidget()
        main = holder.window()
        assert isinstance(main, QMainWindow)
        main.resizeDocks([holder], [width], Qt.Orientation.Horizontal)
        self.wait(0.3)

    def letters(self, points: int) -> None:
        """Set the size of all text, as napari's preferences do."""
        from napari.settings import get_settings

        get_settings().appearance.font_size = points
        self.wait(0.5)

    def close(self) -> None:
        """Close napari."""
        self.viewer.close()
