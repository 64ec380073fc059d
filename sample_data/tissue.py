"""An imitation of a slide of tissue stained with haematoxylin and eosin, with its regions.

Both stains are drawn as amounts; the colour is what light is left after passing them.
"""

from __future__ import annotations

import numpy as np
from fields import Floats, coordinates, smooth, stamp
from scipy.ndimage import distance_transform_edt, gaussian_filter, map_coordinates

SEED = 54
CLASSES = ("stroma", "gland", "tumour", "immune", "fat", "background")
STROMA, GLAND, TUMOUR, IMMUNE, FAT, BACKGROUND = range(1, 7)
# Optical density of the two stains in red, green and blue (Ruifrok and Johnston 2001).
HAEMATOXYLIN, EOSIN = np.array([0.65, 0.70, 0.29]), np.array([0.10, 0.88, 0.36])
# Per region: pixels between nuclei, length and roundness (short / long axis) of a nucleus in
# pixels of 0.5 um, how dark, how far these vary.
NUCLEI = {
    STROMA: (19, 8.5, 0.3, 0.95, 0.25),
    TUMOUR: (14, 8.0, 0.74, 0.85, 0.2),
    IMMUNE: (9.5, 4.6, 0.92, 1.35, 0.12),
}


def slide(shape: tuple[int, int] = (1024, 1024), seed: int = SEED) -> tuple[np.ndarray, np.ndarray]:
    """Picture (Y, X, 3) and regions (Y, X), uint8."""
    rng = np.random.default_rng(seed)
    regions, glands = _regions(rng, shape)
    blue, pink = np.zeros(shape, np.float32), np.zeros(shape, np.float32)
    angle = np.pi * smooth(rng, shape, 70)
    _ground(rng, regions, blue, pink)
    for gland in glands:
        _gland(rng, regions, blue, pink, gland)
    for value, look in NUCLEI.items():
        _nuclei(rng, regions, blue, value, look, angle)
    _fat(rng, regions, blue, pink)
    empty = gaussian_filter((regions == BACKGROUND).astype(np.float32), 1.5)
    blue, pink = blue * (1 - empty), pink * (1 - empty)
    uneven = 1 + 0.06 * smooth(rng, shape, 120)
    density = (blue * uneven)[..., None] * HAEMATOXYLIN + (pink * uneven)[..., None] * EOSIN
    light = gaussian_filter(244 * np.exp(-density), (0.7, 0.7, 0))
    light += 2.0 * smooth(rng, (*shape, 1), (0.5, 0.5, 0))
    return np.clip(np.round(light), 0, 255).astype(np.uint8), regions


def _regions(rng, shape):
    """Where which tissue is: (Y, X) values, and the glands as (y, x, radius, aspect, angle)."""
    y, x = coordinates(shape)
    unit = min(shape) / 1024
    wobble = [22 * unit * smooth(rng, shape, 42 * unit) for _ in "yx"]
    wy, wx = (y + wobble[0]) / shape[0], (x + wobble[1]) / shape[1]
    regions = np.full(shape, STROMA, np.uint8)
    regions[(wy > 0.70) & (wx < 0.44)] = FAT
    for cy, cx, r in (
        (0.30, 0.78, 0.155),
        (0.14, 0.60, 0.085),
        (0.52, 0.68, 0.09),
        (0.52, 0.90, 0.1),
    ):
        regions[np.hypot(wy - cy, wx - cx) < r] = TUMOUR
    for cy, cx, ry, rx in (
        (0.80, 0.70, 0.09, 0.14),
        (0.58, 0.42, 0.055, 0.075),
        (0.06, 0.90, 0.05, 0.07),
    ):
        regions[np.hypot((wy - cy) / ry, (wx - cx) / rx) < 1] = IMMUNE
    regions[wy + 0.35 * wx < 0.045] = BACKGROUND
    regions[(wx > 0.965) & (wy > 0.55)] = BACKGROUND
    glands = []
    for _ in range(600):
        cy, cx = rng.uniform(0.06, 0.66) * shape[0], rng.uniform(0.02, 0.5) * shape[1]
        gland = (cy, cx, rng.uniform(42, 68) * unit, rng.uniform(1, 1.45), rng.uniform(0, np.pi))
        clear = all(
            np.hypot(cy - g[0], cx - g[1])
            > 1.12 * (gland[2] * gland[3] ** 0.5 + g[2] * g[3] ** 0.5)
            for *_, g in glands
        )
        rows, cols, depth, _ = _gland_shape(rng, regions, gland)
        if clear and depth.size and (regions[rows, cols][depth > -4] == STROMA).all():
            regions[rows, cols][depth > 0] = GLAND
            glands.append((rows, cols, depth, gland))
    return regions, glands


