"""Labels and groups written into the table in front, one step at a time."""

import numpy as np

from napari_simgraph.core.groups import class_names, groups, names_of
from napari_simgraph.io.anndata_read import read_table
from napari_simgraph.viewer.patch_edits import PatchEdits
from napari_simgraph.viewer.selection import Selection
from napari_simgraph.viewer.tables import Tables
from toy import toy_graph


class Folder:
    """A workspace without a window."""

    def __init__(self, folder):
        self.folder, self.notes = folder, []


def held(tmp_path):
    selection = Selection()
    tables = Tables(lambda: Folder(tmp_path), lambda call, *words: call(*words))
    graph = toy_graph()
    table = graph.table.with_column("cluster", np.minimum(np.arange(121) // 40, 2))
    tables.add("toy", graph.replace(table=table), {})
    selection.show_table(tables.get("toy"), "toy")
    return PatchEdits(selection, tables), selection, tables


def test_each_step_is_written_and_comes_back_with_undo(tmp_path):
    edits, selection, tables = held(tmp_path)
    assert edits.label([3, 4], "tumour") == "Labelled 2 patches tumour."
    assert edits.label(np.arange(121) == 5, "fat") == "Labelled 1 patch fat."
    assert class_names(selection.table) == ("tumour", "fat")
    assert edits.rename("group 1", "wall") == "Renamed group 1 to wall."
    assert edits.merge(["wall", "group 2"]) == "Joined group 2 with wall."
    assert edits.to_class(["wall"]) == "Made wall the class wall."
    on_disk = read_table(tmp_path / "tables" / "toy.h5ad")
    assert groups(on_disk) == groups(selection.table)
    assert (names_of(on_disk, "class") == "wall").sum() == 80
    assert tables.graph("toy") is not None
    said = [edits.undo() for _ in range(5)]
    assert said[0] == "Undone: made wall the class wall."
    assert said[-1] == "Undone: labelled 2 patches tumour."
    assert edits.undo() == "Nothing to undo."
    assert "class" not in selection.table.columns
    assert names_of(selection.table)[0] == "group 1"


def test_undo_leaves_what_else_was_added(tmp_path):
    edits, selection, tables = held(tmp_path)
    edits.label([0], "a")
    with_map = selection.table.replace(maps={"pca": np.zeros((121, 2), np.float32)})
    tables.renew("toy", with_map)
    selection.show_table(with_map, "toy")
    edits.undo()
    assert "pca" in selection.table.maps
    assert "class" not in selection.table.columns
