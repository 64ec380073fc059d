"""The toy tissue: small enough to see the right answer by eye."""

import numpy as np

from napari_simgraph import Image, ImageSet, Labels
from napari_simgraph.core.classes import ClassTable
from napari_simgraph.core.graph import SimilarityGraph, edges_of
from napari_simgraph.core.patch_pixels import cut
from napari_simgraph.core.patches import grid_over
from napari_simgraph.core.signatures import Layer, SignatureTable, halved, layers_of
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


def toy_pictures():
    """Pictures of 16 px cut out of it, twelve of stripes and twelve of grain."""
    pixels = toy_pixels()
    left = [(y, x) for y in (38, 70, 76, 80) for x in (0, 2, 4)]  # beside the discs
    places = {"stripes": left, "grain": [(y, x + 48) for y, x in left]}
    cut = [
        (name, pixels[y : y + 16, x : x + 16]) for name, spots in places.items() for y, x in spots
    ]
    images = [Image(part, name=f"{name} {number}") for number, (name, part) in enumerate(cut)]
    return ImageSet(tuple(images), tuple(name for name, _ in cut), name="toy pictures")


def toy_signatures():
    """What two layers of a U-Net might give for them; the class is that of the middle pixel."""
    table = toy_table()
    blocks = [Layer("down.0", "Block", (16, 16, 16), 16), Layer("head", "Conv2d", (3, 16, 16), 3)]
    layers = layers_of(blocks)
    values = np.tile(table.values, 15)[:, : sum(one.width for one in layers)]
    middle = toy_truth()[table.grid.y + 8, table.grid.x + 8]
    columns = {"class": np.array(["", *CLASSES.names])[middle]}
    about = {"mean": values.mean(0), "spread": values.std(0)}
    told = {"about": about, "columns": columns, "name": "toy signatures"}
    return SignatureTable(table.grid, halved(values), layers, **told)
