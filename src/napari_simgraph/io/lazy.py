"""Arrays that read from disk only what is asked of them: views and stacks of planes."""

from __future__ import annotations

import threading
from collections import OrderedDict
from collections.abc import Callable, Hashable, Mapping, Sequence
from itertools import product
from math import prod
from typing import Any, TypeAlias

import numpy as np
from numpy.typing import DTypeLike, NDArray

Index: TypeAlias = int | slice

# Decoded planes that a stack keeps: the current section and its neighbours at 4k x 4k.
CACHE_BYTES = 128 * 2**20


class Lazy:
    """What lazy arrays share: ``shape``, ``dtype`` and slicing with whole numbers and slices."""

    def __init__(self, shape: Sequence[int], dtype: DTypeLike) -> None:
        self.shape = tuple(int(n) for n in shape)
        self.dtype = np.dtype(dtype).newbyteorder("=")

    @property
    def ndim(self) -> int:
        """How many axes it has."""
        return len(self.shape)

    @property
    def size(self) -> int:
        """How many values it holds."""
        return prod(self.shape)

    @property
    def nbytes(self) -> int:
        """How many bytes it would take in memory."""
        return self.size * self.dtype.itemsize

    def __len__(self) -> int:
        return self.shape[0]

    def __array__(self, dtype: DTypeLike | None = None, copy: bool | None = None) -> NDArray[Any]:
        return np.asarray(self[...], dtype)

    def __getitem__(self, key: Any) -> NDArray[Any]:
        index = full_index(key, self.shape)
        slices = tuple(slice(i, i + 1, 1) if isinstance(i, int) else i for i in index)
        block = np.asarray(self._block(slices)).astype(self.dtype, copy=False)
        picked: NDArray[Any] = block[tuple(0 if isinstance(i, int) else slice(None) for i in index)]
        return picked

    def _block(self, box: tuple[slice, ...]) -> NDArray[Any]:
        raise NotImplementedError


class View(Lazy):
    """Another array with its axes in another order, some fixed, some new with length 1.

    Parameters
    ----------
    base
        Anything with ``shape``, ``dtype`` and slicing.
    order
        For each axis of the view the axis of `base`, or None for a new one.
    picks
        The position on each axis of `base` that the view leaves out.
    sizes
        Axes of `base` that the view shows only the beginning of.
    """

    def __init__(
        self,
        base: Any,
        order: Sequence[int | None],
        picks: Mapping[int, int] | None = None,
        sizes: Mapping[int, int] | None = None,
    ) -> None:
        self.base, self.order, self.picks = base, tuple(order), dict(picks or {})
        lengths = {axis: int(n) for axis, n in enumerate(base.shape)} | dict(sizes or {})
        super().__init__([1 if a is None else lengths[a] for a in self.order], base.dtype)

    def _block(self, box: tuple[slice, ...]) -> NDArray[Any]:
        wanted = dict(zip(self.order, box, strict=True))
        fixed = {axis: slice(at, at + 1) for axis, at in self.picks.items()}
        key = tuple((fixed | wanted)[axis] for axis in range(len(self.base.shape)))
        block = np.asarray(self.base[key])
        kept = [axis for axis in self.order if axis is not None]
        block = block.transpose([*kept, *self.picks])
        block = block.reshape(block.shape[: len(kept)])
        news = [i for i, axis in enumerate(self.order) if axis is None]
        return np.expand_dims(block, news) if news else block


class Mapped(Lazy):
    """Another array with each value put through a function; the type may change."""

    def __init__(
        self, base: Any, change: Callable[[NDArray[Any]], NDArray[Any]], dtype: DTypeLike
    ) -> None:
        self.base, self.change = base, change
        super().__init__(base.shape, dtype)

    def _block(self, box: tuple[slice, ...]) -> NDArray[Any]:
        return self.change(np.asarray(self.base[box]))


class PlaneCache:
    """The planes decoded last, up to a number of bytes; safe to use from several threads."""

    def __init__(self, limit: int = CACHE_BYTES) -> None:
        self._limit, self._used = limit, 0
        self._planes: OrderedDict[Hashable, NDArray[Any]] = OrderedDict()
        self._lock = threading.RLock()

    def get(self, key: Hashable, load: Callable[[], NDArray[Any]]) -> NDArray[Any]:
        """The plane of this key, loaded when it isn't there."""
        with self._lock:
            plane = self.find(key)
            if plane is None:
                plane = load()
                self.keep(key, plane)
            return plane

    def find(self, key: Hashable) -> NDArray[Any] | None:
        """The plane of this key, if it is there."""
        with self._lock:
            if key in self._planes:
                self._planes.move_to_end(key)
            return self._planes.get(key)

    def keep(self, key: Hashable, plane: NDArray[Any]) -> None:
        """Put a plane in, and take out the oldest ones beyond the limit."""
        with self._lock:
            known = self._planes.pop(key, None)
            self._planes[key] = plane
            self._used += plane.nbytes - (0 if known is None else known.nbytes)
            while self._used > self._limit and len(self._planes) > 1:
                self._used -= self._planes.popitem(last=False)[1].nbytes

    def __reduce__(self) -> tuple[type[PlaneCache], tuple[int]]:
        """Another process begins with an empty one."""
        return (PlaneCache, (self._limit,))


