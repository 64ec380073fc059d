"""An imitation of serial-section EM of a larva's nerve cord, with its full truth.

Neurites are tubes whose paths, sizes and walls change slowly with depth. A section is the mean of
several depths, as a section of 50 nm is in the microscope: where a wall runs obliquely it is
smeared and faint.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from fields import Floats, coordinates, smooth, stamp, streaks
from microscope import photograph
from scipy.ndimage import distance_transform_edt, gaussian_filter, gaussian_filter1d

SEED = 2012
DEPTHS = 4  # per section: enough that a wall moving 10 px per section leaves no steps
MEMBRANE, CYTOPLASM, MITOCHONDRION, SYNAPSE = 1, 2, 3, 4
REACH = 90  # px from a neurite beyond which another is nearer, bent as they are
MARGIN = 70  # neurites are laid out beyond the frame so that they can drift into it


@dataclass(frozen=True)
class Look:
    """How dark and how sharp things are: grey values of 255 taken off, pixels, factors.

    What is usual is how the sample data look; who wants to learn from drawings varies it.
    """

    wall: float = 100.0
    width: float = 2.2
    body: float = 62.0
    crista: float = 24.0
    rim: float = 50.0
    density: float = 105.0
    dots: float = 1.0
    grain: float = 1.0
    blur: float = 0.75
    noise: float = 1.0


USUAL = Look()


@dataclass
class Plan:
    """All that is random and goes through several sections.

    `owner_of` (S,) neurite of each circle; `path` (S, T, 2) y, x and `radius` (S, T) of the
    circles at T depths; `warp` (2, Z + 1, Y, X) pixels; `grey`, `angle` (N,) per neurite,
    angle NaN where it is not cut along; `mitochondria`, `synapses` as lists of places.
    """

    shape: tuple[int, int, int]
    owner_of: np.ndarray
    path: Floats
    radius: Floats
    warp: Floats
    grey: Floats
    angle: Floats
    mitochondria: list[dict[str, float]]
    synapses: list[dict[str, float]]


def plan(shape: tuple[int, int, int], seed: int = SEED) -> Plan:
    """Neurites, mitochondria and synapses of a stack of (Z, Y, X) pixels."""
    rng = np.random.default_rng(seed)
    owners, places, radii, angles = _circles(rng, shape[1:])
    count, times = len(owners), shape[0] * DEPTHS
    neurites = max(owners) + 1
    drift = rng.normal(size=(neurites, 1, 2)) * rng.choice(
        [1.0, 3.0, 7.5], size=(neurites, 1, 1), p=[0.5, 0.35, 0.15]
    )
    bend = gaussian_filter1d(rng.normal(size=(neurites, times, 2)), 2.5 * DEPTHS, axis=1) * 9
    depth = (np.arange(times) / DEPTHS - shape[0] / 2)[None, :, None]
    moves = (drift * depth + bend)[owners]
    swell = gaussian_filter1d(rng.normal(size=(neurites, times)), 3 * DEPTHS, axis=1)[owners]
    warp = np.stack(
        [
            5 * smooth(rng, (shape[0] + 1, *shape[1:]), (1.6, 11, 11))
            + 1.5 * smooth(rng, (shape[0] + 1, *shape[1:]), (1.2, 4.5, 4.5))
            for _ in "yx"
        ]
    )
    made = Plan(
        shape=shape,
        owner_of=np.array(owners),
        path=(np.array(places)[:, None] + moves).astype(np.float32),
        radius=(np.array(radii)[:, None] * (1 + 0.55 * swell)).astype(np.float32),
        warp=warp,
        grey=(rng.normal(0, 7, neurites) - 22 * (rng.random(neurites) < 0.14)).astype(np.float32),
        angle=np.array(angles, np.float32),
        mitochondria=[],
        synapses=[],
    )
    made.mitochondria = [m for i in range(count) for m in _mitochondrion(rng, made, i)]
    density = shape[1] * shape[2] * shape[0] / 20_000  # some five in view per section
    made.synapses = [_synapse(rng, shape) for _ in range(max(2, int(density)))]
    return made


def section(
    plan: Plan, z: int, look: Look = USUAL, seed: int = SEED
) -> tuple[np.ndarray, np.ndarray]:
    """Picture and truth of section `z`, both (Y, X) uint8."""
    rng = np.random.default_rng((seed, z))
    wall = np.zeros(plan.shape[1:], np.float32)
    body, rim, crista = (np.zeros_like(wall) for _ in range(3))
    width = look.width + 0.45 * smooth(rng, wall.shape, 14)
    for step in range(DEPTHS):
        owner, dist = _owners(plan, z, step)
        wall += np.exp(-((dist / width) ** 2)) / DEPTHS
        inside = _mitochondria(plan, z + step / DEPTHS, owner, dist)
        body += (inside[0] > 0) / DEPTHS
        rim += np.exp(-((inside[0] / 1.5) ** 2)) / DEPTHS
        crista += inside[1] / DEPTHS
        if step == DEPTHS // 2:
            middle = (owner, dist)
    owner, dist = middle
    density, vesicles, labelled = _synapses(plan, z, rng, owner, dist)
    picture = _tissue(plan, rng, owner, dist, look)
    picture -= look.dots * vesicles
    picture -= body * (look.body + look.crista * crista) + look.rim * np.clip(rim, 0, 1)
    faint = np.clip(0.86 + 0.17 * smooth(rng, wall.shape, 18), 0.4, 1)
    picture -= look.wall * np.clip(wall, 0, 1) * faint
    picture -= look.density * density
    truth = np.full(wall.shape, CYTOPLASM, np.uint8)
    truth[body >= 0.5] = MITOCHONDRION
    truth[labelled] = SYNAPSE
    truth[(wall > 0.42) | (dist <= 1.5)] = MEMBRANE
    return photograph(picture, z, rng, look.blur, look.noise), truth


def _circles(rng, shape):
    """Circles packed from large to small: neurite numbers, places, radii, angle per neurite."""
    size = np.array(shape) + 2 * MARGIN
    owners, places, radii, angles = [], [], [], []
    for _ in range(max(1, int(size.prod() / 50_000))):  # neurites cut along
        angle, radius = rng.uniform(0, np.pi), rng.uniform(9, 17)
        start, length = rng.uniform(0, 1, 2) * size, rng.uniform(80, 190)
        steps = np.arange(0, length, radius * 0.5)
        turn = angle + 0.35 * np.sin(steps / 60 + rng.uniform(0, 6))
        line = start + np.cumsum(np.stack([np.sin(turn), np.cos(turn)], 1), 0) * radius * 0.5
        others = zip(places, radii, strict=True)
        clear = all(np.hypot(*(line - p).T).min() > r + radius for p, r in others)
        if clear:
            owners += [len(angles)] * len(line)
            places += list(line)
            radii += [radius] * len(line)
            angles.append(angle)
    for radius, tries in ((58, 25), (44, 60), (32, 200), (23, 700), (16, 2500), (11, 5000)):
        for _ in range(int(tries * size.prod() / 211_600)):
            place, actual = rng.uniform(0, 1, 2) * size, radius * rng.uniform(0.85, 1.2)
            gaps = np.hypot(*(np.array(places).reshape(-1, 2) - place).T) - np.array(radii)
            if not len(gaps) or gaps.min() > actual * 0.86:
                owners.append(len(angles))
                places.append(place)
                radii.append(actual)
                angles.append(np.nan)
    return owners, [p - MARGIN for p in places], radii, angles


def _mitochondrion(rng, made, i):
    """None or one mitochondrion for circle `i`, at a place that goes along with it."""
    radius = float(made.radius[i].mean())
    tube = not np.isnan(made.angle[made.owner_of[i]])
    if radius < 16 or tube or rng.random() > 0.9:
        return
    long, aspect = rng.uniform(0.44, 0.62) * min(radius, 42), rng.uniform(1, 1.9)
    where = rng.uniform(0, 2 * np.pi)
    yield {
        "circle": i,
        "y": radius * 0.38 * np.sin(where),
        "x": radius * 0.38 * np.cos(where),
        "z": rng.uniform(0, made.shape[0]),
        "sections": rng.uniform(5, 12),
        "a": long * aspect**0.5,
        "b": long / aspect**0.5,
        "angle": rng.uniform(0, np.pi),
        "phase": rng.uniform(0, 6),
    }


def _synapse(rng, shape):
    return {
        "y": rng.uniform(12, shape[1] - 12),
        "x": rng.uniform(12, shape[2] - 12),
        "z": rng.uniform(-1, shape[0]),
        "sections": rng.uniform(1.6, 3.2),
        "size": rng.uniform(8, 14),
    }


def _owners(plan, z, step):
    """Which neurite each pixel belongs to, and its distance to the nearest wall in pixels."""
    y, x = coordinates(plan.shape[1:])
    part = step / DEPTHS
    wy, wx = (1 - part) * plan.warp[:, z] + part * plan.warp[:, z + 1]
    time = z * DEPTHS + step
    best = np.full(y.shape, np.inf, np.float32)
    owner = np.zeros(y.shape, np.int32)
    places, radii = plan.path[:, time], plan.radius[:, time]
    down, right = y + wy, x + wx
    for (py, px), radius, number in zip(places, radii, plan.owner_of, strict=True):
        rows, cols, *_ = stamp(best, max(0, py), max(0, px), int(radius + REACH))
        if not best[rows, cols].size:
            continue
        dy, dx = down[rows, cols] - py, right[rows, cols] - px
        distance = np.hypot(dy, dx) - radius
        nearer = distance < best[rows, cols]
        best[rows, cols][nearer], owner[rows, cols][nearer] = distance[nearer], number
    border = np.zeros(y.shape, bool)
    for axis in (0, 1):
        for way in (1, -1):
            border |= np.roll(owner, way, axis) != owner
    border[0] = border[1]
    border[-1] = border[-2]
    border[:, 0], border[:, -1] = border[:, 1], border[:, -2]
    if not border.any():
        return owner, np.full(y.shape, 99, np.float32)
    return owner, distance_transform_edt(~border).astype(np.float32)


def _mitochondria(plan, depth, owner, dist):
    """Depth below the nearest mitochondrion's surface in pixels (outside below 0), and cristae."""
    below = np.full(owner.shape, -99, np.float32)
    crista = np.zeros(owner.shape, np.float32)
    z, time = int(depth), int(depth * DEPTHS)
    for item in plan.mitochondria:
        away = (depth - item["z"]) / item["sections"]
        if abs(away) >= 0.98:
            continue
        shrink = (1 - away**2) ** 0.5
        y, x = plan.path[item["circle"], time] + (item["y"], item["x"])
        size = int(item["a"] * 1.8) + 4
        if not (-size < y < owner.shape[0] + size and -size < x < owner.shape[1] + size):
            continue
        rows, cols, dy, dx = stamp(owner, y, x, size)
        if not dy.size:
            continue
        dy, dx = dy + 0.5 * plan.warp[0, z][rows, cols], dx + 0.5 * plan.warp[1, z][rows, cols]
        turn = item["angle"] + 0.03 * depth
        u = (dx * np.cos(turn) + dy * np.sin(turn)) / (item["a"] * shrink)
        v = (dy * np.cos(turn) - dx * np.sin(turn)) / (item["b"] * shrink)
        surface = (1 - np.hypot(u, v)) * item["b"] * shrink
        mine = owner[rows, cols] == plan.owner_of[item["circle"]]
        surface = np.where(mine, np.minimum(surface, dist[rows, cols] - 4), -99)
        stripes = np.sin(u * item["a"] * 1.15 + item["phase"] + 2.2 * np.sin(v * 2.5 + depth * 0.5))
        nearer = surface > below[rows, cols]
        below[rows, cols] = np.where(nearer, surface, below[rows, cols])
        drawn = np.clip(1.6 * stripes, -1, 1) * (surface > 1.5)
        crista[rows, cols] = np.where(nearer & (surface > 0), drawn, crista[rows, cols])
    return below, crista


