"""The OpenGL context of the canvas, made the current one before a layer goes."""

from __future__ import annotations

import weakref
from collections.abc import Callable
from contextlib import suppress
from typing import Any

from qtpy.QtOpenGLWidgets import QOpenGLWidget
from qtpy.QtWidgets import QMainWindow, QWidget

from napari_simgraph.viewer.placing import parent_of


def hold_context(viewer: Any, widget: QWidget) -> Callable[[], None]:
    """Let whatever removed layers had on the graphics card be freed where they were drawn.

    napari frees it in the context that happens to be current, and that of the window is, once it
    was painted. Mesa then loses the vertex shader of the canvas: where a single thing was left to
    draw, napari ended with a segmentation fault.

    Parameters
    ----------
    viewer
        Whose layers.
    widget
        Any in its window.

    Returns
    -------
    Call it to have this no more.
    """
    found, removing = parent_of(widget, QMainWindow), viewer.layers.events.removing
    if found is None:  # closed before it had a place
        return lambda: None
    window = weakref.ref(found)  # layers may outlive their window

    def ahead(event: Any = None) -> None:
        there = window()
        with suppress(RuntimeError):  # Qt has deleted it, Python still knows it
            for canvas in there.findChildren(QOpenGLWidget) if there is not None else ():
                if canvas.isValid():
                    canvas.makeCurrent()

    removing.connect(ahead)
    return lambda: removing.disconnect(ahead)
