"""Anomalies: defects of kinds that no network learned to mend, and faint ones, in kept bottles.

    .venv/bin/python benchmarks/anomaly.py bottle --pretext all --cpu-minutes 10 --held --keep held
    .venv/bin/python benchmarks/anomaly_others.py held/bottle-all-0
    .venv/bin/python benchmarks/anomaly_others.py few/bottle-mae-0 --few 12
    .venv/bin/python benchmarks/anomaly_others.py held/toothbrush-mae-0 --of toothbrush --seed 0

Each of the 40 bottles (4 toothbrushes) that `--held` keeps aside is searched as it is, with one
defect of each of six other kinds, and with those of `planting.OBJECT` faded. Prints the AUROC of
images, a kind at a time and their means: of all parts, of texture alone, and with weights given by
`--weights texture=2,mended=0.5`. What is normal is looked at anew.
"""

import argparse
import functools
from pathlib import Path

import numpy as np
import torch
from anomaly import DATA, again, by_lot, pixels, standard_parts, toothbrush
from planting import OBJECT, plant
from scipy.ndimage import gaussian_filter, map_coordinates

from napari_simgraph.analysis.ranking import auroc
from napari_simgraph.analysis.top_share import top_share
from napari_simgraph.io.models import load_model
from napari_simgraph.learn import calibrating

KEPT = 40  # by the same lot as `anomaly.with_planted`
FADED = 0.35  # share of a defect's change that is left
LEAST = 4  # grey values a defect changes its place by
Y, X = np.mgrid[:256, :256].astype(float)


def spot(center, sigma):
    return np.exp(-((Y - center[0]) ** 2 + (X - center[1]) ** 2) / (2 * sigma**2))


def centre(rng):
    """Somewhere on the bottle."""
    angle, radius = rng.uniform(0, 2 * np.pi), rng.uniform(0, 115)
    return 128 + radius * np.sin(angle), 128 + radius * np.cos(angle)


def moved(picture, y, x):
    channels = [
        map_coordinates(picture[..., k].astype(float), [y, x], order=1, mode="nearest")
        for k in range(3)
    ]
    return np.stack(channels, -1)


def bulge(picture, rng):
    center, sigma = centre(rng), rng.uniform(5, 16)
    far, angle = rng.uniform(2, 7), rng.uniform(0, 6.28)
    weight = spot(center, sigma)
    off = far * weight
    return moved(picture, Y + off * np.sin(angle), X + off * np.cos(angle)), weight > 0.3


def smear(picture, rng):
    center, sigma = centre(rng), rng.uniform(6, 20)
    blurred = gaussian_filter(picture.astype(float), (rng.uniform(1, 5), rng.uniform(1, 5), 0))
    weight = np.clip(2 * spot(center, sigma), 0, 1)[..., None]
    return picture * (1 - weight) + blurred * weight, weight[..., 0] > 0.5


def stain(picture, rng):
    weight = spot(centre(rng), rng.uniform(5, 20))
    color = rng.normal(0, 1, 3)
    color /= np.linalg.norm(color) / 1.7
    return picture + rng.uniform(6, 30) * weight[..., None] * color, weight > 0.3


def cut(picture, rng):
    center, shape = centre(rng), np.zeros((256, 256))
    for _ in range(3):
        near = center[0] + rng.normal(0, 6), center[1] + rng.normal(0, 6)
        shape = np.maximum(shape, spot(near, rng.uniform(4, 10)))
    shape = gaussian_filter((shape > 0.5).astype(float), 0.7)[..., None]
    around = gaussian_filter(picture.astype(float), (18, 18, 0))
    around = around + rng.normal(0, 6, picture.shape[:2])[..., None]
    return picture * (1 - shape) + around * shape, shape[..., 0] > 0.5


def speck(picture, rng):
    found, mask = picture.astype(float), np.zeros((256, 256), bool)
    for _ in range(int(rng.integers(1, 4))):
        weight = spot(centre(rng), rng.uniform(1.0, 2.5))
        found = found + rng.choice([-1, 1]) * rng.uniform(25, 90) * weight[..., None]
        mask |= weight > 0.3
    return found, mask


