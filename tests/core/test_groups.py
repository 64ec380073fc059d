"""Groups and classes of patches: named, merged, coloured, and kept on disk."""

import numpy as np
import pytest

from napari_simgraph.core.groups import (
    Group,
    groups,
    keep_classes,
    label,
    merge,
    names_of,
    recolor,
    rename,
    rows_of,
    to_class,
)
from napari_simgraph.core.patches import grid_over
from napari_simgraph.core.tables import EmbeddingTable
from napari_simgraph.io.anndata_read import read_table
from napari_simgraph.io.anndata_write import write_anndata
from toy import toy_image, toy_table


def grouped():
    return toy_table().with_column("cluster", np.minimum(np.arange(121) // 40, 2).astype(np.int32))


def test_groups_have_names_and_colours_that_stay():
    table = grouped()
    assert [(one.name, one.count) for one in groups(table)] == [
        ("group 3", 41),
        ("group 1", 40),
        ("group 2", 40),
    ]
    before = {one.name: one.color for one in groups(table)}
    made = rename(table, "group 2", "stroma")
    assert {one.name: one.color for one in groups(made)} == {
        "group 3": before["group 3"],
        "group 1": before["group 1"],
        "stroma": before["group 2"],
    }
    assert rows_of(made, "stroma").tolist() == list(range(40, 80))
    both = merge(recolor(made, "stroma", "#123456"), ["stroma", "group 1"])
    assert [(one.name, one.count) for one in groups(both)] == [("stroma", 80), ("group 3", 41)]
    assert groups(both)[0].color == "#123456"
    assert rename(both, "group 3", "stroma").columns["cluster"].tolist() == ["stroma"] * 121
    assert table.columns["cluster"][0] == 0  # nothing is changed in place


def test_a_group_becomes_a_class_and_patches_are_labelled_one_by_one():
    table = to_class(grouped(), ["group 1", "group 2"], "tumour")
    color = groups(grouped())[1].color
    assert groups(table, "class") == (Group("tumour", color, 80),)
    more = label(table, [0, 1], "fat", "#00FF00")
    assert [one.name for one in groups(more, "class")] == ["tumour", "fat"]
    assert names_of(label(more, [0], ""), "class")[:3].tolist() == ["", "fat", "tumour"]


@pytest.mark.parametrize("suffix", [".h5ad", ".zarr"])
def test_names_and_colours_are_kept_where_scanpy_finds_them(tmp_path, suffix):
    table = to_class(recolor(rename(grouped(), "group 2", "µm"), "µm", "#ABCDEF"), ["µm"])
    write_anndata(table, tmp_path / f"t{suffix}")
    back = read_table(tmp_path / f"t{suffix}")
    assert groups(back) == groups(table)
    assert groups(back, "class") == groups(table, "class")


def test_bad_names_are_told():
    with pytest.raises(ValueError, match="in no groups yet"):
        groups(toy_table())
    with pytest.raises(ValueError, match="needs a name"):
        rename(grouped(), "group 1", "  ")


def test_classes_that_a_person_gave_outlive_another_run():
    before = label(grouped(), [3, 5], "fat", "#00FF00")
    fresh = toy_table().take(np.arange(4, 60))
    kept = keep_classes(fresh, before)
    assert np.flatnonzero(kept.classes() == "fat").tolist() == [1]  # row 5 of the others
    assert groups(kept, "class")[0].color == "#00FF00"
    assert keep_classes(fresh, grouped()) is fresh
    size, stride = fresh.grid.layouts[0][2:4]
    wide = grid_over(toy_image(), size, 2 * stride)
    moved = keep_classes(EmbeddingTable(wide, np.ones((len(wide), 2), np.float32)), before)
    rows = np.flatnonzero(moved.classes() == "fat")
    assert len(rows) in (1, 2)  # 3 and 5 may both lie nearest to the same
    assert set(wide.y[rows].tolist()) == {int(before.grid.y[3])}
    assert np.abs(wide.x[rows] - before.grid.x[4]).max() <= 2 * stride
    other = toy_table().replace(columns={"class": np.array(["fat"] * 121)})
    assert keep_classes(other.take([0]), before.take([7])).classes().tolist() == ["fat"]
