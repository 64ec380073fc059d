"""The lesson of a variational autoencoder, and the figures that tell how well it went."""

from __future__ import annotations

from collections.abc import Mapping
from functools import partial
from typing import Any, NamedTuple

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from napari_simgraph.core.patches import Rows
from napari_simgraph.learn.at_once import AtOnce
from napari_simgraph.learn.losses_vae import in_use, price, redrawing
from napari_simgraph.learn.pictures import Pictures

_WATCHED = 256  # patches looked at during a run, a twentieth of it
FINAL = 4096  # patches looked at in the end
_CHUNK = 256  # patches through the network at once
_KNOWN = 8  # patches of a class that tell how far its numbers are spread
_PCA_FROM = 4000  # patches: enough for some tens of directions …
_PCA_VALUES = 2**25  # … and of large ones fewer: 128 MB


class Batch(NamedTuple):
    """Light ``(N, C, P, P)``, classes ``(N, K)`` and the noise of the numbers ``(N, D)``."""

    light: NDArray[np.float32]
    kinds: NDArray[np.float32]
    noise: NDArray[np.float32]


class Parted(NamedTuple):
    """Rows to learn from, and rows kept aside."""

    learn: Rows
    kept: Rows


class Looked(NamedTuple):
    """What a network makes of patches: squared error and nats of each, their numbers, the price.

    `spread` is the variance of the numbers of each patch ``(N, D)``, `numbers` their means.
    """

    error: NDArray[np.float64]
    nats: NDArray[np.float64]
    numbers: Tensor
    spread: NDArray[np.float64]
    price: NDArray[np.float64]

    def figures(self) -> dict[str, float]:
        """Means over the patches; ``elbo`` and ``price`` in nats a patch."""
        paid = float(self.price.sum(1).mean())
        return {
            "error": float(self.error.mean()),
            "elbo": -float(self.nats.mean()) - paid,
            "price": paid,
            "in_use": float(in_use(self.numbers)),
        }


class VaeLesson:
    """See `lesson.Lesson`: patches are to be drawn again from few numbers near the prior.

    Parameters
    ----------
    network
        A `nets.vae.Vae`.
    pictures, parted
        The patches, and which of them are learned from.
    config
        Settings of `generation.train`.
    """

    def __init__(self, network: nn.Module, pictures: Pictures, parted: Parted, config: Any) -> None:
        self.network, self.pictures, self.parted = network, pictures, parted
        self.config = config
        self._warm = 1.0
        some = parted.learn
        self._groups = pictures.of_each_class(some) if config.balance else [some]
        light = pictures.inputs(parted.learn[:1])
        self._values = light[0].size
        self._latent = int(network.latent)  # type: ignore[arg-type]

    def planned(self, steps: int) -> None:
        """See `lesson.Scheduled`: the price of the numbers rises over a share of the steps."""
        self._warm = max(1.0, steps * self.config.warm_up)

    def batch(self, number: int, size: int) -> Batch:
        """See `lesson.Lesson.batch`."""
        rng = np.random.default_rng([self.config.seed, number])
        which = rng.integers(0, len(self._groups), size)
        rows = np.array([self._groups[one][rng.integers(len(self._groups[one]))] for one in which])
        noise = rng.standard_normal((size, self._latent)).astype(np.float32)
        return Batch(self.pictures.inputs(rows), self.pictures.told(rows), noise)

    def loss(self, network: nn.Module, batch: Batch, number: int) -> Tensor:
        """See `lesson.Lesson.loss`: nats per pixel, so that steps are alike for all sizes."""
        device = next(network.parameters()).device
        light, kinds, noise = (torch.from_numpy(part).to(device) for part in batch)
        light = light.contiguous(memory_format=torch.channels_last)
        drawn, mean, spread = network(light, kinds, noise)
        weight = self.config.price * min(1.0, (number + 1) / self._warm)
        paid = weight * price(mean, spread).sum(1)
        loss: Tensor = (redrawing(drawn, light) + paid).mean() / self._values
        return loss

    def check(self, network: nn.Module) -> Mapping[str, float]:
        """See `lesson.Lesson.check`."""
        rows = self.parted.kept[:_WATCHED]
        return look(network, self.pictures, rows).figures() if len(rows) else {}


def look(network: nn.Module, pictures: Pictures, rows: Rows) -> Looked:
    """What a network makes of some patches, from the means of their numbers."""
    at_once = AtOnce(next(network.parameters()).device)
    parts: list[tuple[Tensor, ...]] = []
    for start in range(0, len(rows), _CHUNK):
        parts += at_once.parts(partial(_seen, network, pictures), rows[start : start + _CHUNK])
    error, nats, numbers, wide, paid = (
        torch.cat(one).double().cpu() for one in zip(*parts, strict=True)
    )
    return Looked(error.numpy(), nats.numpy(), numbers, wide.numpy(), paid.numpy())


def _seen(network: nn.Module, pictures: Pictures, rows: Rows) -> tuple[Tensor, ...]:
    """Of each patch: error, nats, mean and variance of its numbers, what these cost."""
    device = next(network.parameters()).device
    light = torch.from_numpy(pictures.inputs(rows)).to(device)
    kinds = torch.from_numpy(pictures.told(rows)).to(device)
    mean, spread = network.encode(light, kinds)  # type: ignore[operator]
    drawn = network.decode(mean, kinds).float()  # type: ignore[operator]
    error = (drawn.sigmoid() - light).square().flatten(1).mean(1)
    return error, redrawing(drawn, light), mean, spread.exp(), price(mean, spread)


def fitted_prior(
    looked: Looked, kinds: NDArray[np.float32]
) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
    """Mean and spread ``(K, D)`` of the numbers of each class; one row where there are no classes.

    Numbers tell the class a little, since that costs next to nothing; taken off, they do no more,
    and what is drawn by chance is of its class [1]_.

    References
    ----------
    .. [1] Ghosh et al., From variational to deterministic autoencoders, ICLR 2020,
       arXiv:1903.12436, section 4 (the density of the numbers is fitted after learning).
    """
    weights = kinds if kinds.shape[1] else np.ones((len(kinds), 1), np.float32)
    share = (weights / np.maximum(weights.sum(0), 1)).T.astype(np.float64)
    numbers = looked.numbers.numpy()
    mean = share @ numbers
    wide = share @ (numbers**2 + looked.spread) - mean**2
    wide[weights.sum(0) < _KNOWN] = 1.0  # the prior's, where a few patches would say too little
    return mean.astype(np.float32), np.sqrt(np.maximum(wide, 0)).astype(np.float32)


def pca_error(pictures: Pictures, parted: Parted, count: int, seed: int) -> float:
    """Mean squared error of the kept patches redrawn from as many principal components."""
    from sklearn.decomposition import PCA

    rng = np.random.default_rng(seed)
    values = pictures.inputs(parted.learn[:1]).size
    most = min(_PCA_FROM, max(count, _PCA_VALUES // values))
    some, kept = np.sort(rng.permutation(parted.learn)[:most]), parted.kept[:FINAL]
    known = pictures.inputs(some).reshape(len(some), -1)
    count = min(count, *known.shape)
    plane = PCA(count, svd_solver="randomized", random_state=seed).fit(known)
    total = 0.0
    for start in range(0, len(kept), _CHUNK):
        new = pictures.inputs(kept[start : start + _CHUNK]).reshape(-1, values)
        again = plane.inverse_transform(plane.transform(new))
        total += float(np.square(np.clip(again, 0, 1) - new).sum(dtype=np.float64))
    return total / (len(kept) * values)
