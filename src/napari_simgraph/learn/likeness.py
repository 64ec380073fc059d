"""Likeness: nearest means, which stand for classes that have too few pictures to be learned."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, NamedTuple, Self

import numpy as np
from numpy.typing import NDArray

from napari_simgraph.analysis.class_report import tempered

LIKENESS = "likeness"  # before the names of arrays in a model
_SHARPNESSES = np.geomspace(2.0, 64.0, 21)  # cosines become chances
_ROUNDS = 30  # after which shares of rare classes no longer change


class Likeness(NamedTuple):
    """Nearest means: what stands for classes that have too few pictures to be learned.

    Parameters
    ----------
    centre, spread
        Of the features ``(F,)``.
    means
        The mean of each class ``(K, F)``, of length 1.
    rare
        Which classes go by it ``(K,)``.
    sharp
        What cosines are times before they become chances.
    offset
        Added to cosines ``(K,)``: below 0 for rare classes that would take in more than is theirs.
    """

    centre: NDArray[np.float32]
    spread: NDArray[np.float32]
    means: NDArray[np.float32]
    rare: NDArray[np.bool_]
    sharp: NDArray[np.float32]
    offset: NDArray[np.float32]

    @classmethod
    def fit(cls, features: NDArray[np.float32], truth: NDArray[np.int64], rare: Any) -> Self:
        """The means of features ``(N, F)`` of pictures of all classes."""
        centre, spread = features.mean(0), features.std(0) + 1e-3 * features.std() + 1e-9
        points = _unit((features - centre) / spread)
        means = _unit(np.stack([points[truth == k].mean(0) for k in range(len(rare))]))
        cosines = points @ means.T
        losses = []
        for sharp in _SHARPNESSES:
            chances = tempered(cosines, 1 / sharp)[np.arange(len(truth)), truth]
            each = [-np.log(chances[truth == k] + 1e-12).mean() for k in range(len(rare))]
            losses.append(np.mean(each))
        best = np.array([_SHARPNESSES[int(np.argmin(losses))]], np.float32)
        offset = _offset(cosines, truth, np.asarray(rare), float(best[0]))
        return cls(centre, spread, means, np.asarray(rare), best, offset)

    def mixed(
        self, chances: NDArray[np.floating], features: NDArray[np.float32]
    ) -> NDArray[np.floating]:
        """Chances of common classes ``(N, K)`` with those of rare ones taken in.

        A rare class gets what likeness gives it, the others share the rest as the network says.
        """
        cosines = _unit((features - self.centre) / self.spread) @ self.means.T
        alike = tempered(cosines + self.offset, 1 / float(self.sharp[0]))
        if self.rare.all():
            return alike
        rest = 1 - alike[:, self.rare].sum(1, keepdims=True)
        return np.where(self.rare, alike, chances * rest)

    def arrays(self) -> dict[str, NDArray[Any]]:
        """As arrays of a model."""
        return {f"{LIKENESS}/{name}": values for name, values in self._asdict().items()}

    @classmethod
    def of(cls, arrays: Mapping[str, NDArray[Any]]) -> Self | None:
        """The inverse of `arrays`; None where all classes were learned."""
        if f"{LIKENESS}/means" not in arrays:
            return None
        usual = {f"{LIKENESS}/offset": np.zeros(len(arrays[f"{LIKENESS}/means"]), np.float32)}
        known = usual | dict(arrays)  # models of before have none
        return cls(*(np.array(known[f"{LIKENESS}/{name}"]) for name in cls._fields))


def _offset(
    cosines: NDArray[np.float32], truth: NDArray[np.int64], rare: NDArray[np.bool_], sharp: float
) -> NDArray[np.float32]:
    """What keeps rare classes from taking in more than their share, all classes counted alike.

    The mean of very few pictures is a direction of its own, that of many lies near the middle: to
    the first almost everything is closer.
    """
    offset, count = np.zeros(len(rare)), len(rare)
    for _ in range(0 if rare.all() else _ROUNDS):
        chances = tempered(cosines + offset, 1 / sharp)
        each = [chances[truth == k].mean(0) for k in np.unique(truth)]
        more = np.log(np.mean(each, axis=0) * count) / sharp
        offset[rare] = np.minimum(0, offset - more)[rare]
    kept: NDArray[np.float32] = offset.astype(np.float32)
    return kept


def _unit(points: NDArray[np.floating]) -> NDArray[np.float32]:
    length = np.linalg.norm(points, axis=1, keepdims=True)
    unit: NDArray[np.float32] = (points / np.maximum(length, 1e-12)).astype(np.float32)
    return unit
