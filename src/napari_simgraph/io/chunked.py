"""Arrays that lie in files as tiles or chunks: each is decoded once and kept for a while."""

from __future__ import annotations

import os
import threading
from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from itertools import product
from typing import Any, TypeAlias, TypeVar

import numpy as np
from numpy.typing import DTypeLike, NDArray

from napari_simgraph.io.lazy import Lazy, PlaneCache

At: TypeAlias = tuple[int, ...]
R = TypeVar("R")

# Decoded at a time: 64 tiles of 256 x 256 RGB; more would hold twice what is asked for.
_BATCH_BYTES = 16 * 2**20
# Decoders release Python's lock; more threads than this no longer helped with 256 px tiles.
_THREADS = 4


class Chunked(Lazy):
    """An array in chunks of one size; those at the end of an axis may be cut off.

    Parameters
    ----------
    shape, dtype
        Of the whole array.
    chunk
        Size of a chunk along each axis.
    cache
        Where decoded chunks are kept; by default one of its own.
    """

    def __init__(
        self,
        shape: Sequence[int],
        dtype: DTypeLike,
        chunk: Sequence[int],
        cache: PlaneCache | None = None,
    ) -> None:
        super().__init__(shape, dtype)
        self.chunk = tuple(min(int(c), n) for c, n in zip(chunk, self.shape, strict=True))
        self.cache = cache or PlaneCache()
        self._token = object()  # in place of id(), which a later array may have again

    def load(self, ats: Sequence[At]) -> Iterable[NDArray[Any]]:
        """The chunks with these numbers along each axis, in this order."""
        raise NotImplementedError

    def box_of(self, at: At) -> tuple[slice, ...]:
        """Where the chunk of this number lies."""
        return tuple(
            slice(i * c, min((i + 1) * c, n))
            for i, c, n in zip(at, self.chunk, self.shape, strict=True)
        )

    def _block(self, box: tuple[slice, ...]) -> NDArray[Any]:
        out = np.empty([len(range(s.start, s.stop, s.step)) for s in box], self.dtype)
        spans = [_span(s, c) for s, c in zip(box, self.chunk, strict=True)]
        for ats in _batches(list(product(*spans)), self._per_batch()):
            for at, chunk in self._chunks(ats):
                parts = [
                    _overlap(s, i * c, n)
                    for s, i, c, n in zip(box, at, self.chunk, chunk.shape, strict=True)
                ]
                out[tuple(p[0] for p in parts)] = chunk[tuple(p[1] for p in parts)]
        return out

    def _chunks(self, ats: Sequence[At]) -> Iterator[tuple[At, NDArray[Any]]]:
        """These chunks, from the cache or loaded together."""
        missing = []
        for at in ats:
            known = self.cache.find((self._token, at))
            if known is None:
                missing.append(at)
            else:
                yield at, known
        for at, chunk in zip(missing, self.load(missing) if missing else (), strict=True):
            self.cache.keep((self._token, at), chunk)
            yield at, chunk

    def _per_batch(self) -> int:
        one = int(np.prod(self.chunk, dtype=np.int64)) * self.dtype.itemsize
        return max(1, _BATCH_BYTES // max(1, one))

    def __getstate__(self) -> dict[str, Any]:
        """All but the token: a copy in another process has a cache of its own."""
        return {name: value for name, value in vars(self).items() if name != "_token"}

    def __setstate__(self, state: dict[str, Any]) -> None:
        vars(self).update(state, _token=object())


def side_by_side(works: Sequence[Callable[[], R]]) -> list[R]:
    """What these functions return, called in a few threads where there are several."""
    if len(works) < 3:  # starting threads takes longer than one tile
        return [work() for work in works]
    with ThreadPoolExecutor(min(_THREADS, os.cpu_count() or 1)) as pool:
        return list(pool.map(lambda work: work(), works))


class Held:
    """Something that each process opens for itself: it is never sent to another one."""

    def __init__(self, thing: Any = None) -> None:
        self.thing, self.lock = thing, threading.RLock()

    def __reduce__(self) -> tuple[type[Held], tuple[()]]:
        return (Held, ())


def _span(asked: slice, chunk: int) -> range:
    """Numbers of the chunks that a slice touches."""
    if asked.stop <= asked.start:
        return range(0)
    return range(asked.start // chunk, (asked.stop - 1) // chunk + 1)


def _overlap(asked: slice, start: int, length: int) -> tuple[slice, slice]:
    """Where a chunk from `start` lies in what was asked for, and which part of it that is."""
    step = asked.step
    first = max(0, -(-(start - asked.start) // step))
    end = min(start + length, asked.stop)
    count = max(0, -(-(end - asked.start) // step) - first)
    begin = asked.start + first * step - start
    return slice(first, first + count), slice(begin, begin + count * step, step)


def _batches(ats: list[At], count: int) -> Iterator[list[At]]:
    for i in range(0, len(ats), count):
        yield ats[i : i + count]
