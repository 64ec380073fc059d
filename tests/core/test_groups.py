"""Groups and classes of patches: named, merged, coloured, and kept on disk."""

import numpy as np
import pytest

from napari_simgraph.core.groups import (
    Group,
    groups,
    label,
    merge,
    names_of,
    recolor,
    rename,
    rows_of,
    to_class,
)
from napari_simgraph.io.anndata_read import read_table
from napari_simgraph.io.anndata_write import write_anndata
from toy import toy_table


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
