"""Anomalies: which plain texture tells an odd bottle, without any network.

    .venv/bin/python benchmarks/anomaly_texture.py

The pictures and defects of `anomaly_others.py`: places of each of the 400 pictures are compared
with those of the 169 others, at the same place and beside it. Prints the AUROC of images of each
way to describe a place. Nothing of it is the program's but blur and means: `described` has the way
that was chosen.
"""

import functools

import numpy as np
import torch
from anomaly_others import learned_and_kept, searched, tell
from scipy.ndimage import gaussian_filter
from torch.nn import functional

from napari_simgraph.analysis.top_share import top_share
from napari_simgraph.learn.odd_parts import pooled, smooth

LEAST, FLAT = 1e-4, 1e-3  # what is added to variances, and to squared lengths of gradients


def texture(x, sigma=4.0, least=LEAST):
    """Light, contrast and fineness of each channel, of cells of 4 px."""
    own, right, below, _ = corners(x)
    steep = (below - own).square() + (right - own).square()
    means = torch.cat([pooled(own, 2), pooled(x.square(), 4), pooled(steep, 2)], 1)
    light, squares, steep = smooth(means, sigma / 4).chunk(3, 1)
    spread = (squares - light.square()).clamp_min(0)
    return torch.cat([light, *(0.5 * (v + least).log() for v in (spread, steep))], 1)


def directions(x, each=False):
    """Of gradients, by twice their angle: of each channel, or of all together."""
    own, right, below, corner = corners(x)
    across, down = (right - own + corner - below) / 2, (below - own + corner - right) / 2
    means = [across**2 - down**2, 2 * across * down, across**2 + down**2]
    if not each:
        means = [one.sum(1, keepdim=True) for one in means]
    one, other, length = smooth(pooled(torch.cat(means, 1), 2), 1.0).chunk(3, 1)
    return torch.cat([one / (length + FLAT), other / (length + FLAT)], 1)


def corners(x):
    """Each pixel of the half-sized picture with those to the right, below and across."""
    wide = functional.pad(pooled(x, 2), (0, 1, 0, 1), mode="replicate")
    return wide[..., :-1, :-1], wide[..., :-1, 1:], wide[..., 1:, :-1], wide[..., 1:, 1:]


