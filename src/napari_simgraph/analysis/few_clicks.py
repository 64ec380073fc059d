"""Few clicks: a score for every patch from a handful of judged ones, answered at each click.

Each judged patch is looked at once: how like it all patches are (after their features were spread
over the graph), and where a click on it spreads to. What follows is arithmetic on as many numbers
as there are clicks.

References
----------
.. [1] Zhu, Hastie, Kernel logistic regression and the import vector machine, 2005, section 2.
.. [2] Huang et al., Combining label propagation and simple models out-performs graph neural
   networks, ICLR 2021, arXiv:2010.13993, sections 2.2 and 2.3 (Correct and Smooth).
.. [3] Rasmussen, Williams, Gaussian processes for machine learning, 2006, eq. 2.26 (variance).
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from napari_simgraph.analysis.crowds import Followed, beside, by_order, followed
from napari_simgraph.analysis.kernel_logistic import Vector, chance_of, logistic, slope_of
from napari_simgraph.analysis.neighbours import Points, unit
from napari_simgraph.analysis.spreading import alone, settle, spread
from napari_simgraph.core.patches import Rows

KEEP, ROUNDS = 0.8, 10  # features: so that those of some five steps around count
FAR = 0.97  # clicks: they reach some thirty steps
_CLICKS = 2.0  # weight of what clicks spread; 1 scores less on VNC, 3 the same (benchmarks)
_NOISE = 0.1  # variance of a click: people err


class Judged(NamedTuple):
    """Rows that were judged, and whether they are what is looked for."""

    rows: Rows
    like: NDArray[np.bool_]

    @property
    def both(self) -> bool:
        """Whether there are some of either kind."""
        return bool(self.like.any() and not self.like.all())


class Scored(NamedTuple):
    """From 0 to 1 for each patch: how surely it is looked for, and how unsure that is."""

    score: Vector
    uncertainty: Vector


class LeftOut(NamedTuple):
    """What clicks score when each is left out: the whole answer, and what clicks spread alone."""

    logit: Vector
    reach: Vector


@dataclass(frozen=True, eq=False)
class Ground:
    """A graph made ready for clicks.

    Parameters
    ----------
    points
        Features spread over the graph, of length 1, ``(N, D)``.
    matrix
        See `spreading.links`.
    centre
        What was taken off the features before.
    """

    points: Points
    matrix: Any
    centre: Vector

    @property
    def alone(self) -> NDArray[np.bool_]:
        """Nodes without any edge."""
        return alone(self.matrix)


def ground(values: Points, matrix: Any, centre: Vector | None = None) -> Iterator[Ground | None]:
    """A graph made ready for clicks; None is yielded until it is."""
    mixed = unit(values)
    for block in spread(matrix, mixed, KEEP, ROUNDS):
        mixed = block
        yield None
    middle = mixed.mean(0) if centre is None else centre
    yield Ground(unit(mixed - middle), matrix, middle)


class FewClicks:
    """Answers for one graph; what is known of a judged patch is kept for the next answer."""

    def __init__(self, prepared: Ground) -> None:
        self.ground = prepared
        self._like: dict[int, Vector] = {}
        self._reach: dict[int, Vector] = {}
        self._left: tuple[Any, LeftOut] | None = None  # of the newest clicks: asked for thrice
        self._crowd: Followed | None = None

    def follow(self, members: Rows, speakers: Mapping[int, bool]) -> None:
        """Let all members of a group speak from now on; none where there are none.

        Where a whole group spreads to finds more than what some of it spread and a head: AUROC
        0.90 and 0.96 instead of 0.88 and 0.93 on VNC. `speakers` stand for it among the judged.
        """
        self._crowd = followed(self.ground.matrix, members, speakers, FAR)

    def head(self, judged: Judged) -> tuple[Vector, float]:
        """Weights ``(D,)`` and offset of a logistic head on the spread features [1]_."""
        points = self.ground.points[judged.rows]
        parts, offset = logistic(points @ points.T, judged.like)
        weights: Vector = (parts.astype(np.float32)) @ points
        return weights, offset

    def reach(self, judged: Judged) -> Vector:
        """Where clicks spread to: label propagation, either kind weighing the same."""
        share = shares(judged.like)
        total = np.zeros(len(self.ground.points), np.float32)
        for row, weight in zip(judged.rows.tolist(), share, strict=True):
            if row not in self._reach:
                one = np.zeros(len(total), np.float32)
                one[row] = 1
                self._reach[row] = settle(self.ground.matrix, one, FAR)
            total += np.float32(weight) * self._reach[row]
        return total

    def answer(self, judged: Judged) -> Scored:
        """The scores after some clicks.

        Raises
        ------
        ValueError
            There is only one kind of click.
        """
        check(judged)
        parts, offset, alike = self._head(judged)
        chance = chance_of(alike @ parts + np.float32(offset))
        if self._crowd is None:
            logit, own = together(chance, self.reach(judged)), judged
            slope, shift = self._calibrated(judged, logit)
            score = chance_of(slope * logit + shift)
        else:
            score, own = self._with_crowd(chance, judged, self._crowd)
        score[own.rows] = own.like
        return Scored(score, self._uncertainty(alike, judged))

    def left_out(self, judged: Judged) -> LeftOut:
        """Each click scored by the others alone."""
        key = (judged.rows.tobytes(), judged.like.tobytes())
        if self._left is None or self._left[0] != key:
            self._left = key, self._leave_out(judged)
        return self._left[1]

    def threshold(self, judged: Judged) -> float:
        """The score above which the fewest clicks are mistaken, each left out in turn."""
        if min(judged.like.sum(), (~judged.like).sum()) < 2:
            return 0.5  # one of a kind says nothing of the others of its kind
        known = self.left_out(judged).logit
        slope, shift = slope_of(known, judged.like)
        chance = chance_of(slope * known + shift)
        ranked = np.sort(chance)
        cuts = np.concatenate([[0.5], (ranked[1:] + ranked[:-1]) / 2])
        wrong = ((chance > cuts[:, None]) != judged.like).sum(1)
        best = np.flatnonzero(wrong == wrong.min())
        return float(cuts[best[np.abs(cuts[best] - 0.5).argmin()]])  # of equals the middle one

    def _with_crowd(self, chance: Vector, judged: Judged, crowd: Followed) -> tuple[Vector, Judged]:
        """The scores where a group speaks, and what was judged beside it."""
        said = beside(crowd, *judged)
        own, order = Judged(judged.rows[said], judged.like[said]), crowd.spread
        if len(own.rows):
            order = together(chance, order + self.reach(own))
        return by_order(order, crowd.share), own

    def _leave_out(self, judged: Judged) -> LeftOut:
        parts, offset, alike = self._head(judged)
        whole = chance_of(alike @ parts + np.float32(offset))
        spread_whole = self.reach(judged)
        heads, reaches = np.zeros((2, len(judged.rows)), np.float32)
        for at, row in enumerate(judged.rows.tolist()):
            rest = np.delete(np.arange(len(judged.rows)), at)
            others = Judged(judged.rows[rest], judged.like[rest])
            kernel = alike[others.rows][:, rest]
            parts_rest, offset = logistic(kernel, others.like)
            heads[at] = chance_of(alike[row, rest] @ parts_rest + offset)
            near = np.array([self._reach[one][row] for one in others.rows.tolist()])
            reaches[at] = near @ shares(others.like)
        logit = _standard(heads, whole) + _CLICKS * _placed(reaches, spread_whole)
        return LeftOut(logit, reaches)

    def _calibrated(self, judged: Judged, logit: Vector) -> tuple[np.float32, np.float32]:
        """Slope and shift that make a chance of a logit, from clicks left out in turn."""
        known = logit[judged.rows]
        if min(judged.like.sum(), (~judged.like).sum()) > 1:
            known = self.left_out(judged).logit
        return slope_of(known, judged.like)

    def weigh(self, row: int, judged: Judged) -> list[tuple[int, float]]:
        """Why a patch scores as it does: judged rows and how much each weighs, most first."""
        parts, _, alike = self._head(judged)
        each = parts * alike[row]
        order = np.argsort(-np.abs(each), kind="stable")
        return [(int(judged.rows[at]), float(each[at])) for at in order]

    def ask(self, scored: Scored, judged: Judged, seen: Rows | None = None) -> int:
        """The patch whose answer would teach most: undecided, unlike the judged, not an oddity.

        Those `seen` are passed over.
        """
        undecided = 1 - np.abs(2 * scored.score - 1)
        dense = np.asarray(self.ground.matrix.sum(1)).ravel()
        worth = (undecided + scored.uncertainty) * np.minimum(dense, np.median(dense))
        worth[judged.rows] = -1
        if seen is not None:
            worth[seen] = -1
        return int(worth.argmax())

    def _head(self, judged: Judged) -> tuple[Vector, float, Points]:
        """Weight of each click, offset, and how like each of them all patches are ``(N, m)``."""
        points = self.ground.points
        for row in judged.rows.tolist():
            if row not in self._like:
                self._like[row] = points @ points[row]
        alike = np.stack([self._like[row] for row in judged.rows.tolist()], 1)
        parts, offset = logistic(alike[judged.rows], judged.like)
        return parts.astype(np.float32), offset, alike

    def _uncertainty(self, alike: Points, judged: Judged) -> Vector:
        """Spread of a Gaussian process on the points [3]_: 0 at a click, 1 far from all."""
        kernel = alike[judged.rows].astype(np.float64)
        inverse = np.linalg.inv(kernel + _NOISE * np.eye(len(kernel))).astype(np.float32)
        known = np.einsum("nm,nm->n", alike @ inverse, alike)
        unsure: Vector = np.sqrt(np.clip(1 - known, 0, 1))
        return unsure


def together(chance: Vector, reach: Vector) -> Vector:
    """What the head says and what the clicks spread as one logit.

    This is the Smooth step of [2]_ by its two parts: the head, smooth already since its features
    were spread, and the clicks, which count double since they are few. What they spread falls off
    so steeply that only its order is used: in its own scale all patches but the nearest would be
    alike. The Correct step, that spreads what the head got wrong, is left out: the head gets a
    handful of clicks right, so there is nothing to spread.
    """
    both: Vector = _standard(chance) + _CLICKS * _placed(reach)
    return both


def check(judged: Judged) -> None:
    """Nothing, where there is something to tell apart.

    Raises
    ------
    ValueError
        There is only one kind of click.
    """
    if not len(judged.rows):
        raise ValueError("Nothing is marked on these patches: click what is interesting.")
    if not judged.both:
        kind = "interesting" if not judged.like.any() else "not interesting"
        raise ValueError(f"Add one place that is {kind}: with one kind nothing can be told apart.")


def judged_of(like: Sequence[int] | Rows, unlike: Sequence[int] | Rows) -> Judged:
    """Rows of both kinds as one."""
    rows = np.concatenate([np.asarray(like, np.intp), np.asarray(unlike, np.intp)])
    return Judged(rows, np.arange(len(rows)) < len(like))


def shares(like: NDArray[np.bool_]) -> Vector:
    """What each click weighs: either kind the same in all."""
    kinds = max(1, int(like.sum())), max(1, int((~like).sum()))
    return np.where(like, 1 / kinds[0], -1 / kinds[1]).astype(np.float32)


def _placed(values: Vector, among: Vector | None = None) -> Vector:
    """Places of values in the order of all, those alike at the same one; spread over about 1."""
    ordered = np.sort(values if among is None else among)
    share = np.searchsorted(ordered, values).astype(np.float32) / np.float32(len(ordered))
    found: Vector = np.float32(3**0.5) * (2 * share - 1)
    return found


def _standard(values: Vector, among: Vector | None = None) -> Vector:
    whole = values if among is None else among
    found: Vector = (values - whole.mean()) / max(float(whole.std()), 1e-12)
    return found
