"""Outlines: the borders of cells of a square grid, as closed lines from corner to corner."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

Corner = tuple[int, int]
Ring = NDArray[np.float64]
_TURNS = ((0, 1), (1, 0), (0, -1), (-1, 0))  # right, down, left, up: the inside is on the right


def outlines(cells: NDArray[np.integer]) -> list[tuple[Ring, ...]]:
    """Per connected piece of cells ``(N, 2)`` (row, column) its outline, then those of its holes.

    Cell ``(i, j)`` reaches from corner ``(i, j)`` to ``(i + 1, j + 1)``. Cells that only touch at a
    corner are different pieces.
    """
    here = {(int(i), int(j)) for i, j in cells}
    rings = _rings(here)
    outer = sorted((ring for ring in rings if _signed(ring) > 0), key=_signed)
    found = {number: [ring] for number, ring in enumerate(outer)}
    for hole in (ring for ring in rings if _signed(ring) < 0):
        around = next(k for k, ring in enumerate(outer) if _around(ring, hole))
        found[around].append(hole)
    return [tuple(parts) for parts in found.values()]


def _rings(here: set[Corner]) -> list[Ring]:
    """All closed borders, walked so that cells are on the right."""
    steps: dict[Corner, list[int]] = {}
    for i, j in sorted(here):
        top, right = ((i, j), (i - 1, j)), ((i, j + 1), (i, j + 1))
        bottom, left = ((i + 1, j + 1), (i + 1, j)), ((i + 1, j), (i, j - 1))
        for turn, (corner, beyond) in enumerate((top, right, bottom, left)):
            if beyond not in here:
                steps.setdefault(corner, []).append(turn)
    rings = []
    while steps:
        corner = next(iter(steps))
        rings.append(_walk(steps, corner))
    return rings


def _walk(steps: dict[Corner, list[int]], start: Corner) -> Ring:
    corner, turn = start, steps[start][0]
    walked: list[Corner] = []
    before = -1
    while corner in steps and turn in steps[corner]:
        steps[corner].remove(turn)
        if not steps[corner]:
            del steps[corner]
        if turn != before:  # corners only, not each cell on a straight line
            walked.append(corner)
        before = turn
        corner = (corner[0] + _TURNS[turn][0], corner[1] + _TURNS[turn][1])
        # to the right first: around a cell, not across to one that touches at its corner
        ways = [(turn + more) % 4 for more in (1, 0, 3)]
        turn = next((way for way in ways if way in steps.get(corner, ())), turn)
    ring = np.array(walked, np.float64)
    straight = before == _turn(ring[0], ring[1])
    return ring[1:] if straight else ring


def _turn(start: Ring, end: Ring) -> int:
    step = np.sign(end - start)
    return _TURNS.index((int(step[0]), int(step[1])))


def _signed(ring: Ring) -> float:
    """Area; above 0 for outlines, below for holes."""
    y, x = ring.T
    return float((np.roll(y, -1) * x - y * np.roll(x, -1)).sum() / 2)


def _around(ring: Ring, hole: Ring) -> bool:
    """Whether a hole lies within an outline: a place just inside it does."""
    from skimage.measure import points_in_poly

    # a hole is walked with its cells on the right, so the empty side is on the left of a step
    step = np.sign(hole[1] - hole[0])
    left = np.array([-step[1], step[0]])
    place = hole[0] + 0.5 * step + 0.5 * left
    return bool(points_in_poly(place[None], ring)[0])
