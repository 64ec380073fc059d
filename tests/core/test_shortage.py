"""How each library says that memory ran out: all are known, in the window and in a job alike."""

import pytest
import torch

from napari_simgraph.core.shortage import is_out_of_memory
from napari_simgraph.viewer.log import say_error

SHORT = [
    MemoryError(),
    torch.OutOfMemoryError("CUDA out of memory."),
    RuntimeError("[enforce fail at alloc_cpu.cpp] DefaultCPUAllocator: can't allocate memory"),
    RuntimeError("DefaultCPUAllocator: not enough memory: you tried to allocate 9 bytes."),
    RuntimeError("could not create a primitive"),
    RuntimeError("std::bad_alloc"),
]


@pytest.mark.parametrize("error", SHORT, ids=repr)
def test_memory_that_ran_out_is_known_by_its_words(error):
    assert is_out_of_memory(error)
    assert say_error(error).startswith("Too little memory")


@pytest.mark.parametrize("error", [RuntimeError("size mismatch"), ValueError("out of memory")])
def test_other_errors_are_not_taken_for_short_memory(error):
    assert not is_out_of_memory(error)
