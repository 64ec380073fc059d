"""Allocation: large blocks of memory are used again instead of being fetched anew."""

from __future__ import annotations

import ctypes
from collections.abc import Mapping

# Numbers of glibc's malloc.h, and what they are set to.
_MMAP_THRESHOLD, _TRIM_THRESHOLD, _ARENA_MAX = -3, -1, -8
_LARGEST = 2**28  # bytes; layers of a network for one tile are smaller
_KEPT = 2**29  # bytes that stay with the process although they are free
_USUAL = 2**17  # bytes: both thresholds, as glibc begins


def keep_freed_blocks() -> bool:
    """Whether the process keeps blocks that were freed, for the next ones; for programs of ours.

    With glibc (Linux) each layer's output would else be a fresh mapping, which the system fills
    with zeros first: a fifth to a quarter of the time of a network in float32. Call it before
    other threads are started, whose memory is kept apart.
    """
    return _told({_MMAP_THRESHOLD: _LARGEST, _TRIM_THRESHOLD: _KEPT, _ARENA_MAX: 1})


def give_freed_blocks_back() -> None:
    """Keep no more than is usual, and give back what was kept: for a process of others, too."""
    if _told({_MMAP_THRESHOLD: _USUAL, _TRIM_THRESHOLD: _USUAL}):
        ctypes.CDLL(None).malloc_trim(0)


def _told(wanted: Mapping[int, int]) -> bool:
    """Whether the C library took all of these."""
    try:
        mallopt = ctypes.CDLL(None).mallopt
    except (AttributeError, OSError, TypeError):  # other systems and C libraries
        return False
    taken = [mallopt(key, value) == 1 for key, value in wanted.items()]
    return all(taken)
