"""Where an area lies, as the table of areas tells it."""

from types import SimpleNamespace

import numpy as np
import pytest
from psygnal import SignalInstance

from napari_simgraph import Image
from napari_simgraph.analysis.areas import find_areas
from napari_simgraph.core.patches import grid_over
from napari_simgraph.core.raster import ImageSet
from napari_simgraph.core.tables import EmbeddingTable, ScoreTable
from napari_simgraph.viewer.views.areas_table import _WHERE, AreaModel

FLAT = Image(np.zeros((32, 64), np.uint8), spacing=(0.5, 0.5), unit="um", name="slide")
STACK = Image(np.zeros((3, 32, 64), np.uint8), name="stack")


@pytest.mark.parametrize(
    ("image", "said"),
    [
        (FLAT, "10 µm x 26 µm"),
        (STACK, "z 1"),
        (ImageSet((FLAT, FLAT.replace(name="other"))), "slide"),
    ],
)
def test_each_area_has_a_place(image, said, qapp):
    grid = grid_over(image, 8, 8)
    middle = (grid.y == 16) & (grid.x == 48) & (grid.image == 0) & (grid.z == min(1, grid.z.max()))
    scores = ScoreTable(grid, middle.astype(np.float32))
    model = AreaModel(SimpleNamespace(came=SignalInstance(())))
    model.show("", EmbeddingTable(grid, np.ones((len(grid), 2), "f4")), find_areas(scores, 0.5), 0)
    assert model.data(model.index(0, _WHERE)) == said
