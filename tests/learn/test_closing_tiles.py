"""Closing by blocks: what tiles give comes out whole, with the margin asked for."""

import numpy as np
import pytest

from napari_simgraph.analysis import agglomeration
from napari_simgraph.analysis.closing import closed
from napari_simgraph.core.job import Progress, run
from napari_simgraph.core.raster import Image
from napari_simgraph.core.room import MemoryRoom
from napari_simgraph.io.folder_room import FolderRoom
from napari_simgraph.learn import closing
from napari_simgraph.learn.aside import Aside
from napari_simgraph.learn.closing import Boundary, Closing, Onward
from napari_simgraph.learn.painting import Sections

CELLS = Boundary(channel=0, classes=2, weight=1.0, exclusive=True)


def honeycomb(height: int, width: int) -> np.ndarray:
    """Walls every 20 px, 3 px wide, with small gaps: probabilities ``(2, Y, X)``."""
    walls = np.full((height, width), 0.03, np.float32)
    for k in range(3):
        walls[k::20] = walls[:, k::20] = 0.9
    for k in range(3):
        walls[10::40, k::20] = 0.1
    return np.stack([walls, 1 - walls])


def finished(plane, margin=0):
    given = honeycomb(*plane)
    blocks = []
    onward = Onward(lambda z, rows, columns, values: blocks.append((rows, columns, values)), margin)
    raw = Sections(Image(np.zeros(plane, np.uint8)), 2, MemoryRoom())
    for top in range(0, plane[0], 32):  # tiles in any order
        rows = (top, min(top + 32, plane[0]))
        raw.write(0, rows, (0, plane[1]), given[:, slice(*rows)])
    aside = Aside()
    try:
        assert run(Closing(CELLS, onward, raw).finish(0, aside, Progress))
    finally:
        aside.close()
    return blocks


def painted(blocks, plane):
    out = np.full((2, *plane), np.nan, np.float32)
    for rows, columns, values in blocks:
        out[:, slice(*rows), slice(*columns)] = values
    return out


def test_a_section_of_one_block_is_closed_and_complete():
    out = painted(finished((70, 90)), (70, 90))
    assert np.isfinite(out).all()
    np.testing.assert_allclose(out.sum(0), 1, rtol=1e-5)
    assert out[0, 10, 20:23].max() > 0.5  # the gap in the wall


def test_blocks_agree_with_the_whole_away_from_their_halo(monkeypatch):
    plane = (200, 170)
    whole = painted(finished(plane), plane)
    monkeypatch.setattr(closing, "BLOCK", 80)
    blocks = finished(plane)
    assert len(blocks) == 9
    apart = painted(blocks, plane)
    assert ((apart[0] > 0.5) == (whole[0] > 0.5)).all()
    # Borders cut by a halo have other means, and near one half they count five times.
    assert np.abs(apart - whole).max() < 0.2


def test_blocks_bring_the_margin_that_is_asked_for(monkeypatch):
    monkeypatch.setattr(closing, "BLOCK", 64)
    sizes = {(rows, columns): v.shape[1:] for rows, columns, v in finished((128, 128), margin=3)}
    assert sizes[(0, 64), (0, 64)] == (67, 67)  # none beyond the border
    assert sizes[(64, 128), (0, 64)] == (67, 67)


def test_fragments_of_a_stack_are_found_once_a_section(monkeypatch, tmp_path):
    """Each section is its own, and that above and below of two others: the same result for less."""
    rng = np.random.default_rng(0)
    plane, depth = (96, 130), 5
    stack = [np.clip(honeycomb(*plane)[0] + rng.normal(0, 0.1, plane), 0, 1) for _ in range(depth)]
    monkeypatch.setattr(closing, "BLOCK", 64)
    monkeypatch.setattr(closing, "_HALO", 8)
    calls, found = [], {}
    fragments = agglomeration.find_fragments
    monkeypatch.setattr(
        agglomeration, "find_fragments", lambda smooth: calls.append(1) or fragments(smooth)
    )
    onward = Onward(lambda z, rows, columns, values: found.update({(z, rows, columns): values}))
    room = FolderRoom(tmp_path, large=10_000)
    raw = Sections(Image(np.zeros((depth, *plane), np.uint8)), 2, room)
    aside, made = Aside(), Closing(CELLS, onward, raw)
    try:
        for z in range(depth + 1):
            if z < depth:
                values = stack[z].astype(np.float32)
                raw.write(z, (0, plane[0]), (0, plane[1]), np.stack([values, 1 - values]))
            if z:
                assert run(made.finish(z - 1, aside, Progress))
    finally:
        aside.close()
    assert len(found) == 6 * depth
    assert len(calls) == 6 * depth
    for (z, rows, columns), values in found.items():
        around = [
            slice(max(0, a - 8), min(b + 8, n))
            for (a, b), n in zip((rows, columns), plane, strict=True)
        ]
        near = [stack[k][*around] for k in (z - 1, z + 1) if 0 <= k < depth]
        whole = closed(
            stack[z][*around].astype(np.float32), 1.0, [n.astype(np.float32) for n in near]
        )
        start = [a - s.start for (a, _), s in zip((rows, columns), around, strict=True)]
        box = tuple(slice(s, s + b - a) for s, (a, b) in zip(start, (rows, columns), strict=True))
        assert np.array_equal(values[0], whole[box])


@pytest.mark.parametrize("exclusive", [True, False])
def test_a_model_without_a_boundary_class_closes_nothing(exclusive):
    from napari_simgraph.core.classes import ClassTable
    from napari_simgraph.core.model import Model

    table = ClassTable.of(["gland", "stroma"])
    plain = Model("segmentation", {}, {"name": "unet"}, classes=table, exclusive=exclusive)
    assert closing.boundary_of(plain) is None
    cells = Model("segmentation", {}, {"name": "unet"}, classes=table, boundary="stroma")
    assert closing.boundary_of(cells) == Boundary(1, 2, 1.0, True)
