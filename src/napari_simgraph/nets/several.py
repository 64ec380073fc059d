"""Several: networks of one kind that answer together.

References
----------
.. [1] Hansen, Salamon, Neural network ensembles, IEEE TPAMI 12:993, 1990.
.. [2] Heskes, Selecting weighting factors in logarithmic opinion pools, NIPS 1997: the mean of
   scores before softmax or sigmoid is the geometric mean of the chances.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import torch
from torch import Tensor, nn


class Several(nn.Module):
    """The mean of the scores of its networks.

    Parameters
    ----------
    members
        Networks of the same inputs and outputs.
    """

    def __init__(self, members: Sequence[nn.Module]) -> None:
        super().__init__()
        self.members = nn.ModuleList(members)

    def forward(self, x: Tensor) -> Tensor:
        """Scores ``(N, K, Y, X)`` of ``(N, C, Y, X)``."""
        return torch.stack([member(x) for member in self.members]).mean(0)

    def fold(self) -> None:
        """For use only: see `nets.folded`."""
        for member in self.members:
            folding: Any = member
            folding.fold()


def members_of(network: nn.Module) -> list[nn.Module]:
    """The networks that answer together; of any other network itself alone."""
    return list(network.members) if isinstance(network, Several) else [network]
