import pickle

import numpy as np
import pytest
import zarr

from napari_simgraph.core.room import Checkpoint, Room
from napari_simgraph.io.folder_room import FolderRoom


def test_small_in_memory_large_on_disk(tmp_path):
    room = FolderRoom(tmp_path / "room", large=1000)
    assert isinstance(room, Room)
    small = room.array("small", (4, 4), np.uint8)
    large = room.array("probability of 1/2", (4, 64, 64), np.float32, (2, 32, 32))
    assert isinstance(small, np.ndarray)
    assert isinstance(large, zarr.Array)
    assert large.chunks == (2, 32, 32)
    assert room.array("small", (4, 4), np.uint8) is small
    assert not np.asarray(large[:]).any()


@pytest.mark.parametrize("mapped", [False, True])
def test_many_small_arrays_together_are_large(tmp_path, mapped):
    room = FolderRoom(tmp_path, large=1000, mapped=mapped)
    maps = [room.array(f"map-{n}", (30, 30), np.uint8) for n in range(5)]
    assert [isinstance(one, np.ndarray) for one in maps] == [True, True, False, False, False]
    for number, one in enumerate(maps):
        one[3, 4] = number + 1
    again = [room.array(f"map-{n}", (30, 30), np.uint8) for n in range(5)]
    assert [int(one[3, 4]) for one in again] == [1, 2, 3, 4, 5]
    room.checkpoint(Checkpoint({}))
    later = FolderRoom(tmp_path, large=1000, mapped=mapped)
    assert [int(later.array(f"map-{n}", (30, 30), np.uint8)[3, 4]) for n in (4, 0, 1)] == [5, 1, 2]


def test_resumed_job_finds_its_arrays(tmp_path):
    room = FolderRoom(tmp_path, large=1000)
    room.array("large", (64, 64), np.uint8)[:10] = 7
    room.array("small", (4,), np.int32)[1] = 5
    room.checkpoint(Checkpoint({"w": np.arange(3)}, {"step": np.int64(9)}))
    room.close()
    again = FolderRoom(tmp_path, large=1000)
    state = again.restore()
    assert (list(state.arrays), state.info) == (["w"], {"step": 9})
    assert np.asarray(again.array("large", (64, 64), np.uint8)[9, 9]) == 7
    assert again.array("small", (4,), np.int32).tolist() == [0, 5, 0, 0]
    assert not np.asarray(again.array("large", (32, 64), np.uint8)[:]).any()


def test_afresh_there_is_no_checkpoint(tmp_path):
    assert FolderRoom(tmp_path / "room").restore() is None


def test_a_kill_in_the_middle_leaves_the_one_before(tmp_path):
    room = FolderRoom(tmp_path)
    for step in range(5):
        room.checkpoint(Checkpoint({"w": np.full(100, step)}, {"step": step}))
        assert room.restore().info["step"] == step
    newest = max(tmp_path.glob("checkpoint-*"), key=lambda p: p.stat().st_mtime_ns)
    content = newest.read_bytes()
    flipped = content[:-10] + bytes([content[-10] ^ 1]) + content[-9:]
    for broken in (content[:-1], content[: len(content) // 2], b"", flipped):
        newest.write_bytes(broken)
        state = FolderRoom(tmp_path).restore()
        assert state.info["step"] == 3
        assert set(state.arrays["w"]) == {3}
    (tmp_path / "checkpoint-a.writing").write_bytes(b"half")
    after = FolderRoom(tmp_path)
    after.checkpoint(Checkpoint({"w": np.full(3, 8)}, {"step": 8}))
    assert FolderRoom(tmp_path).restore().info["step"] == 8


@pytest.mark.parametrize("shape", [(300, 300), (3, 9, 70, 70), (10, 100, 100)])
def test_default_chunks_fit_every_shape(tmp_path, shape):
    array = FolderRoom(tmp_path, large=1).array("a", shape, np.uint8)
    assert len(array.chunks) == len(shape)
    array[...] = 1
    assert np.asarray(array[:]).all()


def test_clean_takes_the_folder_away(tmp_path):
    room = FolderRoom(tmp_path / "room")
    room.checkpoint(Checkpoint({}, {}))
    room.clean()
    assert not (tmp_path / "room").exists()


def test_mapped_arrays_are_seen_from_outside_while_they_grow(tmp_path):
    room = FolderRoom(tmp_path, large=1000, mapped=True)
    small, large = room.array("a b", (4, 5), np.uint8), room.array("c", (40, 50), np.uint8)
    outside = pickle.loads(pickle.dumps(FolderRoom(tmp_path, large=1000, mapped=True)))
    seen = {name: outside.look(name) for name in ("a b", "c")}
    assert outside.look("d") is None
    small[1, 2], large[3, 4] = 7, 8
    assert (seen["a b"].shape, seen["a b"].dtype) == ((4, 5), np.uint8)
    assert int(seen["a b"][1, 2]) == 7
    assert int(seen["c"][3, 4]) == 8
    assert room.array("a b", (4, 5), np.uint8)[1, 2] == 7  # as a job finds it that goes on
    assert not room.array("a b", (4, 6), np.uint8).any()


def test_a_broken_file_is_begun_anew(tmp_path):
    (tmp_path / "a.npy").write_bytes(b"\x93NUMPY")
    assert not FolderRoom(tmp_path, mapped=True).array("a", (4, 5), np.uint8).any()
