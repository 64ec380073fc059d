"""Fusing: one score from parts, cell by cell, where the network computes.

The same as `calibrating.fuse` of parts in spreads above normal, and `calibrating.squashed`.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import torch
from torch import Tensor

from napari_simgraph.learn.calibrating import FAR, Calibration, shares, squashed
from napari_simgraph.learn.token_memory import at_places, coarse


class Fusing:
    """From parts ``(N, P, y, x)`` and places to a score from 0 to 1, ``(N, 1, y, x)``."""

    def __init__(
        self, calibration: Calibration, parts: Sequence[str], device: torch.device
    ) -> None:
        standard = calibration.standard
        self.normal = torch.from_numpy(np.stack(standard)).to(device)  # (2, P, h, w)
        weights = calibration.shares if len(calibration.shares) else shares(parts, standard.weights)
        self.weights = torch.from_numpy(weights).to(device)[:, None, None]
        self.levels = calibration.levels

    def __call__(self, values: Tensor, places: Tensor) -> Tensor:
        """The score; `places` ``(N, 2, Y, X)`` are rows and columns from 0 to 1."""
        mean, spread = self.normal[:, None]
        if self.normal.shape[-2:] != (1, 1):
            mean, spread = at_places(self.normal, coarse(places, values.shape[-1]))
        off = (values.clamp_min(0).sqrt() - mean).div_(spread).clamp_(-FAR, FAR)
        fused = (off * self.weights).sum(1, keepdim=True)
        score: Tensor = squashed(fused, self.levels)
        return score
