"""The toy tissue: small enough to see the right answer by eye."""

import numpy as np

from napari_simgraph import Image, Labels
from napari_simgraph.core.classes import ClassTable
from napari_simgraph.core.graph import SimilarityGraph, edges_of
from napari_simgraph.core.patch_pixels import cut
from napari_simgraph.core.patches import grid_over
from napari_simgraph.core.tables import EmbeddingTable, ScoreTable

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


def toy_table():
    """16 px patches of it, 8 px apart, described by brightness, contrast and direction."""
    image = toy_image()
    grid = grid_over(image, 16, 8)
    pixels = cut([image], grid, np.arange(len(grid)))[..., 0] / 255
    down, right = (np.abs(np.diff(pixels, axis=axis)).mean((1, 2)) for axis in (1, 2))
    values = np.stack([pixels.mean((1, 2)), pixels.std((1, 2)), down, right], 1)
    values = (values - values.mean(0)) / values.std(0)
    return EmbeddingTable(grid, values.astype(np.float32), name="toy table")


def toy_graph():
    """Each of them joined with the next two in reading order."""
    table = toy_table()
    n = len(table)
    begins = np.repeat(np.arange(n), 2)
    ends = (begins + np.tile([1, 2], n)) % n
    both = np.concatenate([begins, ends]), np.concatenate([ends, begins])
    edges = edges_of(*both, np.full(4 * n, 0.5, np.float32), n)
    return SimilarityGraph(table, {"similarity": edges}, name="toy graph")


def toy_scores():
    """How bright each of them is, from 0 to 1: the discs are what is of interest."""
    table = toy_table()
    bright = table.values[:, 0]
    score = (bright - bright.min()) / np.ptp(bright)
    return ScoreTable(table.grid, score.astype(np.float32), name="toy scores")