class Planes(Lazy):
    """A stack of planes that are decoded one by one.

    Parameters
    ----------
    lead, plane
        Shape of the stack and of one plane; the whole has ``lead + plane``.
    load
        Gives plane `i`, counted through `lead` in C order.
    """

    def __init__(
        self,
        lead: Sequence[int],
        plane: Sequence[int],
        dtype: DTypeLike,
        load: Callable[[int], NDArray[Any]],
        cache: PlaneCache | None = None,
    ) -> None:
        self.lead, self.load, self.cache = tuple(lead), load, cache or PlaneCache()
        self._token = object()  # in place of id(), which a later array may have again
        super().__init__((*lead, *plane), dtype)

    def _block(self, box: tuple[slice, ...]) -> NDArray[Any]:
        head, tail = box[: len(self.lead)], box[len(self.lead) :]
        spans = [range(*s.indices(n)) for s, n in zip(head, self.lead, strict=True)]
        parts = [self._plane(at)[tail] for at in product(*spans)]
        if not parts:
            lengths = [len(range(*s.indices(n))) for s, n in zip(box, self.shape, strict=True)]
            return np.zeros(lengths, self.dtype)
        return np.stack(parts).reshape(*(len(span) for span in spans), *parts[0].shape)

    def __getstate__(self) -> dict[str, Any]:
        """All but the token: a copy in another process has a cache of its own."""
        return {name: value for name, value in vars(self).items() if name != "_token"}

    def __setstate__(self, state: dict[str, Any]) -> None:
        vars(self).update(state, _token=object())

    def _plane(self, at: tuple[int, ...]) -> NDArray[Any]:
        index = int(np.ravel_multi_index(at, self.lead)) if at else 0
        return self.cache.get((self._token, index), lambda: self.load(index))


def full_index(key: Any, shape: tuple[int, ...]) -> tuple[Index, ...]:
    """One whole number or slice for each axis, all counted from the front.

    Raises
    ------
    IndexError
        Too many indices, out of range, or of a kind that lazy arrays can't take.
    """
    keys = list(key) if isinstance(key, tuple) else [key]
    if any(k is Ellipsis for k in keys):
        at = next(i for i, k in enumerate(keys) if k is Ellipsis)
        keys[at : at + 1] = [slice(None)] * (len(shape) - len(keys) + 1)
    keys += [slice(None)] * (len(shape) - len(keys))
    if len(keys) > len(shape):
        raise IndexError(f"{len(keys)} indices for {len(shape)} axes")
    return tuple(_one_index(k, n) for k, n in zip(keys, shape, strict=True))


def _one_index(key: Any, length: int) -> Index:
    if isinstance(key, slice):
        start, stop, step = key.indices(length)
        if step < 1:
            raise IndexError("lazy arrays are read forwards")
        return slice(start, max(start, stop), step)
    if isinstance(key, int | np.integer):
        at = int(key) + (length if key < 0 else 0)
        if not 0 <= at < length:
            raise IndexError(f"index {key} is outside an axis of length {length}")
        return at
    raise IndexError(f"lazy arrays take whole numbers and slices, not {type(key).__name__}")


def arrange(
    array: Any,
    order: Sequence[int | None],
    picks: Mapping[int, int] | None = None,
    sizes: Mapping[int, int] | None = None,
) -> Any:
    """The array with its axes in this order (see `View`); itself where nothing changes."""
    lengths = dict(sizes or {})
    same = all(int(array.shape[axis]) == n for axis, n in lengths.items())
    plain = tuple(order) == tuple(range(len(array.shape))) and same
    native = np.dtype(array.dtype).isnative
    if plain and native:
        return array
    # As numpy, views of arrays and memmaps cost nothing; big-endian ones are turned on reading.
    if isinstance(array, np.ndarray) and native:
        return _arranged(array, order, dict(picks or {}), lengths)
    return View(array, order, picks, sizes)


def _arranged(
    array: NDArray[Any],
    order: Sequence[int | None],
    picks: Mapping[int, int],
    sizes: Mapping[int, int],
) -> NDArray[Any]:
    """A view of a numpy array that stays a memory map where it was one."""
    key = tuple(picks.get(axis, slice(sizes.get(axis))) for axis in range(array.ndim))
    left = [axis for axis in range(array.ndim) if axis not in picks]
    view = array[key].transpose([left.index(axis) for axis in order if axis is not None])
    return view[tuple(None if axis is None else slice(None) for axis in order)]
