"""A stack with a learned table, and clicks on it, for tests of what shows patches."""

import numpy as np

from napari_simgraph.core.graph import SimilarityGraph, edges_of
from napari_simgraph.core.patches import grid_over
from napari_simgraph.core.tables import EmbeddingTable
from napari_simgraph.viewer.layers import image_of
from napari_simgraph.viewer.records import identify

PLACE = {"scale": (50, 4, 4), "units": ("nm",) * 3, "axis_labels": ("z", "y", "x")}
SIDE, STRIDE = 16, 8


def pixels(depth=3, edge=64, seed=0):
    """Sections with bright squares of 16 px, each somewhere else, on dark noise."""
    made = np.random.default_rng(seed).normal(60, 8, (depth, edge, edge))
    for z in range(depth):
        made[z, 8 * z : 8 * z + 16, 24:40] += 120
    return made.clip(0, 255).astype(np.uint8)


def table_of(image, name="patches"):
    """Patches of an image, described by how bright their corners are."""
    grid = grid_over(image, SIDE, STRIDE)
    parts = []
    for row in range(len(grid)):
        z, y, x = (int(getattr(grid, part)[row]) for part in ("z", "y", "x"))
        patch = np.asarray(image.section(z, (slice(y, y + SIDE), slice(x, x + SIDE))), float)
        quarters = patch[..., 0].reshape(2, 8, 2, 8).mean((1, 3)).ravel()
        parts.append([*(quarters - 90), 20.0])
    return EmbeddingTable(grid, np.array(parts, np.float32), name=name)


def graph_of(table):
    """Each patch joined with the next one."""
    n = len(table)
    begins, ends = np.arange(n - 1), np.arange(1, n)
    pairs = np.concatenate([begins, ends]), np.concatenate([ends, begins])
    return SimilarityGraph(table, {"similarity": edges_of(*pairs, np.ones(2 * n - 2), n)})


def show(session, layer, key="vnc, 16 px"):
    """The table of a layer, in front."""
    table = table_of(image_of(layer))
    session.tables.add(key, graph_of(table), {"layers": [identify(layer, "i")]})
    session.selection.show_table(table, key)
    return table


class Press:
    """A mouse event of napari's, as its callbacks get it."""

    def __init__(self, position, modifiers=()):
        self.position, self.modifiers, self.button = position, modifiers, 1
        self.pos, self.type = np.array([10.0, 10.0]), "mouse_press"


def press(viewer, layer, index, modifiers=(), to=None, moved=None):
    """Press at a pixel of a layer, drag to another one if given, and let go."""
    event = Press(layer.data_to_world(index), modifiers)
    running = [call(viewer, event) for call in viewer.mouse_drag_callbacks]
    running = [one for one in running if next(one, "rests") != "rests"]
    if to is not None or moved:
        event.type, event.pos = "mouse_move", event.pos + (moved or 50.0)
        event.position = layer.data_to_world(to if to is not None else index)
        for one in running:
            next(one)
    event.type = "mouse_release"
    for one in running:
        next(one, None)