def second(x):
    """Energies of second derivatives in four directions and three sizes."""
    found = []
    for size in (1, 2, 4):
        y = pooled(smooth(x, 0.7 * size), 2) if size > 1 else x
        wide = functional.pad(y, (1, 1, 1, 1), mode="replicate")
        for down, across in ((0, 1), (1, 0), (1, 1), (1, -1)):
            ends = [torch.roll(wide, (s * down, s * across), (2, 3)) for s in (1, -1)]
            off = (ends[0] + ends[1] - 2 * wide)[..., 1:-1, 1:-1] / (1 + down * abs(across))
            found.append(pooled(off.square(), y.shape[-1] // 64))
    return 0.5 * (smooth(torch.cat(found, 1), 1.0) + LEAST).log()


def windows(x, side):
    """Grey values at a quarter of the size, in windows of so many pixels."""
    count = side // 4
    wide = functional.pad(pooled(x, 4), ((count - 1) // 2, count // 2) * 2, mode="replicate")
    return functional.unfold(wide, count).unflatten(1, (-1,)).reshape(len(x), -1, 64, 64)


def coarse(describe):
    return lambda x: pooled(describe(x), 2)


def both(*ways):
    return lambda x: torch.cat([way(x) for way in ways], 1)


def grey(describe):
    return lambda x: describe(x.mean(1, keepdim=True))


def whitened(normal, found, most=32):
    """Principal components of unit variance, as normal places have them."""
    flat = normal.permute(0, 2, 3, 1).reshape(-1, normal.shape[1]).double()
    mean = flat.mean(0)
    values, vectors = torch.linalg.eigh(torch.cov((flat - mean).T))
    kept = values.argsort(descending=True)[:most]
    basis, mean = (vectors[:, kept] / values[kept].sqrt()).float(), mean.float()
    return [
        torch.einsum("nfyx,fd->ndyx", each - mean[:, None, None], basis) for each in (normal, found)
    ]


def nearest(normal, found, beside=1, own=False):
    """Mean square to the nearest normal picture at and beside each place; not to itself."""
    count, size, height, width = normal.shape
    wide = functional.pad(normal, (beside,) * 4, mode="replicate")
    points = found.permute(2, 3, 0, 1).reshape(height * width, len(found), size)
    best = torch.full((len(found), height, width), torch.inf)
    lengths = points.square().sum(2)
    for down in range(2 * beside + 1):
        for across in range(2 * beside + 1):
            seen = wide[:, :, down : down + height, across : across + width]
            seen = seen.permute(2, 3, 0, 1).reshape(height * width, count, size)
            off = torch.baddbmm(seen.square().sum(2)[:, None], points, seen.mT, alpha=-2)
            if own:
                off[:, torch.arange(count), torch.arange(count)] = torch.inf
            off = (off.amin(2) + lengths).clamp_min(0).T.reshape(best.shape)
            best = torch.minimum(best, off / size)
    return best


def scores(normal, found, beside=1):
    """One number a picture, as the program makes it of one part."""
    normal, found = whitened(normal, found)
    variance = gaussian_filter(normal.var(0).numpy(), (0, 1, 1))
    spread = np.sqrt(variance + 2 * variance.mean((1, 2), keepdims=True))
    normal, found = (each / torch.from_numpy(spread) for each in (normal, found))
    usual, odd = nearest(normal, normal, beside, own=True), nearest(normal, found, beside)
    usual, odd = (fine(each) for each in (usual, odd))
    mean = gaussian_filter(usual.mean(0), 3)
    off = gaussian_filter(np.square(usual - mean).mean(0), 3)
    return [top_share(one) for one in (odd - mean) / np.sqrt((off + 4 * off.mean()) / 5)]


def fine(maps):
    maps = functional.interpolate(maps[:, None], size=(64, 64), mode="nearest")
    return smooth(maps, 1.0)[:, 0].clamp_min(0).sqrt().numpy()


USUAL = both(texture, directions)
WAYS = {
    "places of 8 px": coarse(texture),
    **{
        f"… blur of {sigma} px": coarse(functools.partial(texture, sigma=float(sigma)))
        for sigma in (2, 8)
    },
    "… blurs of 4 and 8 px": coarse(both(texture, functools.partial(texture, sigma=8.0))),
    "… with directions of grey": coarse(both(texture, grey(directions))),
    "… with directions": coarse(USUAL),
    "places of 4 px": texture,
    "… with directions of grey, 4 px": both(texture, grey(directions)),
    "… of each channel": both(texture, functools.partial(directions, each=True)),
    "… of all channels (chosen)": USUAL,
    "… logarithms from 0.01": both(functools.partial(texture, least=1e-2), directions),
    "second derivatives, 8 px": coarse(grey(second)),
    "windows of 16 px": coarse(functools.partial(windows, side=16)),
    "windows of 32 px": coarse(functools.partial(windows, side=32)),
}


def main():
    torch.set_num_threads(1)
    learned, kept = learned_and_kept("bottle", 0)
    found = searched(kept)
    kinds = np.array([kind for kind, _ in found])
    pictures = [np.stack([picture for _, picture in some]) for some in (learned, found)]
    normal, odd = (torch.from_numpy(some).permute(0, 3, 1, 2).float() for some in pictures)
    mean, spread = (of((0, 2, 3), keepdim=True) for of in (normal.mean, normal.std))
    normal, odd = ((each - mean) / spread for each in (normal, odd))
    for way, describe in WAYS.items():
        both_parts = [torch.cat([describe(some) for some in x.split(20)]) for x in (normal, odd)]
        tell(way, kinds, np.array(scores(*both_parts)))
    parts = [torch.cat([USUAL(some) for some in x.split(20)]) for x in (normal, odd)]
    for beside in (0, 2):
        tell(f"chosen, {beside} places beside", kinds, np.array(scores(*parts, beside)))
    for cells in (32, 16):
        few = [functional.adaptive_avg_pool2d(parts[0], cells), parts[1]]
        few[0] = functional.interpolate(few[0], size=(64, 64), mode="bilinear")
        tell(f"chosen, examples of {cells} cells", kinds, np.array(scores(*few)))


if __name__ == "__main__":
    main()