def _synapses(plan, z, rng, owner, dist):
    """Darkness of the densities and of their vesicles, and the labelled pixels."""
    dark, dots = np.zeros_like(dist), np.zeros_like(dist)
    labelled = np.zeros(dist.shape, bool)
    walls = np.argwhere(dist < 1)
    for item in plan.synapses:
        away = abs(z - item["z"]) / item["sections"]
        if away >= 1 or not len(walls):
            continue
        gaps = np.hypot(*(walls - (item["y"], item["x"])).T)
        if gaps.min() > 14:
            continue
        y, x = walls[gaps.argmin()]
        size = item["size"] * (1 - 0.5 * away)
        rows, cols, dy, dx = stamp(dist, y, x, int(3 * size))
        reach, near = np.hypot(dy, dx), dist[rows, cols]
        around = np.unique(owner[rows, cols][reach < 5], return_counts=True)
        sender = around[0][around[1].argmax()]
        side = np.where(owner[rows, cols] == sender, 6.5, 3.2)
        spot = np.exp(-((reach / size) ** 2) - (near / side) ** 2) * (1 - 0.5 * away**2)
        dark[rows, cols] = np.maximum(dark[rows, cols], spot)
        labelled[rows, cols] |= (spot > 0.28) & (near > 1.5)
        for _ in range(int(size * 2.6)):  # vesicles gather on the sender's side
            radius, turn = rng.uniform(4, 3.2 * size), rng.uniform(0, 2 * np.pi)
            vy, vx = int(y + radius * np.sin(turn)), int(x + radius * np.cos(turn))
            inside = 0 <= vy < dist.shape[0] and 0 <= vx < dist.shape[1]
            if inside and owner[vy, vx] == sender and dist[vy, vx] > 4:
                _vesicle(dots, vy, vx, rng)
    return gaussian_filter(dark, 0.7), dots, labelled


