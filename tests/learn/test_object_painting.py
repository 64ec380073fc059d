"""Objects of a stack: what the sections above and below show helps to part them."""

import numpy as np
import pytest
from scipy import ndimage

from faint_walls import COLUMNS, HIGH, ROWS, WIDE, cells
from napari_simgraph import ClassTable, Image, MemoryRoom, Model
from napari_simgraph.analysis import agglomeration
from napari_simgraph.analysis.closing import closed
from napari_simgraph.analysis.parting import Parting
from napari_simgraph.capabilities.segmentation import Apply
from napari_simgraph.core.job import Progress, run
from napari_simgraph.learn.aside import Aside
from napari_simgraph.learn.canvases import parting_of
from napari_simgraph.learn.object_painting import ObjectPainter
from napari_simgraph.learn.pixel_size import view

WALLS = ClassTable.of(["membrane", "cell"])
DOUBTFUL = [(1, 3), (2, 6)]


def painted(walls, **how):
    """How many objects each section of a stack has, and all of them ``(Z, Y, X)``."""
    image = Image(np.zeros((len(walls), *walls[0].shape), np.uint8))
    out = np.zeros(image.shape, np.uint32)
    parting = Parting(WALLS, boundary=1, threshold=0.5, **how)
    made = ObjectPainter(image, view(image, None), out, (parting, False), MemoryRoom())
    spans = [(0, n) for n in image.plane]
    aside = Aside()
    try:
        for z in range(len(walls) + 1):
            if z < len(walls):
                values = walls[z].astype(np.float32)
                made.raw.write(z, *spans, np.stack([values, 1 - values]))
            if z:
                assert run(made.finish(z - 1, aside, lambda: Progress(1.0)))
    finally:
        aside.close()
    return [len(np.unique(section[section > 0])) for section in out], out


@pytest.fixture
def walls():
    return [cells(1), cells(0, DOUBTFUL, to=0.35), cells(2)]


def test_a_faint_wall_parts_where_it_stands_beside(walls):
    all_of_them = ROWS * COLUMNS
    assert painted(walls)[0] == [all_of_them, all_of_them - 2, all_of_them]
    assert painted(walls, beside=True)[0] == [all_of_them] * 3


def test_objects_are_those_of_the_closed_map(walls):
    objects = painted(walls, beside=True, weight=1.0)[1]
    for z, wall in enumerate(walls):
        beside = [walls[k] for k in (z - 1, z + 1) if 0 <= k < len(walls)]
        mapped = ndimage.label(closed(wall, 1.0, beside) < 0.5)[0]
        both = (mapped > 0) & (objects[z] > 0)
        pairs = np.unique(np.stack([mapped[both], objects[z][both]]), axis=1)
        assert pairs.shape[1] == mapped.max() == len(np.unique(objects[z][both]))


def test_fragments_are_found_once_a_section(walls, monkeypatch):
    calls, fragments = [], agglomeration.find_fragments
    monkeypatch.setattr(
        agglomeration, "find_fragments", lambda smooth: calls.append(1) or fragments(smooth)
    )
    painted(walls, beside=True)
    assert len(calls) == len(walls)


def test_a_single_section_is_parted_by_itself(walls):
    assert painted(walls[1:2], beside=True)[0] == painted(walls[1:2])[0] == [ROWS * COLUMNS - 2]


def test_small_fragments_go_to_a_neighbour_also_where_sections_help(walls):
    one = HIGH * WIDE  # with the walls around it
    found = painted(walls, beside=True, smallest=one + 100)[1]
    assert np.bincount(found.ravel())[1:].min() > one


@pytest.mark.parametrize(
    ("settings", "helps"),
    [({}, True), ({"boundaries": "raw"}, False), ({"bounded_by": "cell"}, False)],
)
def test_sections_help_where_boundaries_are_closed(settings, helps):
    model = Model(
        "segmentation",
        network={"name": "unet", "options": {}},
        arrays={},
        settings={"boundary_weight": 5.0},
        classes=WALLS,
        boundary="membrane",
    )
    how = parting_of(model, Apply(**settings))
    assert how.beside is helps
    assert how.weight == (5.0 if helps else 1.0)
