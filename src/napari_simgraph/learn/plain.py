"""Plain features of patches, without any network: what an embedding has to beat."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage

from napari_simgraph.learn.patchwork import resized

_RAW = 28  # px, largest side at which raw pixels are compared
_QUANTILES = (5, 25, 50, 75, 95)  # per cent
_BLURS = (1.0, 2.0, 4.0)  # px: fine grain, membranes, organelles

Points = NDArray[np.float32]


def raw_pixels(inputs: Points) -> Points:
    """The pixels themselves ``(N, F)``, as the network gets them."""
    small = resized(inputs, min(_RAW, inputs.shape[-1]))
    return small.reshape(len(small), -1)


def statistics(inputs: Points) -> Points:
    """Of each channel ``(N, F)``: mean, spread, quantiles, and how rough it is at three scales."""
    flat = inputs.reshape(*inputs.shape[:2], -1)
    parts = [flat.mean(2), flat.std(2), *np.percentile(flat, _QUANTILES, axis=2)]
    for blur in _BLURS:
        soft = ndimage.gaussian_filter(inputs, (0, 0, blur, blur), mode="reflect", truncate=3)
        down, across = (np.diff(soft, axis=axis) for axis in (2, 3))
        steep = np.hypot(down[..., :-1], across[..., :-1, :])
        parts += [steep.mean((2, 3)), steep.std((2, 3)), soft.std((2, 3))]
    return np.concatenate(parts, axis=1).astype(np.float32)
