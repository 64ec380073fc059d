"""Losses of classes: cross-entropy that makes up for how common classes are.

References
----------
.. [1] Menon et al., Long-tail learning via logit adjustment, ICLR 2021, arXiv:2007.07314,
   equation 10 with tau = 1.
"""

from __future__ import annotations

from torch import Tensor
from torch.nn import functional


def adjusted_loss(scores: Tensor, truth: Tensor, prior: Tensor) -> Tensor:
    """Cross-entropy of scores ``(N, K)`` plus logarithms of how common classes are [1]_.

    Parameters
    ----------
    scores
        Before softmax.
    truth
        Class numbers from 0 ``(N,)``.
    prior
        Logarithm of the share of each class ``(K,)``; all zero gives plain cross-entropy.
    """
    return functional.cross_entropy(scores.float() + prior, truth)
