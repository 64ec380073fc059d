"""What it looks like when memory ran out: Python, numpy, torch and C++ each say it differently."""

from __future__ import annotations

# PyTorch's allocators on GPUs and CPU, that of oneDNN for what it works in, and C++'s own.
_NO_MEMORY = (
    "out of memory",
    "can't allocate memory",
    "not enough memory",
    "could not create a primitive",
    "bad_alloc",
)


def is_out_of_memory(error: BaseException) -> bool:
    """Whether an exception says that memory was short; torch's own kind is known by its name."""
    names = {kind.__name__ for kind in type(error).__mro__}
    if isinstance(error, MemoryError) or "OutOfMemoryError" in names:
        return True
    said = str(error).casefold()
    return isinstance(error, RuntimeError) and any(words in said for words in _NO_MEMORY)
