"""The map as a picture: what is seen, how it is drawn, and in which colours."""

import numpy as np
import pytest

from napari_simgraph.core.groups import label
from napari_simgraph.viewer.map_colors import NOTHING, SECTION, choices, coloring
from napari_simgraph.viewer.map_picture import DOTS, Dots, Shades, Window, draw, inside
from toy import toy_table

RED, BLUE = (255, 0, 0), (0, 0, 255)
TWO = np.array([RED, BLUE], np.uint8)


def test_a_window_shows_all_and_zooms_around_the_pointer():
    places = np.random.default_rng(0).normal(size=(50, 2)).astype(np.float32)
    window = Window.of(places, (300, 100))
    seen = window.to_screen(places)
    assert len(inside(seen, (300, 100))) == 50
    assert seen[places[:, 1].argmax(), 1] == seen[:, 1].min()  # up is up
    nearer = window.zoomed(2.0, 40, 30)
    under = (seen - [40, 30]) * 2 + [40, 30]
    assert np.allclose(nearer.to_screen(places), under, atol=1e-3)
    assert np.allclose(window.moved(7, -3).to_screen(places), seen + np.array([7, -3]), atol=1e-3)


def test_few_patches_are_dots_and_others_fade_where_some_are_chosen():
    seen = np.array([[10, 10], [30, 10]], np.float32)
    shades = Shades(np.array([0, 1]), TWO)
    picture = draw(seen, shades, (40, 20), Dots(5))
    assert picture.shape == (20, 40, 4)
    assert tuple(picture[10, 10, :3]) == RED
    assert tuple(picture[10, 30, :3]) == BLUE
    assert picture[..., 3].astype(bool).sum() == 2 * 21  # two discs, clear around them
    faded = draw(seen, shades, (40, 20), Dots(5, np.array([True, False])))
    assert tuple(faded[10, 10, :3]) == RED
    rimmed = draw(seen, shades, (40, 20), Dots(5, rim=True))
    assert rimmed[10, 13, :3].max() < 100  # a dark pixel beside the disc
    spread = faded[10, 30, :3].astype(int)
    assert spread.max() - spread.min() < 100
    assert faded[10, 30, 3] < faded[10, 10, 3]


def test_many_patches_are_a_density_in_their_mean_colour():
    rng = np.random.default_rng(0)
    many = DOTS + 1000
    seen = np.concatenate([rng.normal((20, 20), 3, (many, 2)), [[80, 20]]]).astype(np.float32)
    shades = Shades(np.append(np.arange(many) % 2, 0), TWO)
    picture = draw(seen, shades, (100, 40), Dots(5))
    assert picture[20, 20, 3] > picture[20, 80, 3] > 60  # strays are seen too
    assert abs(int(picture[20, 20, 0]) - int(picture[20, 20, 2])) < 40
    assert picture[5, 60, 3] == 0


def test_colours_by_group_class_amount_and_section():
    table = toy_table().with_column("cluster", np.arange(121) % 3)
    table = label(table, [0, 1, 2], "disc", "#112233").with_column(
        "score", np.append(np.nan, np.linspace(0, 1, 120))
    )
    assert [key for key, _ in choices(table)] == [NOTHING, "cluster", "class", "score"]
    groups = coloring(table, "cluster")
    assert groups.names == ("group 1", "group 2", "group 3")
    assert len(np.unique(groups.shades.number)) == 3
    classes = coloring(table, "class")
    assert tuple(classes.shades.palette[classes.shades.number[0]]) == (17, 34, 51)
    assert classes.shades.number[50] == len(classes.shades.palette) - 1  # grey: no class
    ramp = coloring(table, "score")
    assert (ramp.low, ramp.high, ramp.names) == (0, 1, ())
    light = ramp.shades.palette[ramp.shades.number[1:]].astype(int).sum(1)
    assert light[-1] > light[60] > light[0]
    assert coloring(table, "gone").shades.number.max() == 0
    assert coloring(table, SECTION).low == 0


@pytest.mark.parametrize("size", [(1, 1), (3, 2)])
def test_tiny_windows_are_drawn(size):
    seen = np.array([[0, 0]], np.float32)
    assert draw(seen, Shades(np.zeros(1, np.intp), TWO), size, Dots(5)).shape[:2] == size[::-1]
