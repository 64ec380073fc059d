"""What areas of interest on a slide are held against: colour, and a network of ImageNet.

Each gives features of some patches, for logistic regression by scikit-learn (C = 1), each feature
brought to mean 0 and spread 1 over all of them.
"""

from importlib.util import find_spec

import numpy as np
from kather import lite0
from skimage.color import rgb2hed

from napari_simgraph import Image
from napari_simgraph.learn.patchwork import resized

INPUT = 224  # px: what EfficientNet-Lite0 was trained with
QUANTILES = (5, 50, 95)


def beside_of(pixels, grid, rows):
    """Features ``(n, F)`` of rows of a grid by name; `pixels` are those of its one slide."""
    down, right = grid.finest(0)
    parts = []
    for row in rows:
        y, x, high, wide = (
            round(n)
            for n in (
                grid.y[row] * down,
                grid.x[row] * right,
                grid.size[row] * down,
                grid.size[row] * right,
            )
        )
        parts.append(pixels[y : y + high, x : x + wide])
    shown = np.stack(parts)
    found = {"colour": colour(shown)}
    if find_spec("efficientnet_lite_pytorch"):
        large = resized(shown.transpose(0, 3, 1, 2).astype(np.float32), INPUT)
        pictures = large.transpose(0, 2, 3, 1).round().clip(0, 255).astype(np.uint8)
        found["EfficientNet-Lite0"] = lite0([Image(one, axes="YXC") for one in pictures])
    return found


def colour(shown):
    """Mean, spread and quantiles of red, green, blue and of three stains: 30 numbers each."""
    flat = np.concatenate([shown / 255, rgb2hed(shown)], axis=3).reshape(len(shown), -1, 6)
    parts = [flat.mean(1), flat.std(1), *np.percentile(flat, QUANTILES, axis=1)]
    return np.concatenate(parts, axis=1)


def regression(values, judged, places):
    """What logistic regression says of all `places`; `judged` are some of them."""
    from sklearn.linear_model import LogisticRegression

    points = (values - values.mean(0)) / np.maximum(values.std(0), 1e-9)
    known = np.searchsorted(places, judged.rows)
    fitted = LogisticRegression(C=1.0, max_iter=1000).fit(points[known], judged.like)
    return fitted.decision_function(points)
