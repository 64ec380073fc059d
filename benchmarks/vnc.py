"""Membranes, mitochondria and synapses of VNC as overlapping classes in one model.

    python benchmarks/vnc.py --minutes 5

Trains on sections 0-10, chooses a threshold a class on section 11 and reports Dice on 12-14, beside
a random forest on multiscale features of a sample of the same pixels, and beside the darkest pixels
(best grey threshold after a blur). With --isbi MODEL also a membrane model of ISBI 2012 (a folder
that `segmentation train` made) as it is. The data folder is SIMGRAPH_DATA, else ../shared/data.
"""

import argparse
import json
import os
import time
from pathlib import Path

import numpy as np
import tifffile
from scipy.ndimage import gaussian_filter

from napari_simgraph import ClassTable, Image, Labels, MemoryRoom, run
from napari_simgraph.analysis.metrics import stack_scores
from napari_simgraph.capabilities import segmentation
from napari_simgraph.core.job import Note, Progress
from napari_simgraph.io.models import load_model, save_model

HERE = Path(__file__).resolve().parent
CLASSES = {"membrane": "membranes", "mitochondrion": "mitochondria", "synapse": "synapses"}
LEARNED, TUNED, SCORED = range(11), range(11, 12), range(12, 15)
GRID = {"spacing": (50.0, 4.6, 4.6), "unit": "nm"}
STEPS = np.round(np.arange(0.05, 1.0, 0.05), 2)  # thresholds tried on the tuning section
BLUR = 2  # px
FOREST_PIXELS = 6000  # of each section, half of them present in one of the classes


def data():
    folder = Path(os.environ.get("SIMGRAPH_DATA", HERE.parent.parent / "shared" / "data"))
    stacks = folder / "groundtruth_vnc"
    raw = tifffile.imread(stacks / "stack1-raw.tif")
    masks = [tifffile.imread(stacks / f"stack1-{name}.tif") > 127 for name in CLASSES.values()]
    return raw, np.stack(masks, -1)


def say(tick):
    if isinstance(tick, Note):
        print(tick.text, flush=True)
    if isinstance(tick, Progress) and tick.values:
        print(tick.text, {k: round(v, 4) for k, v in tick.values.items()}, flush=True)


def learned(raw, masks, config):
    """A model of all three classes from sections 0-10; 11 is kept aside."""
    some = slice(LEARNED[0], TUNED[-1] + 1)
    labels = Labels(
        1 + masks[some].astype(np.uint8),
        "ZYXC",
        classes=ClassTable.of(CLASSES),
        exclusive=False,
        **GRID,
    )
    job = segmentation.train(
        Image(raw[some], name="vnc", **GRID), labels, config=config, room=MemoryRoom()
    )
    return run(job, say)


def painted(model, raw, sections, asked):
    """Probability of each class of a model on some sections."""
    how = segmentation.Apply(
        output="probability", average=asked.average, threads=asked.threads, boundaries="raw"
    )
    image = Image(raw[list(sections)], **GRID)
    return run(segmentation.apply(model, image, config=how, room=MemoryRoom())).probability.read()


def forest(raw, masks, sections):
    """A random forest on intensity, edges and texture: what pixel classifiers do."""
    from skimage.feature import multiscale_basic_features
    from sklearn.ensemble import RandomForestClassifier

    def features(z):
        values = multiscale_basic_features(raw[z], sigma_min=0.7, sigma_max=10)
        return values.reshape(-1, values.shape[-1])

    rng = np.random.default_rng(0)
    inputs, truths = [], []
    for z in LEARNED:
        flat = masks[z].reshape(-1, len(CLASSES))
        rare = np.flatnonzero(flat[:, 1:].any(1))
        half = FOREST_PIXELS // 2
        chosen = np.concatenate([rng.choice(rare, half), rng.choice(len(flat), half)])
        inputs.append(features(z)[chosen])
        truths.append(flat[chosen])
    trees = RandomForestClassifier(100, min_samples_leaf=5, random_state=0, n_jobs=1)
    trees.fit(np.concatenate(inputs), np.concatenate(truths))
    made = []
    for z in sections:
        each = trees.predict_proba(features(z))
        made.append(np.stack([one[:, 1] for one in each], -1).reshape(*raw[z].shape, -1))
    return np.stack(made)


def darkness(raw, sections):
    """How dark each pixel is after a blur, for each class alike."""
    dark = [1 - gaussian_filter(raw[z].astype(np.float32) / 255, BLUR) for z in sections]
    return np.stack(dark)[..., None].repeat(len(CLASSES), -1)


def dice(found, truth):
    return float(2 * (found & truth).sum() / max(1, found.sum() + truth.sum()))


def row(tuned, scored, masks):
    """Dice of each class at the threshold that is best on the tuning section, and at one half."""
    figures = {}
    for k, name in enumerate(CLASSES):
        known, truth = masks[list(TUNED)][..., k], masks[list(SCORED)][..., k]
        best = max(STEPS, key=lambda step: dice(tuned[..., k] > step, known))
        figures[name] = round(dice(scored[..., k] > best, truth), 4)
        figures[f"{name} half"] = round(dice(scored[..., k] > 0.5, truth), 4)
        figures[f"{name} threshold"] = float(best)
    return figures


def cells(membrane, masks):
    """V_Rand and V_Info of the cells between membranes on the scored sections."""
    scores = stack_scores(1 - membrane, ~masks[list(SCORED)][..., 0]).summary()
    return {key: round(scores[key], 4) for key in ("v_rand", "v_rand_threshold", "v_info")}


def transferred(path, raw, masks, asked):
    """An ISBI model on VNC, without training; its pixels are brought to its own size."""
    model = load_model(path)
    wall = model.classes.names.index(model.boundary)
    found = painted(model, raw, SCORED, asked)[..., wall]
    truth = masks[list(SCORED)][..., 0]
    return {"membrane half": round(dice(found > 0.5, truth), 4)} | cells(found, masks)


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--minutes", type=float, default=5.0)
    parser.add_argument("--steps", type=int, default=0)
    parser.add_argument("--threads", type=int, default=0)
    parser.add_argument("--average", default="full")
    parser.add_argument("--model", help="where the model goes; used as it is where it is there")
    parser.add_argument("--isbi", help="a membrane model of ISBI 2012, to be used without training")
    asked = parser.parse_args()
    raw, masks = data()
    begun = time.perf_counter()
    if asked.model and Path(asked.model).is_dir():
        model = load_model(asked.model)
    else:
        minutes = 0 if asked.steps else asked.minutes
        kept = f"{TUNED[0]}-{TUNED[-1]}"
        config = segmentation.Train(
            minutes=minutes, steps=asked.steps, threads=asked.threads, holdout=kept
        )
        model = learned(raw, masks, config)
        if asked.model:
            save_model(model, asked.model)
    seconds = time.perf_counter() - begun
    every = [*TUNED, *SCORED]
    found = {
        "darkness": darkness(raw, every),
        "random forest": forest(raw, masks, every),
        "model": painted(model, raw, every, asked),
    }
    many = len(TUNED)
    for name, maps in found.items():
        figures = row(maps[:many], maps[many:], masks) | cells(maps[many:][..., 0], masks)
        print(json.dumps({"what": name} | figures), flush=True)
    if asked.isbi:
        figures = transferred(asked.isbi, raw, masks, asked)
        print(json.dumps({"what": "ISBI model, not trained here"} | figures))
    print(json.dumps({"steps": model.steps, "train_seconds": round(seconds, 1)}))


if __name__ == "__main__":
    main()
