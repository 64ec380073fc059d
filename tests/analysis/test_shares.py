import numpy as np
import pytest

from napari_simgraph.analysis.shares import class_shares, object_figures
from napari_simgraph.core.classes import ClassTable
from napari_simgraph.core.raster import Image, Labels

AB = ClassTable.of(["a", "b"])


def test_unlabelled_pixels_do_not_count():
    values = np.array([[0, 1, 1, 1], [0, 2, 0, 0]], np.uint8)
    assert class_shares(Labels(values, classes=AB)) == {"a": 0.75, "b": 0.25}
    assert class_shares(Labels(np.zeros((2, 2), np.uint8), classes=AB)) == {}


def test_all_sections_count_together():
    values = np.stack([np.ones((2, 2)), np.full((2, 2), 2), np.zeros((2, 2))]).astype(np.uint8)
    assert class_shares(Labels(values, classes=AB)) == {"a": 0.5, "b": 0.5}


def test_overlapping_classes_are_counted_each():
    values = np.array([[[2, 2], [2, 1]]], np.uint8)
    labels = Labels(values, "YXC", classes=AB, exclusive=False)
    assert class_shares(labels) == {"a": 1.0, "b": 0.5}


def test_of_a_probability_map_the_surest_counts():
    map_ = np.zeros((2, 1, 4, 2), np.float32)  # the second section was not asked for
    map_[0, 0, :, 0] = [0.9, 0.6, 0.4, 0.1]
    map_[0, ..., 1] = 1 - map_[0, ..., 0]
    assert class_shares(Image(map_, "ZYXC", classes=AB)) == {"a": 0.5, "b": 0.5}


def test_objects_through_sections_are_counted_once():
    values = np.zeros((2, 4, 4), np.uint16)
    values[:, 0, 0], values[1, 2:, 2:], values[0, 3, 0] = 5, 9, 300
    figures = object_figures(Labels(values, meaning="objects"))
    assert figures == {"objects": 3, "object_median_pixels": 2.0}
    empty = object_figures(Labels(np.zeros((2, 2), np.uint8), meaning="objects"))
    assert empty == {"objects": pytest.approx(0)}