def _gland_shape(rng, regions, gland):
    """Window of a gland, depth below its outer edge in pixels, and angle around its middle."""
    y, x, radius, aspect, turn = gland
    rows, cols, dy, dx = stamp(regions, y, x, int(radius * 1.7))
    u = (dx * np.cos(turn) + dy * np.sin(turn)) / aspect**0.5
    v = (dy * np.cos(turn) - dx * np.sin(turn)) * aspect**0.5
    around = np.arctan2(v, u)
    a, b = rng.uniform(0, 6, 2)
    edge = radius * (1 + 0.06 * np.sin(3 * around + a) + 0.04 * np.sin(5 * around + b))
    return rows, cols, (edge - np.hypot(u, v)).astype(np.float32), around


def _ground(rng, regions, blue, pink):
    """What lies between the nuclei: fibres in the stroma, body of the cells elsewhere."""
    shape = regions.shape
    y, x = coordinates(shape)
    bent = y + 26 * smooth(rng, shape, 60), x + 26 * smooth(rng, shape, 60)
    noise = smooth(rng, (1024, 1024), (1.3, 13))
    fibres = map_coordinates(
        noise, [bent[0] + 0.45 * bent[1], bent[1] - 0.45 * bent[0]], order=1, mode="grid-wrap"
    )
    grain = smooth(rng, shape, 1.5)
    broad = smooth(rng, shape, 20)
    stroma = np.clip(0.36 + 0.13 * fibres + 0.05 * broad, 0.03, 1)
    for value, eosin, dye in (
        (STROMA, stroma, 0.05 + 0.02 * grain),
        (GLAND, 0.40 + 0.05 * grain, 0.17 + 0.03 * grain),
        (TUMOUR, 0.42 + 0.06 * grain + 0.06 * broad, 0.27 + 0.05 * grain + 0.04 * broad),
        (IMMUNE, 0.24 + 0.05 * grain, 0.20 + 0.05 * grain),
    ):
        soft = gaussian_filter((regions == value).astype(np.float32), 1.2)
        pink += soft * eosin
        blue += soft * dye


def _nuclei(rng, regions, blue, value, look, angle):
    """Nuclei of one tissue, spread evenly without overlap, each with its chromatin."""
    gap, length, roundness, dark, vary = look
    inside = distance_transform_edt(regions == value) > 3
    taken = ~inside
    tries = np.argwhere(inside)
    if not len(tries):
        return
    for y, x in tries[rng.integers(len(tries), size=int(len(tries) / gap**2 * 5))]:
        if taken[y, x]:
            continue
        rows, cols, dy, dx = stamp(blue, y, x, int(gap))
        taken[rows, cols] |= np.hypot(dy, dx) < gap * rng.uniform(0.55, 1.0)
        size = length * np.exp(vary * rng.normal())
        turn = angle[y, x] if value == STROMA else rng.uniform(0, np.pi)
        shape = size, size * np.clip(roundness * rng.uniform(0.8, 1.2), 0.22, 1)
        _nucleus(rng, blue, (y, x), shape, turn, dark * rng.uniform(0.75, 1.2))


