"""Squares, crosses, rings and links as line segments: what an overlay is drawn from."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

# Orange lies farthest from the greys of electron microscopy for all kinds of colour vision; what
# was asked for is white within black, so that it is seen on any ground.
COLORS = {
    "outside": "#000000",
    "query": "#FFFFFF",
    "unlike": "#FFFFFF",
    "hit": "#E69F00",
    "ring": "#E69F00",
    "rows": "#E69F00",
    "hover": "#56B4E9",
}
_RING = 16  # sides of the polygon that stands for a ring
_RING_SIZE = 0.6  # of the patch, so that a ring and a square in one place are told apart
_CORNERS = np.array([[-1, -1], [-1, 1], [1, 1], [1, -1]], float) / 2


class Mark(NamedTuple):
    """A patch as it is drawn: what it is, its middle, its side, and the words beside it."""

    kind: str
    y: float
    x: float
    side: float
    text: str = ""


class Lines(NamedTuple):
    """Segments ``(N, 2, 2)``, start and step as in napari's Vectors, and their colours."""

    segments: NDArray[np.float64]
    colors: list[str]


def lines_of(marks: Sequence[Mark], width: float, links: bool = True) -> Lines:
    """The marks as lines.

    Parameters
    ----------
    marks
        What to draw; later ones lie above.
    width
        Of a line, in the units of the marks: around a query there is a second square.
    links
        Also a line from the first query to each hit.
    """
    parts: list[NDArray[np.float64]] = []
    colors: list[str] = []
    for kind, segments in _parts(marks, width, links):
        parts.append(segments)
        colors += [COLORS[kind]] * len(segments)
    return Lines(np.concatenate(parts) if parts else np.zeros((0, 2, 2)), colors)


def _parts(
    marks: Sequence[Mark], width: float, links: bool
) -> list[tuple[str, NDArray[np.float64]]]:
    found = []
    query = [mark for mark in marks if mark.kind == "query"]
    hits = [mark for mark in marks if mark.kind == "hit"]
    if links and query and hits:
        start = np.array([[query[0].y, query[0].x]])
        ends = np.array([[mark.y, mark.x] for mark in hits])
        found.append(("hit", np.stack([np.repeat(start, len(ends), 0), ends - start], 1)))
    rows = [mark for mark in marks if mark.kind == "rows"]
    if rows:
        found.append(("rows", _squares(rows, 0)))
    for mark in marks:
        if mark.kind in ("query", "unlike"):
            found.append(("outside", _squares([mark], 2 * width)))
        if mark.kind == "ring":
            found.append(("ring", _ring(mark)))
        elif mark.kind != "rows":
            found.append((mark.kind, _squares([mark], 0)))
        if mark.kind == "unlike":
            found.append((mark.kind, _cross(mark)))
    return found


def _squares(marks: Sequence[Mark], more: float) -> NDArray[np.float64]:
    middles = np.array([[mark.y, mark.x] for mark in marks])
    sides = np.array([mark.side + more for mark in marks])
    corners = middles[:, None] + _CORNERS * sides[:, None, None]
    return _around(corners)


def _ring(mark: Mark) -> NDArray[np.float64]:
    turn = np.arange(_RING) * 2 * np.pi / _RING
    around = np.stack([np.sin(turn), np.cos(turn)], 1) * mark.side * _RING_SIZE / 2
    return _around((around + np.array([mark.y, mark.x]))[None])


def _cross(mark: Mark) -> NDArray[np.float64]:
    corners = np.array([mark.y, mark.x]) + _CORNERS * mark.side
    return np.stack([corners[:2], corners[2:] - corners[:2]], 1)


def _around(corners: NDArray[np.float64]) -> NDArray[np.float64]:
    """Sides of closed polygons ``(N, corners, 2)``."""
    steps = np.roll(corners, -1, 1) - corners
    return np.stack([corners, steps], 2).reshape(-1, 2, 2)
