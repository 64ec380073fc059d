"""Evidence of a variational autoencoder: how well it redraws, and what its numbers cost.

Shapes: pictures and what is drawn are ``(N, C, Y, X)``, mean and spread of the numbers ``(N, D)``;
``spread`` is the logarithm of the variance. All in nats, one value per picture.

References
----------
.. [1] Kingma, Welling, Auto-encoding variational Bayes, ICLR 2014, arXiv:1312.6114, equation 10
   and appendix C.1 (grey values from 0 to 1 as chances).
.. [2] Bowman et al., Generating sentences from a continuous space, CoNLL 2016, arXiv:1511.06349,
   section 3.1 (the price of the numbers is raised slowly).
.. [3] Burda, Grosse, Salakhutdinov, Importance weighted autoencoders, ICLR 2016,
   arXiv:1509.00519, section 5.2 (a number is in use where its mean varies over pictures).
"""

from __future__ import annotations

from torch import Tensor
from torch.nn import functional

IN_USE = 0.01  # variance of a number's mean over pictures above which it is in use [3]_


def redrawing(drawn: Tensor, pictures: Tensor) -> Tensor:
    """Cross-entropy ``(N,)`` of pictures under what was drawn, before the logistic function."""
    each = functional.binary_cross_entropy_with_logits(drawn.float(), pictures, reduction="none")
    return each.flatten(1).sum(1)


def price(mean: Tensor, spread: Tensor) -> Tensor:
    """Divergence ``(N, D)`` of each number from the standard normal [1]_."""
    return 0.5 * (mean.square() + spread.exp() - spread - 1)


def in_use(mean: Tensor) -> int:
    """How many numbers vary from picture to picture [3]_."""
    if len(mean) < 2:
        return 0
    return int((mean.var(0) > IN_USE).sum())
