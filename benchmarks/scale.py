"""A model at another pixel size: sections at 9.2 nm, a model that learned at 4.6 nm.

    python benchmarks/scale.py --minutes 2.5

Trains on VNC sections 0-10 (4.6 nm), scores 12-14: as they are, and averaged over 2 x 2 pixels with
the scale taken into account (auto) and not (off, the plain baseline). Each is scored twice: on the
grid of the sections that were given, and on the fine one (doubled, so that all see one truth).
"""

import argparse
import json
import os
from pathlib import Path

import numpy as np
import tifffile

from napari_simgraph import ClassTable, Image, Labels, MemoryRoom, run
from napari_simgraph.analysis.metrics import stack_scores
from napari_simgraph.capabilities import segmentation
from napari_simgraph.io.models import load_model, save_model

HERE = Path(__file__).resolve().parent
LEARNED, SCORED = slice(0, 11), slice(12, 15)
FINE, COARSE = (50.0, 4.6, 4.6), (50.0, 9.2, 9.2)
MEMBRANE = 0  # of the model's classes


def data():
    folder = Path(os.environ.get("SIMGRAPH_DATA", HERE.parent.parent / "shared" / "data"))
    folder = folder / "groundtruth_vnc"
    pixels = tifffile.imread(folder / "stack1-raw.tif")
    membranes = tifffile.imread(folder / "stack1-membranes.tif") > 127
    return pixels, membranes


def halved(stack):
    """Means over 2 x 2 pixels."""
    z, y, x = stack.shape
    return stack.reshape(z, y // 2, 2, x // 2, 2).mean((2, 4))


def doubled(stack):
    return stack.repeat(2, 1).repeat(2, 2)


def learn(pixels, membranes, asked):
    if asked.model and Path(asked.model).is_dir():
        return load_model(asked.model)
    truth = np.where(membranes, 1, 2).astype(np.uint8)
    labels = Labels(truth[LEARNED], classes=ClassTable.of(["membrane", "cell"]))
    image = Image(pixels[LEARNED], spacing=FINE, unit="nm", name="vnc")
    config = segmentation.Train(
        minutes=asked.minutes, steps=asked.steps, threads=asked.threads, holdout="none"
    )
    model = run(segmentation.train(image, labels, config=config, room=MemoryRoom()))
    if asked.model:
        save_model(model, asked.model)
    return model


def probability(model, pixels, spacing, scale, asked):
    config = segmentation.Apply(
        output="probability", scale=scale, threads=asked.threads, average=asked.average
    )
    image = Image(pixels, spacing=spacing, unit="nm")
    made = run(segmentation.apply(model, image, config=config, room=MemoryRoom()))
    return made.probability.read()[..., MEMBRANE]


def figures(membrane, truth):
    """Dice of the membrane at one half and at its best threshold; V_Rand and V_Info at theirs."""
    dice = []
    for threshold in (0.5, *np.arange(0.1, 0.95, 0.05)):
        found = membrane > threshold
        dice.append(2 * (found & truth).sum() / (found.sum() + truth.sum()))
    scores = stack_scores(1 - membrane, ~truth).summary()
    row = {"dice_half": dice[0], "dice_best": max(dice[1:])}
    row |= {name: scores[name] for name in ("v_rand", "v_rand_threshold", "v_info")}
    return {name: round(float(value), 4) for name, value in row.items()}


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--minutes", type=float, default=2.5)
    parser.add_argument("--steps", type=int, default=0)
    parser.add_argument("--threads", type=int, default=1)
    parser.add_argument("--average", default="full")
    parser.add_argument("--model", help="Keep the model there, and take it from there.")
    asked = parser.parse_args()
    pixels, membranes = data()
    model = learn(pixels, membranes, asked)
    fine, truth = pixels[SCORED], membranes[SCORED]
    coarse, coarse_truth = halved(fine).astype(np.float32), halved(truth) >= 0.5
    print(json.dumps({"steps": model.steps, "spacing": model.spacing}))
    native = probability(model, fine, FINE, "auto", asked)
    print(json.dumps({"what": "4.6 nm, as learned", "on": "4.6 nm"} | figures(native, truth)))
    mean = halved(native)
    print(json.dumps({"what": "the same", "on": "9.2 nm"} | figures(mean, coarse_truth)))
    for scale in ("auto", "off"):
        found = probability(model, coarse, COARSE, scale, asked)
        what = {"what": f"9.2 nm, scale {scale}"}
        print(json.dumps(what | {"on": "9.2 nm"} | figures(found, coarse_truth)))
        print(json.dumps(what | {"on": "4.6 nm"} | figures(doubled(found), truth)), flush=True)


if __name__ == "__main__":
    main()