def _vesicle(dots, y, x, rng, dense=False):
    """A ring of about 40 nm, or a dark dot where it has a dense core."""
    rows, cols, dy, dx = stamp(dots, y, x, 7)
    reach = np.hypot(dy, dx * rng.uniform(0.85, 1.15))
    radius = rng.uniform(2.6, 4.2)
    ring = np.exp(-(((reach - (0 if dense else radius)) / (2.2 if dense else 1.1)) ** 2))
    strength = rng.uniform(60, 90) if dense else rng.uniform(35, 62)
    dots[rows, cols] = np.maximum(dots[rows, cols], ring * strength)


def _tissue(plan, rng, owner, dist, look):
    """Cytoplasm with what floats in it: grain, vesicles, microtubules, reticulum."""
    shape = owner.shape
    picture = 158 + plan.grey[owner]
    grain = 11 * smooth(rng, shape, 1.1) + 9 * smooth(rng, shape, 2.2) + 4 * smooth(rng, shape, 9)
    picture += look.grain * grain
    y, x = coordinates(shape)
    for number in np.flatnonzero(~np.isnan(plan.angle)):
        mine = owner == number
        if mine.any():
            lines = streaks(rng, y, x, float(plan.angle[number]), 14)
            picture[mine] += 15 * lines[mine]
    where = smooth(rng, shape, 16) > 0.7
    curls = np.exp(-((smooth(rng, shape, 7) / 0.13) ** 2))
    picture -= 50 * curls * gaussian_filter((where & (dist > 7)).astype(np.float32), 1.5)
    dots = np.zeros(shape, np.float32)
    crowd = smooth(rng, shape, 22)
    for _ in range(int(shape[0] * shape[1] / 45)):
        py, px = int(rng.integers(shape[0])), int(rng.integers(shape[1]))
        if dist[py, px] > 5 and crowd[py, px] + rng.normal() > 0.8:
            _vesicle(dots, py, px, rng, dense=rng.random() < 0.16)
    return picture - look.dots * dots
