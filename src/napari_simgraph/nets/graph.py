"""Graph networks: what a patch is like together with its neighbours, by kind of link.

References
----------
.. [1] Hamilton, Ying, Leskovec, Inductive representation learning on large graphs, NIPS 2017,
   arXiv:1706.02216, algorithm 1 (GraphSAGE; here neighbours are averaged by the weight of links).
.. [2] Brody, Alon, Yahav, How attentive are graph attention networks?, ICLR 2022,
   arXiv:2105.14491, eq. 7.
.. [3] Veličković et al., Deep graph infomax, ICLR 2019, arXiv:1809.10341, section 3.4 (the
   objective; corrupted by shuffling the patches).
"""

from __future__ import annotations

import warnings
from collections.abc import Mapping, Sequence
from itertools import pairwise
from typing import Any, NamedTuple

import torch
from torch import Tensor, nn
from torch.nn import functional

with warnings.catch_warnings():
    # torch-geometric 2.8 still compiles some functions by torch.jit when it is imported
    warnings.simplefilter("ignore")
    from torch_geometric.nn import DeepGraphInfomax, GATv2Conv, GraphConv

WAYS = ("sage", "gat")
_HEADS = 4  # of attention


class Links(NamedTuple):
    """Links of one kind that end in the first rows: pairs ``(2, E)`` from, to; and weights."""

    pairs: Tensor
    weights: Tensor


class Hop(nn.Module):
    """New features of patches from their own and those of their neighbours.

    Parameters
    ----------
    inside, outside
        Numbers of features.
    kinds
        Kinds of links; each has weights of its own, and what they say is added up.
    way
        ``sage`` [1]_ or ``gat`` [2]_.
    """

    def __init__(self, inside: int, outside: int, kinds: Sequence[str], way: str) -> None:
        super().__init__()
        self.own = nn.Linear(inside, outside)
        each = max(1, outside // _HEADS)
        self.join = nn.Linear(each * _HEADS, outside) if way == "gat" else None
        made: dict[str, nn.Module] = {}
        for kind in kinds:
            if way == "gat":
                made[kind] = GATv2Conv(
                    (inside, inside), each, _HEADS, edge_dim=1, add_self_loops=False
                )
            else:
                made[kind] = GraphConv((inside, inside), outside, aggr="add", bias=False)
        self.kinds = nn.ModuleDict(made)

    def forward(self, x: Tensor, links: Mapping[str, Links], rows: int) -> Tensor:
        """Features ``(rows, outside)`` of the first rows of ``x (N, inside)``."""
        first = x[:rows]
        total: Tensor = self.own(first)
        for kind, conv in self.kinds.items():
            pairs, weights = links[kind]
            if self.join is not None:
                said = self.join(conv((x, first), pairs, weights[:, None]))
            else:
                share = weights.new_zeros(rows).index_add(0, pairs[1], weights)
                mean = weights / share[pairs[1]].clamp_min(1e-12)
                said = conv((x, first), pairs, mean, (len(x), rows))
            total = total + said
        return total


class GraphNet(nn.Module):
    """Some hops, then a score for each patch; the last hop's features are its embedding."""

    def __init__(self, inside: int, width: int, kinds: Sequence[str], way: str, hops: int) -> None:
        super().__init__()
        sizes = [inside, *[width] * hops]
        self.hops = nn.ModuleList(Hop(a, b, kinds, way) for a, b in pairwise(sizes))
        self.head = nn.Linear(width, 1)

    def hop(self, number: int, x: Tensor, links: Mapping[str, Links], rows: int) -> Tensor:
        """Hop `number` alone, as `embed` takes it."""
        return functional.relu(self.hops[number](x, links, rows))

    def embed(self, x: Tensor, around: Sequence[tuple[Mapping[str, Links], int]]) -> Tensor:
        """Embedding of the first rows; `around` has the links and rows of each hop, outer first."""
        for number, (links, rows) in enumerate(around):
            x = self.hop(number, x, links, rows)
        return x

    def forward(self, x: Tensor, around: Sequence[tuple[Mapping[str, Links], int]]) -> Tensor:
        """Scores ``(rows,)`` before the sigmoid."""
        scores: Tensor = self.head(self.embed(x, around))[:, 0]
        return scores


class Infomax(nn.Module):
    """A graph network that learns by itself [3]_: neighbourhoods against shuffled ones."""

    def __init__(self, network: GraphNet, width: int) -> None:
        super().__init__()
        self.network = network
        self.infomax = DeepGraphInfomax(width, _Encoder(network), _summary, _shuffled)

    def forward(
        self, x: Tensor, around: Sequence[tuple[Mapping[str, Links], int]], order: Tensor
    ) -> Tensor:
        """The loss; `order` shuffles the rows of x."""
        loss: Tensor = self.infomax.loss(*self.infomax(x, around, order))
        return loss


class _Encoder(nn.Module):
    def __init__(self, network: GraphNet) -> None:
        super().__init__()
        self.network = network

    def forward(self, x: Tensor, around: Any, order: Tensor) -> Tensor:
        return self.network.embed(x, around)


def _summary(embedded: Tensor, *_: Any) -> Tensor:
    return embedded.mean(0).sigmoid()


def _shuffled(x: Tensor, around: Any, order: Tensor) -> tuple[Tensor, Any, Tensor]:
    return x[order], around, order


def build(
    inside: int,
    kinds: Sequence[str],
    width: int = 64,
    way: str = "sage",
    hops: int = 2,
    infomax: bool = False,
) -> nn.Module:
    """A graph network, or one that learns by itself; see `GraphNet` and `Infomax`."""
    network = GraphNet(inside, width, kinds, way, hops)
    return Infomax(network, width) if infomax else network


def draw(network: nn.Module, generator: torch.Generator) -> None:
    """Random weights for what torch-geometric has layers of its own for."""
    for parameter in network.parameters():
        if parameter.ndim > 1:
            nn.init.xavier_uniform_(parameter, generator=generator)
        else:
            nn.init.zeros_(parameter)


def reach(options: Mapping[str, Any]) -> Any:
    """Not for pixels.

    Raises
    ------
    ValueError
        Always: it looks at patches.
    """
    raise ValueError("A graph network looks at patches, not at pixels.")
