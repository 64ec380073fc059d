"""Estimates before a job: counted as the networks are built, within a factor of what was measured.

Measured on two cores with one thread: peak memory of the process of a job.
"""

import numpy as np
import pytest

from napari_simgraph import Image
from napari_simgraph.core.model import Model
from napari_simgraph.learn.cost import Shape, learning_speed, of_painting, of_training
from napari_simgraph.nets import build
from napari_simgraph.viewer.words import say_bytes, say_cost

OPTIONS = {"in_channels": 1, "out_channels": 2, "width": 16, "depth": 4, "residual": False}


@pytest.mark.parametrize(("width", "depth", "members"), [(16, 4, 1), (8, 2, 3), (32, 5, 1)])
def test_weights_are_counted_as_the_network_has_them(width, depth, members):
    options = OPTIONS | {"width": width, "depth": depth, "members": members}
    real = sum(p.numel() for p in build("unet", **options).parameters())
    assert Shape.of(options).weights() == pytest.approx(real, rel=0.03)


@pytest.mark.parametrize(
    ("width", "patch", "measured"), [(16, 192, 1008e6), (16, 192, 1067e6), (32, 256, 1401e6)]
)
def test_memory_of_learning_is_about_right(width, patch, measured):
    shape = Shape.of(OPTIONS | {"width": width})
    assert of_training(shape, patch, 4, 60).memory == pytest.approx(measured, rel=0.2)


@pytest.mark.parametrize(
    ("width", "edge", "measured"), [(16, 512, 763e6), (16, 320, 707e6), (32, 512, 862e6)]
)
def test_memory_of_segmenting_is_about_right(width, edge, measured):
    image = Image(np.zeros((24, edge, edge), np.uint8))
    config = {"average": "full", "output": "both"}
    cost = of_painting(Shape.of(OPTIONS | {"width": width}), image, 3, config, 1e10)
    assert cost.memory == pytest.approx(measured, rel=0.2)


def test_disk_and_time_grow_with_what_is_asked_for():
    image, shape = Image(np.zeros((24, 512, 512), np.uint8)), Shape.of(OPTIONS)
    some = {"average": "none", "output": "classes"}
    one = of_painting(shape, image, 3, some, 1e10)
    assert one.disk == pytest.approx(0.05e6, rel=0.5)  # measured on ISBI 2012
    both = of_painting(shape, image, 3, {"average": "full", "output": "both"}, 1e10)
    assert both.disk == pytest.approx(4.88e6, rel=0.5)
    assert both.seconds == pytest.approx(8 * one.seconds)
    sizes = of_painting(shape, image, 3, {"average": "sizes", "output": "both"}, 1e10)
    assert sizes.seconds == pytest.approx(both.seconds * (1 + 25 / 16))
    assert both.memory < sizes.memory < 1.6 * both.memory
    two = of_painting(Shape.of(OPTIONS | {"members": 2}), image, 3, some, 1e10)
    assert two.seconds == pytest.approx(2 * one.seconds)
    assert of_painting(shape, image, 6, some, 1e10).seconds == pytest.approx(2 * one.seconds)
    assert of_training(shape, 192, 4, 60).disk == pytest.approx(16e6, rel=0.1)


@pytest.mark.parametrize(
    ("depth", "edge", "steps", "sections", "output", "took"),
    [(24, 512, 53, 3, "both", 16), (16, 320, 58, 16, "classes", 25)],  # ISBI 2012, the sample
)
def test_time_of_segmenting_is_about_right_after_learning(
    depth, edge, steps, sections, output, took
):
    told = {"settings": {"minutes": 1.5, "patch": 192}, "steps": steps, "data": {"last_batch": 4}}
    model = Model("segmentation", {}, {"name": "unet", "options": OPTIONS}, **told)
    image, config = Image(np.zeros((depth, edge, edge), np.uint8)), {"average": "full"}
    shape = Shape.of(OPTIONS | {"out_channels": 2 if edge == 512 else 4})
    cost = of_painting(shape, image, sections, config | {"output": output}, learning_speed(model))
    assert took / 1.5 < cost.seconds < took * 1.5


def test_a_model_that_no_clock_ended_tells_no_speed():
    told = {"settings": {"minutes": 1.5, "patch": 192}, "steps": 53, "data": {"last_batch": 4}}
    timed = Model("segmentation", {}, {"name": "unet", "options": OPTIONS}, **told)
    speed = learning_speed(timed)
    usual = learning_speed(timed.replace(settings={"steps": 53, "minutes": 1.5}))
    assert usual != speed
    stopped = timed.replace(steps=10, data={"last_batch": 4, "planned_steps": 53})
    assert learning_speed(stopped) == speed


def test_it_is_said_as_a_person_would():
    cost = of_training(Shape.of(OPTIONS), 192, 4, 180)
    said = say_cost(cost, "CPU (2 cores)")
    assert said == "About 3 min on CPU (2 cores) · 1.0 GB · 16 MB on disk."
    assert say_cost(cost, "CPU (2 cores)", "500 steps").startswith("500 steps on CPU")
    assert [say_bytes(n) for n in (0, 5.2e7, 9.1e8, 2.5e10)] == ["1 MB", "52 MB", "0.9 GB", "25 GB"]
