"""Full disks, locked folders and files that go while they are read: one sentence, nothing lost."""

import shutil
import sys

import numpy as np
import pytest
import tifffile
import zarr
from fuzz_files import small_model

from disks import full_disk, locked_disk
from napari_simgraph import Image, Labels
from napari_simgraph.core.marks import Marks, click
from napari_simgraph.core.room import Checkpoint
from napari_simgraph.io.folder_room import FolderRoom
from napari_simgraph.io.geojson import write_geojson
from napari_simgraph.io.models import save_model
from napari_simgraph.io.read import read
from napari_simgraph.io.workspace import Workspace
from napari_simgraph.io.write import write
from napari_simgraph.io.write_table import write_table
from toy import toy_graph, toy_table

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="its disks can't be filled here")
RNG = np.random.default_rng(0)
LARGE = Image(RNG.integers(0, 255, (5, 200, 300), np.uint8))
PICTURES = ("a.tif", "a.ome.tif", "a.ome.zarr", "a.npy", "a.npz", "a.h5", "slices")
TABLES = ("t.h5ad", "t.zarr", "t.csv", "t.graphml")
WRITERS = {name: lambda path: write(LARGE, path) for name in PICTURES}
WRITERS |= {name: lambda path: write_table(toy_graph(), path) for name in TABLES}
WRITERS["m.geojson"] = lambda path: write_geojson(Marks((click(3, 4),) * 99), path)
WRITERS["model"] = lambda path: save_model(large_model(), path)
DISKS = {"full": full_disk, "nearly full": lambda folder: full_disk(folder, 8192)}
DISKS["locked"] = locked_disk
HALF = (".writing-", ".part", ".partial")


def large_model():
    return small_model().replace(arrays={"a": RNG.random((99, 999), np.float32)})


def files_in(folder):
    found = [p for p in folder.rglob("*") if p.is_file() and p.name != "filler"]
    return {str(p.relative_to(folder)): p.read_bytes() for p in found}


@pytest.mark.parametrize("disk", DISKS)
@pytest.mark.parametrize("name", WRITERS)
def test_what_can_not_be_written_is_told_and_leaves_nothing(tmp_path, name, disk):
    with DISKS[disk](tmp_path / "disk") as folder:
        with pytest.raises(ValueError, match=r"can't be written: .*\.$") as told:
            WRITERS[name](folder / name)
        assert name in str(told.value)
        assert "full" in str(told.value) or disk == "locked"
        assert files_in(folder) == {}


@pytest.mark.parametrize("name", ["a.tif", "a.ome.zarr", "t.h5ad", "model"])
def test_what_was_there_stays_on_a_full_disk(tmp_path, name):
    with full_disk(tmp_path / "disk", 2**16) as folder:
        if name == "model":
            save_model(small_model(), folder / name)
        elif name == "t.h5ad":
            write_table(toy_table().take(np.arange(2)), folder / name)
        else:
            write(Image(np.zeros((9, 9), np.uint8)), folder / name)
        before = files_in(folder)
        with pytest.raises(ValueError, match="full"):
            WRITERS[name](folder / name)
        assert files_in(folder) == before


def test_a_checkpoint_that_does_not_fit_leaves_the_one_before(tmp_path):
    with full_disk(tmp_path / "disk", 2**15) as folder:
        room = FolderRoom(folder / "room")
        room.checkpoint(Checkpoint({"a": np.ones(9)}, {"step": 1}))
        with pytest.raises(OSError, match="space"):
            room.checkpoint(Checkpoint({"a": np.ones(99_999)}, {"step": 2}))
        assert FolderRoom(folder / "room").restore().info == {"step": 1}


@pytest.mark.parametrize("kind", [{}, {"mapped": True}, {"large": 10}])
def test_an_array_that_does_not_fit_is_an_error_and_no_crash(tmp_path, kind):
    if not kind:
        pytest.skip("in memory nothing is written")
    with full_disk(tmp_path / "disk") as folder, pytest.raises(OSError, match="space"):
        FolderRoom(folder / "room", **kind).array("sum", (300, 300), np.float32)[...] = 1


def test_a_workspace_on_a_full_disk_keeps_what_it_has(tmp_path):
    labels = Labels(RNG.integers(0, 3, (9, 9), np.uint8))
    with full_disk(tmp_path / "disk", 2**16) as folder:
        workspace = Workspace(folder / "w")
        workspace.keep_result("i1 classes", labels, {"seed": 1})
        workspace.save({"layers": [{"id": "p1"}]})
        with pytest.raises(OSError, match="space"):
            workspace.keep_result("i1 classes", LARGE, {"seed": 2})
        with pytest.raises(OSError, match="space"):
            workspace.save({"layers": [{"id": "p" * 10**6}]})
        workspace.close()
        again = Workspace(folder / "w", look_only=True)
        assert again.result("i1 classes")[1] == {"seed": 1}
        assert again.state["layers"] == [{"id": "p1"}]


def test_a_workspace_in_a_locked_folder_can_be_looked_at(tmp_path):
    Workspace(tmp_path / "w").close()
    with locked_disk(tmp_path / "disk") as folder, pytest.raises(ValueError, match="can't be writ"):
        Workspace(folder / "w")


def slices(folder):
    write(LARGE, folder / "slices")
    return folder / "slices"


def packed(folder):
    tifffile.imwrite(folder / "a.tif", LARGE.read(), compression="zlib")
    return folder / "a.tif"


def chunks(folder):
    array = zarr.create_array(folder / "a.zarr", shape=LARGE.shape, chunks=(1, 99, 99), dtype="u1")
    array[...] = LARGE.read()
    return folder / "a.zarr"


def ours(name):
    return lambda folder: write(LARGE, folder / name)[0]


KINDS = [slices, packed, chunks, *(ours(name) for name in PICTURES if name != "slices")]


@pytest.mark.parametrize("kind", KINDS, ids=lambda kind: kind.__name__)
def test_a_file_that_goes_while_it_is_read_is_told(tmp_path, kind):
    path = kind(tmp_path)
    image = read(path).image
    np.testing.assert_array_equal(image.read((0,)), LARGE.read((0,)))
    shutil.rmtree(path) if path.is_dir() else path.unlink()
    told = ""
    try:  # what the system still has of it, or a sentence
        np.testing.assert_array_equal(image.read(), LARGE.read())
    except ValueError as error:
        told = str(error)
    assert not told or (path.name in told and told.endswith("is no longer there."))