def _nucleus(rng, blue, place, size, turn, dark):
    """One nucleus: a darker rim, clumps, in large ones a nucleolus."""
    rows, cols, dy, dx = stamp(blue, *place, int(size[0] * 1.4) + 2)
    u = (dx * np.cos(turn) + dy * np.sin(turn)) / size[0]
    v = (dy * np.cos(turn) - dx * np.sin(turn)) / size[1]
    around = np.arctan2(v, u)
    reach = np.hypot(u, v) * (1 + 0.07 * np.sin(2 * around + rng.uniform(0, 6)))
    body = 1 / (1 + np.exp((reach - 1) * size[1] * 1.6))
    rim = np.exp(-(((reach - 0.88) / 0.16) ** 2))
    clumps = gaussian_filter(rng.normal(size=u.shape), 1.1) * 1.1
    amount = body * dark * (0.72 + 0.3 * rim + 0.35 * clumps)
    if size[0] > 7 and size[1] > 5:
        off = rng.uniform(-0.35, 0.35, 2)
        amount += 0.5 * np.exp(
            -(((u - off[0]) * size[0]) ** 2 + ((v - off[1]) * size[1]) ** 2) / 2.6
        )
    blue[rows, cols] = np.maximum(blue[rows, cols], np.clip(amount, 0, 2))


def _gland(rng, regions, blue, pink, gland):
    """A ring of tall cells around an opening, nuclei at the outer edge, pale mucus inside."""
    rows, cols, depth, (y, x, radius, aspect, turn) = gland
    lumen = np.clip((depth - radius * rng.uniform(0.5, 0.62)) / 3, 0, 1)
    pink[rows, cols] *= 1 - 0.93 * lumen
    blue[rows, cols] *= 1 - 0.9 * lumen
    edge = np.exp(-(((depth + 0.5) / 1.8) ** 2))
    pink[rows, cols] += 0.3 * edge
    count = int(2 * np.pi * radius / 9)
    for i in range(count):
        if rng.random() < 0.08:
            continue
        around = 2 * np.pi * (i + rng.uniform(-0.25, 0.25)) / count
        far = radius * 0.985 - rng.uniform(8.5, 14)
        u, v = far * np.cos(around) * aspect**0.5, far * np.sin(around) / aspect**0.5
        place = y + u * np.sin(turn) + v * np.cos(turn), x + u * np.cos(turn) - v * np.sin(turn)
        inside = 0 <= place[0] < regions.shape[0] and 0 <= place[1] < regions.shape[1]
        if inside and regions[int(place[0]), int(place[1])] == GLAND:
            way = np.arctan2(place[0] - y, place[1] - x)
            _nucleus(
                rng,
                blue,
                place,
                (rng.uniform(6, 8), rng.uniform(3.4, 4.4)),
                way,
                rng.uniform(0.85, 1.15),
            )
            if rng.random() < 0.4:  # a goblet: a pale drop of mucus above the nucleus
                _pale(
                    blue,
                    pink,
                    y + (place[0] - y) * 0.78,
                    x + (place[1] - x) * 0.78,
                    rng.uniform(4, 6.5),
                )


def _pale(blue: Floats, pink: Floats, y: float, x: float, size: float) -> None:
    rows, cols, dy, dx = stamp(blue, y, x, int(size * 2))
    drop = 1 / (1 + np.exp((np.hypot(dy, dx) / size - 1) * 9))
    pink[rows, cols] *= 1 - 0.8 * drop
    blue[rows, cols] *= 1 - 0.6 * drop


def _fat(rng, regions, blue, pink):
    """White cells with thin pink walls, now and then a flat nucleus in a wall."""
    shape = regions.shape
    y, x = coordinates(shape)
    where = regions == FAT
    if not where.any():
        return
    pitch = 62 * min(shape) / 1024
    seeds = [
        (i * pitch, j * pitch) + rng.uniform(-0.36, 0.36, 2) * pitch
        for i in range(-1, 20)
        for j in range(-1, 20)
    ]
    wy, wx = y + 3 * smooth(rng, shape, 12), x + 3 * smooth(rng, shape, 12)
    near = np.full((2, *shape), np.inf, np.float32)
    for sy, sx in seeds:
        reach = np.hypot(wy - sy, wx - sx)
        near[1] = np.minimum(near[1], np.maximum(near[0], reach))
        near[0] = np.minimum(near[0], reach)
    gap = (near[1] - near[0]) / 2
    wall = np.exp(-((gap / 1.5) ** 2)) * where
    pink += 0.5 * wall
    blue += 0.10 * wall
    places = np.argwhere(where & (gap < 1))
    for py, px in places[rng.integers(len(places), size=max(1, len(places) // 260))]:
        _nucleus(rng, blue, (py, px), (rng.uniform(5, 7.5), 2.4), rng.uniform(0, np.pi), 1.0)
