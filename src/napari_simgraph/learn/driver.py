"""Driver: whether there may be a graphics card, told without loading torch."""

from __future__ import annotations

import ctypes
import os


def has_cuda_driver() -> bool:
    """Whether NVIDIA's driver is installed; loading torch to find out takes seconds."""
    try:
        ctypes.CDLL("nvcuda.dll" if os.name == "nt" else "libcuda.so.1")
    except OSError:
        return False
    return True
