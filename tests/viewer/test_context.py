"""Whatever a removed layer had on the graphics card is freed in the context of the canvas."""

import numpy as np
from qtpy.QtGui import QOffscreenSurface, QOpenGLContext
from qtpy.QtOpenGLWidgets import QOpenGLWidget
from qtpy.QtWidgets import QMainWindow

from napari_simgraph.viewer.placing import open_dock, parent_of


def test_layers_go_in_the_context_of_the_canvas(make_napari_viewer_proxy, qtbot):
    viewer = make_napari_viewer_proxy(show=True)
    layers = [viewer.add_image(np.zeros((8, 8))) for _ in range(2)]
    removing = viewer.layers.events.removing
    before = len(removing.callbacks)
    dock = open_dock(viewer, "Jobs")
    canvas = parent_of(dock, QMainWindow).findChild(QOpenGLWidget)
    qtbot.waitUntil(lambda: canvas.isValid() and len(removing.callbacks) > before, timeout=60_000)
    own, other, surface = canvas.context(), QOpenGLContext(), QOffscreenSurface()
    surface.create()
    assert other.create()

    def current_after_one_went():
        assert other.makeCurrent(surface)  # as that of the window is, once it was painted
        viewer.layers.remove(layers.pop())
        return QOpenGLContext.currentContext()

    assert current_after_one_went() is own
    dock._close()
    assert len(removing.callbacks) == before
    assert current_after_one_went() is other
    other.doneCurrent()
