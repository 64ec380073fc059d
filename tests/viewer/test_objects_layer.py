"""Objects as layers: colours of their own, however many classes there are."""

import numpy as np

from napari_simgraph import ClassTable, Labels
from napari_simgraph.viewer.layers import make_layers
from napari_simgraph.viewer.views.make_row import MakeRow

TABLE = ClassTable.of(["membrane", "cell"])


def test_objects_have_napari_colours_and_a_contour():
    values = np.arange(12, dtype=np.uint32).reshape(3, 4)
    kinds = np.r_[0, np.full(11, 2)]
    noun = Labels(values, classes=TABLE, meaning="objects", object_classes=kinds)
    (layer,) = make_layers(noun, "objects")
    colors = {tuple(layer.get_color(n)) for n in range(1, 12)}
    assert len(colors) > 8
    assert all(color[3] > 0 for color in colors)
    assert (layer.contour, layer.opacity, layer.editable) == (2, 0.8, False)
    assert layer.name == "labels · objects"


def test_overlapping_objects_have_a_layer_a_class():
    noun = Labels(
        np.zeros((3, 4, 2), np.uint32), "YXC", classes=TABLE, exclusive=False, meaning="objects"
    )
    assert [layer.name for layer in make_layers(noun, "objects")] == [
        "labe… · objects membrane",
        "labels · objects cell",
    ]


def test_what_is_ticked_is_what_the_command_line_calls_it(qtbot):
    row = MakeRow()
    qtbot.addWidget(row)
    assert row.word == "classes"
    row.objects.setChecked(True)
    assert row.word == "classes+instances"
    row.sure.setChecked(True)
    assert row.word == "all"
    row.classes.setChecked(False)
    row.sure.setChecked(False)
    assert (row.word, row.kinds) == ("instances", ("instances",))
