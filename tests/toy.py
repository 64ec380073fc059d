"""The toy tissue: small enough to see the right answer by eye."""

import numpy as np

from napari_simgraph import Image, Labels
from napari_simgraph.core.classes import ClassTable

DRAWING = """
........................########################
........................########################
........................########################
......OOO...............########################
.....OOOOO..............########################
.....OOOOO..............######OOO###############
......OOO...............#####OOOOO##############
........................#####OOOOO##############
........................######OOO###############
........................########################
........................########################
........................########################
........................########################
........................################XXXX####
........................################XXXX####
........................################XXXX####
........................################XXXX####
........................########################
............OOO.........########################
...........OOOOO........########################
...........OOOOO........########################
............OOO.........########################
........................########################
........................########################
"""
CLASSES = ClassTable.of(["stripes", "grain", "disc"])


def drawn():
    """The drawing as letters, (96, 96): a letter is 4 px high and 2 px wide."""
    letters = np.array([list(line) for line in DRAWING.split()])
    return letters.repeat(4, 0).repeat(2, 1)


def toy_pixels():
    """Stripes on the left, grain on the right, three bright discs, one odd patch; uint8."""
    rng = np.random.default_rng(0)
    letters = drawn()
    y, x = np.mgrid[:96, :96]
    stripes = 110 + 50 * np.sin((x + y) * 2 * np.pi / 8)
    grain = 110 + 50 * (rng.random((48, 48)).repeat(2, 0).repeat(2, 1) * 2 - 1)
    odd = 60 + 40 * ((y // 4) % 2)
    pixels = np.select([letters == ".", letters == "#", letters == "X"], [stripes, grain, odd], 230)
    return np.clip(pixels + rng.normal(0, 6, (96, 96)), 0, 255).astype(np.uint8)


def toy_truth():
    """1 stripes, 2 grain (the odd patch lies in it), 3 discs; uint8."""
    letters = drawn()
    return np.select([letters == ".", letters == "O"], [1, 3], 2).astype(np.uint8)


def toy_image():
    """The toy tissue as an Image of 4 nm pixels."""
    return Image(toy_pixels(), spacing=(4, 4), unit="nm", origin=(8, 12), name="toy")


def toy_labels():
    """Its full mask of three classes."""
    return Labels(toy_truth(), spacing=(4, 4), unit="nm", name="toy labels", classes=CLASSES)
