"""Top share: one score for a picture, the mean of its oddest places."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

SHARE = 0.002  # of the picture: a defect of 11 x 11 px in 256 x 256
STEP = 4  # px; maps are blurred, so every fourth pixel of every fourth row tells all


def top_share(values: NDArray[Any], share: float = SHARE) -> float:
    """Mean of the highest values of a picture, of at least one; NaN tells nothing."""
    flat = values[np.isfinite(values)].ravel()
    if not flat.size:
        return 0.0
    count = max(1, round(share * flat.size))
    return float(np.partition(flat, flat.size - count)[-count:].mean())
