import numpy as np

from napari_simgraph import MemoryRoom
from napari_simgraph.core.room import Checkpoint, Room


def test_memory_room_is_a_room():
    assert isinstance(MemoryRoom(), Room)


def test_an_array_asked_for_again_is_the_same():
    room = MemoryRoom()
    first = room.array("a", (2, 3), np.uint8)
    first[:] = 7
    assert room.array("a", (2, 3), np.uint8) is first
    assert room.array("a", (2, 4), np.uint8).sum() == 0


def test_checkpoints_are_copies():
    room, values = MemoryRoom(), np.zeros(3)
    assert room.restore() is None
    room.checkpoint(Checkpoint({"a": values}, {"step": 1}))
    values[:] = 9
    assert room.restore().arrays["a"].sum() == 0
    assert room.restore().info == {"step": 1}
