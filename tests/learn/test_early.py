"""Points of some patches while a network learns: there early, and no harm to what is learned."""

import numpy as np
import pytest

from napari_simgraph import MemoryRoom, run
from napari_simgraph.capabilities import embedding
from napari_simgraph.core.early import LAYOUTS, PATCHES, POINTS, early_table
from napari_simgraph.core.job import Progress, Region, Signal
from napari_simgraph.core.raster import Image
from napari_simgraph.learn.early import looked_into
from toy import toy_image

FAST = {"threads": 1, "device": "cpu", "minutes": 0.0, "patch": 16, "batch": 8, "steps": 6}
FAST |= {"width": 4, "depth": 2}


def test_an_early_answer_holds_patches_of_the_image_and_changes_nothing():
    room, said = MemoryRoom(), []
    config = embedding.Train(early=1e-6, **FAST)
    made = run(embedding.train(toy_image(), config=config, room=room), said.append)
    regions = [tick for tick in said if isinstance(tick, Region)]
    assert regions
    assert {tick.array for tick in regions} == {POINTS}
    table = early_table(toy_image(), *(room.arrays[name] for name in (LAYOUTS, PATCHES, POINTS)))
    assert len(table) == 121
    assert np.allclose(np.linalg.norm(table.values, axis=1), 1, atol=1e-5)
    assert table.made["early"]
    written = [room.arrays[name] for name in (LAYOUTS, PATCHES, POINTS)]
    assert early_table(toy_image(), *written, table.grid).grid is table.grid
    plain = embedding.Train(**FAST)
    other = run(embedding.train(toy_image(), config=plain, room=MemoryRoom()))
    for name, values in other.arrays.items():
        np.testing.assert_array_equal(values, made.arrays[name], err_msg=name)
    stranger = Image(np.zeros((96, 96), np.uint8), "YX")
    with pytest.raises(ValueError, match="other images"):
        early_table(stranger, *(room.arrays[name] for name in (LAYOUTS, PATCHES, POINTS)))


def test_a_job_is_looked_into_between_two_steps_and_less_and_less_often(monkeypatch):
    now = [0.0]
    monkeypatch.setattr("napari_simgraph.learn.early.time.monotonic", lambda: now[0])

    def training():
        for step in range(100):
            yield Progress(step / 100, "within a step")
            now[0] += 1.0
            heard = yield Progress(step / 100, "step done", values={"loss": 1.0})
            if heard is Signal.STOP:
                return step
        return 100

    looks = []

    def look(tick):
        looks.append((now[0], tick.text))
        yield Progress(text="looking")

    assert run(looked_into(training(), look, 3.0)) == 100
    assert looks == [(4.0, "step done"), (16.0, "step done"), (76.0, "step done")]
    looks.clear()
    assert run(looked_into(training(), look, 0.0)) == 100
    assert not looks
    assert run(looked_into(training(), look, 1.0), lambda tick: Signal.STOP) == 0
    assert not looks