def turned(picture, rng):
    """A piece of the bottle from another angle."""
    center, sigma = centre(rng), rng.uniform(6, 18)
    weight = np.clip(3 * spot(center, sigma) - 0.8, 0, 1)[..., None]
    angle = rng.uniform(0.15, 0.6) * rng.choice([-1, 1])
    y, x = Y - 128, X - 128
    rows = 128 + y * np.cos(angle) + x * np.sin(angle)
    columns = 128 - y * np.sin(angle) + x * np.cos(angle)
    piece = moved(picture, rows, columns) * rng.uniform(0.85, 1.15)
    return picture * (1 - weight) + piece * weight, weight[..., 0] > 0.5


OTHER = (bulge, smear, stain, cut, speck, turned)


def planted(picture, kind, rng):
    for _ in range(200):
        found, mask = kind(picture, rng)
        found = np.clip(np.round(found), 0, 255).astype(np.uint8)
        if mask.any() and np.abs(found.astype(float) - picture)[mask].mean() >= LEAST:
            break
    return found


def faded(picture, kind, rng):
    found, _ = plant(picture, kind, rng)
    found = picture + FADED * (found.astype(float) - picture)
    return np.clip(np.round(found), 0, 255).astype(np.uint8)


def learned_and_kept(what, seed):
    """As `anomaly.py --held` has them."""
    if what == "toothbrush":
        normal = toothbrush(seed, False)[0]
        return normal[:8], normal[8:]
    paths = sorted((DATA / "mvtec_bottle256" / "train/good").glob("*.png"))
    normal = [(path.stem, pixels(path)) for path in paths]
    order = np.random.default_rng(7).permutation(len(normal))
    return [[normal[n] for n in sorted(some)] for some in (order[KEPT:], order[:KEPT])]


def searched(kept):
    """Kinds and pictures; a normal one has no kind."""
    found = [("", picture) for _, picture in kept]
    rng, second = np.random.default_rng(11), np.random.default_rng(5)
    for _, picture in kept:
        found += [(kind.__name__, planted(picture, kind, rng)) for kind in OTHER]
        found += [(kind, faded(picture, kind, second)) for kind in OBJECT]
    return found


def tell(way, kinds, scores):
    names = [kind.__name__ for kind in OTHER] + list(OBJECT)
    at = [(kinds == name) | (kinds == "") for name in names]
    found = [auroc(scores[one], kinds[one] != "") for one in at]
    each = " ".join(f"{name} {value:.3f}" for name, value in zip(names, found, strict=True))
    means = np.mean(found[: len(OTHER)]), np.mean(found[len(OTHER) :])
    print(f"{way:40s} other kinds {means[0]:.3f} faint {means[1]:.3f} ({each})", flush=True)


def main():
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawTextHelpFormatter
    )
    parser.add_argument("model", type=Path)
    parser.add_argument("--of", default="bottle", choices=("bottle", "toothbrush"))
    parser.add_argument("--seed", type=int, default=0, help="of the draw of toothbrushes")
    parser.add_argument("--few", type=int, default=0, help="as many as the model learned from")
    parser.add_argument("--speed", default="full", choices=("full", "fast"))
    parser.add_argument("--weights", action="append", default=[], metavar="NAME=VALUE,...")
    asked = parser.parse_args()
    torch.set_num_threads(1)
    learned, kept = learned_and_kept(asked.of, asked.seed)
    found = searched(kept)
    kinds = np.array([kind for kind, _ in found])
    model = again(load_model(asked.model), by_lot(learned, asked.few))
    maps, (parts, usual), _ = standard_parts(model, found, asked.speed)
    ways = {"all parts": usual, "texture alone": {"texture": 1.0}}
    for told in asked.weights:
        pairs = (pair.split("=") for pair in told.split(","))
        ways[told] = dict(usual) | {name: float(value) for name, value in pairs}
    fused = functools.partial(calibrating.fuse, parts=parts)
    for way, weights in ways.items():
        scores = [top_share(fused(one[:, 2::4, 2::4], weights_of=weights)) for one in maps]
        tell(way, kinds, np.array(scores))


if __name__ == "__main__":
    main()
