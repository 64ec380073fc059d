"""What a person does in the Segment dock, for tests: real clicks, and a small stack to teach."""

import numpy as np
from qtpy.QtCore import QPoint, Qt
from qtpy.QtWidgets import QCheckBox

from napari_simgraph.capabilities.segmentation import Train

SHORT = Train(minutes=0, steps=6, width=4, depth=2, patch=32, batch=2, device="cpu", threads=1)
PLACE = {"scale": (50, 4, 4), "units": ("nm",) * 3}


def stack(depth=3, edge=48, seed=0):
    """Sections with a dark grid on bright noise."""
    noise = np.random.default_rng(seed).normal(170, 12, (depth, edge, edge))
    noise[:, ::12] -= 90
    noise[:, :, ::12] -= 90
    return noise.clip(0, 255).astype(np.uint8)


def strokes_on(data):
    """The grid of section 1 as class 1, a stroke between as class 2."""
    painted = np.zeros(data.shape, np.uint8)
    painted[1][data[1] < 110] = 1
    painted[1, 4:8, 4:44] = 2
    return painted


def click(qtbot, button):
    """A press of the left button, where a person would press."""
    assert button.isEnabled()
    # Of a tick box only the box and its text can be clicked, not the empty end of its row.
    place = QPoint(8, button.height() // 2) if isinstance(button, QCheckBox) else QPoint()
    qtbot.mouseClick(button, Qt.MouseButton.LeftButton, pos=place)


def sentence(dock):
    """What the status line says."""
    return dock.footer.sentence.text()


def action(dock, text):
    """The button of the status line, or the chip, with this text."""
    row = dock.footer._actions.layout()
    widgets = [row.itemAt(i).widget() for i in range(row.count())]
    return next(w for w in widgets if w is not None and w.text() == text)


def taught(dock, viewer, qtbot, data=None):
    """The image, with strokes on it and short settings; ready to learn."""
    data = stack() if data is None else data
    image = viewer.add_image(data, name="larva", **PLACE)
    viewer.add_labels(strokes_on(data), name="painted", **PLACE)
    dock.teach.way.choose(live=False)
    dock.teach.form.set_value(SHORT)
    qtbot.waitUntil(lambda: dock.footer.main.isEnabled(), timeout=3000)
    return image


def learn(dock, qtbot):
    """Press Learn, and wait for the model."""
    with qtbot.waitSignal(dock.teach.learned, timeout=240_000):
        click(qtbot, dock.footer.main)


def segment(dock, qtbot):
    """Press Segment, and wait for the result."""
    click(qtbot, dock.footer.main)
    qtbot.waitUntil(lambda: dock.run.task is None, timeout=240_000)
