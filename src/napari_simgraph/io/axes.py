"""Axes: which letter each axis of a file has, and how that becomes our order."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from napari_simgraph.io.faults import Told
from napari_simgraph.io.lazy import arrange

LETTERS = "TZYXCN"
OURS = "TNZYXC"  # several images first, then space, channels last


class AxesUnclear(Told):
    """The file does not say what its axes are; `shape` is what it holds."""

    def __init__(self, name: str, shape: Sequence[int]) -> None:
        self.shape = tuple(int(n) for n in shape)
        size = " x ".join(str(n) for n in self.shape)
        super().__init__(
            f"{name} has {len(self.shape)} axes ({size}): say which they are, such as --axes TZYX."
        )


def check_axes(axes: str, shape: Sequence[int], name: str) -> str:
    """The axes in capital letters, one for each axis of the array.

    Raises
    ------
    ValueError
        A letter is unknown, missing or there twice, or their number differs.
    """
    letters = axes.strip().upper()
    if set(letters) - set(LETTERS) or len(set(letters)) < len(letters):
        raise Told(f"Axes are letters of T Z Y X C N, each once, not '{axes}'.")
    if not {"Y", "X"} <= set(letters):
        raise Told(f"Axes need Y and X, such as ZYX, not '{axes}'.")
    if len(letters) != len(shape):
        size = " x ".join(str(n) for n in shape)
        raise Told(f"{name} has {len(shape)} axes ({size}), but '{axes}' names {len(letters)}.")
    return letters


def guess_axes(shape: Sequence[int], dtype: Any, name: str) -> str:
    """The axes of an array that says nothing about them.

    A last axis of 3 or 4 in 8 bits is colour; what is left is ``YX`` or ``ZYX``.

    Raises
    ------
    AxesUnclear
        More axes than can be guessed.
    """
    colour = len(shape) > 2 and shape[-1] in (3, 4) and np.dtype(dtype) == np.uint8
    space = {2: "YX", 3: "ZYX"}.get(len(shape) - colour)
    if space is None and len(shape) < 2:
        raise Told(f"{name} holds no picture: it has {len(shape)} axes, a picture needs two.")
    if space is None:
        raise AxesUnclear(name, shape)
    return space + "C" * colour


def reaxes(array: Any, axes: str) -> tuple[Any, str]:
    """The array with channels last (read lazily), and its axes in our order.

    Several images come first: ``T`` or ``N``, then ``Z``, ``Y``, ``X`` and ``C``.

    Parameters
    ----------
    array
        Anything with ``shape``, ``dtype`` and slicing.
    axes
        One letter of T Z Y X C N for each axis.

    Raises
    ------
    ValueError
        The letters don't fit the array.
    """
    letters = check_axes(axes, array.shape, "The array")
    ours = "".join(letter for letter in OURS if letter in letters)
    return arrange(array, [letters.index(letter) for letter in ours]), ours
