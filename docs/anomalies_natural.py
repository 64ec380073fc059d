"""Picture of natural defects for the docs: the oddest places of the second stack of `vnc`.

``python docs/anomalies_natural.py --data DIR [--out FILE]``, DIR being where
``napari-simgraph fetch vnc`` put its files. Learns from the first stack what sections look like
(600 steps; with looking some two minutes of one processor), and shows the eight
oddest places, the map over each below it; what goes on in the next section is shown once.
"""

import argparse
from pathlib import Path

import numpy as np
import tifffile
from PIL import Image as Picture

from napari_simgraph import Image, MemoryRoom, run
from napari_simgraph.analysis.odd_places import odd_places
from napari_simgraph.capabilities import anomaly
from napari_simgraph.learn.calibrating import Calibration

RATE = 0.01  # false alarms in normal places at the threshold, as the dock has it
SHOWN, ACROSS, SIDE = 8, 4, 200  # places, how many beside each other, and px of each
LEARNED = 15  # sections of the first stack
SETTINGS = {"minutes": 0, "steps": 600, "threads": 1, "device": "cpu", "seed": 0}
_SPEED = "fast"  # what else full does counts little in sections
_GAP = 4  # px, white


def look(data: Path) -> tuple[np.ndarray, np.ndarray, float]:
    """The second stack, its map, and the threshold."""
    known, stack = (tifffile.imread(data / f"stack{n}-raw.tif") for n in (1, 2))
    model = run(
        anomaly.train(
            Image(known[:LEARNED], name="stack 1"),
            config=anomaly.Train(**SETTINGS),
            room=MemoryRoom(),
        )
    )
    how = anomaly.Apply(speed=_SPEED, threads=1, device="cpu")
    found = run(anomaly.apply(model, Image(stack, name="stack 2"), config=how, room=MemoryRoom()))
    return stack, found.map.read(), Calibration.of(model.arrays, _SPEED).threshold(RATE)


def around(values: np.ndarray, place) -> np.ndarray:
    """What lies around a place, as far as the section goes."""
    corner = [
        min(max(0, round(middle) - SIDE // 2), n - SIDE)
        for middle, n in zip(place.middle, values.shape[1:], strict=True)
    ]
    return values[place.z, corner[0] : corner[0] + SIDE, corner[1] : corner[1] + SIDE]


def heated(pixels: np.ndarray, score: np.ndarray, limit: float) -> np.ndarray:
    """Grey pixels ``(Y, X, 3)``, from yellow to red where the map lies above the threshold."""
    share = np.clip((score - limit) / (1 - limit), 0, 1)[..., None]
    color = np.array([255.0, 220.0, 40.0]) * (1 - share) + np.array([220.0, 0.0, 0.0]) * share
    mixed = 0.5 * np.repeat(pixels[..., None], 3, -1) + 0.5 * color
    return np.where(score[..., None] > limit, mixed, pixels[..., None])


def beside(pictures: list[np.ndarray], axis: int) -> np.ndarray:
    """Pictures with white between them."""
    shape = list(pictures[0].shape)
    shape[axis] = _GAP
    gap = np.full(shape, 255.0)
    return np.concatenate([part for one in pictures for part in (one, gap)][:-1], axis)


def drawn(stack: np.ndarray, scores: np.ndarray, limit: float) -> np.ndarray:
    """The oddest places, and the map below each; what goes on in other sections comes once."""
    places, count = odd_places([Image(scores)], limit)
    chosen: list = []
    for one in places:
        near = [np.abs(np.subtract(one.middle, other.middle)).max() < SIDE for other in chosen]
        if len(chosen) < SHOWN and not any(near):
            chosen.append(one)
    print(f"{count} places above {limit:.2f} in {len({one.z for one in places})} sections")
    pairs = []
    for one in chosen:
        y, x = one.middle
        print(f"z {one.z}, y {y:.0f}, x {x:.0f}: {one.score:.2f}, {one.pixels} px")
        pixels = around(stack, one).astype(float)
        grey = np.repeat(pixels[..., None], 3, -1)
        pairs.append((grey, heated(pixels, around(scores, one), limit)))
    rows = [
        beside([pair[part] for pair in pairs[start : start + ACROSS]], 1)
        for start in range(0, len(pairs), ACROSS)
        for part in (0, 1)
    ]
    return beside(rows, 0).round().astype(np.uint8)


def main() -> None:
    """Make the picture."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--data", type=Path, required=True)
    usual = Path(__file__).parent / "images" / "anomalies_natural.jpg"
    parser.add_argument("--out", type=Path, default=usual)
    asked = parser.parse_args()
    Picture.fromarray(drawn(*look(asked.data))).save(asked.out, quality=80)


if __name__ == "__main__":
    main()
