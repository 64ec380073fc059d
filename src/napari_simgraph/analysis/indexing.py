"""What an index of numpy's asks for, as rectangles of sections."""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

Box = tuple[int, slice, slice]


class Parts(NamedTuple):
    """An array of `shape` that is filled part by part and then has the shape `result`.

    A part is its place in that array, a rectangle of a section, and which pixels of it.
    """

    shape: tuple[int, ...]
    result: tuple[int, ...]
    parts: list[tuple[Any, Box, Any]]


def parts_of(key: Any, shape: tuple[int, ...]) -> Parts:
    """The parts that an index asks for.

    Parameters
    ----------
    key
        Whole numbers, slices that go forward, ``...``, or one array of whole numbers an axis.
    shape
        ``(Z, Y, X)`` or ``(Y, X)``.

    Raises
    ------
    IndexError
        It is another kind of index.
    """
    keys = key if isinstance(key, tuple) else (key,)
    if any(isinstance(one, np.ndarray | list) for one in keys):
        return _picked(keys, shape)
    if any(one is Ellipsis for one in keys):
        at = [one is Ellipsis for one in keys].index(True)
        missing = len(shape) - len(keys) + 1
        keys = (*keys[:at], *(slice(None),) * missing, *keys[at + 1 :])
    keys = (*keys, *(slice(None),) * (len(shape) - len(keys)))
    if len(keys) > len(shape):
        raise IndexError(f"There are {len(shape)} axes, not {len(keys)}.")
    spans = [_span(one, n) for one, n in zip(keys, shape, strict=True)]
    result = tuple(
        len(span) for span, one in zip(spans, keys, strict=True) if isinstance(one, slice)
    )
    spans = [*[range(1)] * (3 - len(shape)), *spans]
    whole = tuple(len(span) for span in spans)
    if 0 in whole:
        return Parts(whole, result, [])
    rows, columns = (slice(span.start, span.stop) for span in spans[1:])
    inside = tuple(slice(None, None, span.step) for span in spans[1:])
    parts = [(number, (z, rows, columns), inside) for number, z in enumerate(spans[0])]
    return Parts(whole, result, parts)


def _picked(keys: tuple[Any, ...], shape: tuple[int, ...]) -> Parts:
    """Single pixels, section by section."""
    if len(keys) == 1 and np.asarray(keys[0]).dtype.kind == "b":
        keys = np.nonzero(keys[0])
    if len(keys) != len(shape):
        raise IndexError("Pixels are picked by one array of whole numbers an axis.")
    arrays = np.broadcast_arrays(*(np.asarray(one) for one in keys))
    flat = [np.where(one < 0, one + n, one).ravel() for one, n in zip(arrays, shape, strict=True)]
    if len(flat) == 2:
        flat.insert(0, np.zeros(len(flat[0]), np.intp))
    z, y, x = flat
    parts = []
    for section in np.unique(z).tolist():
        place = np.flatnonzero(z == section)
        rows, columns = (_around(one[place]) for one in (y, x))
        inside = (y[place] - rows.start, x[place] - columns.start)
        parts.append((place, (section, rows, columns), inside))
    return Parts((len(z),), tuple(arrays[0].shape), parts)


def _around(values: NDArray[Any]) -> slice:
    return slice(int(values.min()), int(values.max()) + 1)


def _span(key: Any, length: int) -> range:
    if isinstance(key, slice):
        span = range(*key.indices(length))
        if span.step < 0:
            raise IndexError("Pixels are read forward only.")
        return range(span.start, max(span.stop, span.start), span.step)
    number = int(key) + (length if int(key) < 0 else 0)
    if not 0 <= number < length:
        raise IndexError(f"{key} is outside an axis of {length}.")
    return range(number, number + 1)
