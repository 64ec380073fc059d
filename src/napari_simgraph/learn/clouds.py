"""Clouds: where the numbers of a class lie, so that what is drawn by chance is of one kind.

One normal distribution a class draws what lies between its kinds: half a flat sandal, half a high
one. Several clouds a class draw one kind or the other.

References
----------
.. [1] Ghosh et al., From variational to deterministic autoencoders, ICLR 2020, arXiv:1903.12436,
   section 4 (a mixture of ten normal distributions is fitted to the numbers after learning).
.. [2] Schwarz, Estimating the dimension of a model, Annals of Statistics 6, 1978 (BIC).
"""

from __future__ import annotations

import warnings
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float32]

_TRIED = (1, 2, 4, 8, 16)  # clouds a class; as many as pay off by BIC
_FEWEST = 20  # patches of a cloud: with fewer its shape is chance
_WIDEST = 64  # numbers; the shape of a cloud in more of them would be chance, and large
_ROUND = 1e-3  # added to variances (those of a class are 1), so that no cloud is flat
_NAME = "numbers/clouds "  # before the names of the arrays in a model


@dataclass(frozen=True)
class Clouds:
    """Clouds of K classes, M each, in D numbers of mean 0 and spread 1 over the class.

    Parameters
    ----------
    share
        ``(K, M)``, of the patches of the class; 0 where it has fewer clouds.
    middle, reach
        ``(K, M, D)`` and ``(K, M, D, D)``: noise times `reach` is added to the middle.
    """

    share: Floats
    middle: Floats
    reach: Floats

    @classmethod
    def plain(cls, classes: int, latent: int) -> Clouds:
        """One round cloud a class."""
        whole = np.broadcast_to(np.eye(latent, dtype=np.float32), (classes, 1, latent, latent))
        middle = np.zeros((classes, 1, latent), np.float32)
        return cls(np.ones((classes, 1), np.float32), middle, whole.copy())

    @classmethod
    def of(cls, arrays: Mapping[str, NDArray[Any]], classes: int, latent: int) -> Clouds:
        """Those that a model holds; plain ones for models of before."""
        if _NAME + "share" not in arrays:
            return cls.plain(max(1, classes), latent)
        return cls(*(np.asarray(arrays[_NAME + one]) for one in ("share", "middle", "reach")))

    def arrays(self) -> dict[str, Floats]:
        """As arrays of a model."""
        return {_NAME + one: getattr(self, one) for one in ("share", "middle", "reach")}

    def draw(
        self, kinds: NDArray[np.intp], seed: int | Sequence[int], spread: float = 1.0
    ) -> Floats:
        """Numbers ``(n, D)`` of patches of these classes; less `spread`, nearer to the middles."""
        rng = np.random.default_rng(seed)
        noise = spread * rng.standard_normal((len(kinds), self.middle.shape[-1]))
        ends = self.share[kinds].cumsum(1)
        which = (rng.random((len(kinds), 1)) * ends[:, -1:] >= ends).sum(1)
        drawn = self.middle[kinds, which] + np.einsum("nij,nj->ni", self.reach[kinds, which], noise)
        made: Floats = drawn.astype(np.float32)
        return made


def found_clouds(numbers: Floats, kinds: NDArray[np.intp], classes: int, seed: int) -> Clouds:
    """The clouds in which numbers ``(N, D)`` of patches of some classes lie [1]_ [2]_."""
    several = [_of_class(numbers[kinds == one], seed) for one in range(classes)]
    most, latent = max(len(share) for share, _, _ in several), numbers.shape[1]
    found = Clouds(
        np.zeros((classes, most), np.float32),
        np.zeros((classes, most, latent), np.float32),
        np.zeros((classes, most, latent, latent), np.float32),
    )
    for kind, (share, middle, reach) in enumerate(several):
        some = slice(0, len(share))
        found.share[kind, some], found.middle[kind, some] = share, middle
        found.reach[kind, some] = reach
    return found


def _of_class(numbers: Floats, seed: int) -> tuple[Floats, Floats, Floats]:
    """Shares, middles and reaches of one class."""
    from sklearn.exceptions import ConvergenceWarning
    from sklearn.mixture import GaussianMixture

    count, latent = numbers.shape
    tried = [many for many in _TRIED if many * _FEWEST <= count and latent <= _WIDEST]
    if not tried:
        one = Clouds.plain(1, latent)
        return one.share[0], one.middle[0], one.reach[0]
    with warnings.catch_warnings():  # patches that are all alike make fewer clouds: well and good
        warnings.simplefilter("ignore", ConvergenceWarning)
        fitted = [
            GaussianMixture(many, reg_covar=_ROUND, tol=1e-2, random_state=seed).fit(numbers)
            for many in tried
        ]
    best = min(fitted, key=lambda one: float(one.bic(numbers)))
    reach = np.linalg.cholesky(best.covariances_)
    made = (best.weights_, best.means_, reach)
    share, middle, shape = (part.astype(np.float32) for part in made)
    return share, middle, shape
