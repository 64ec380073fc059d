"""Membranes of ISBI 2012: trains on three folds of neighbouring sections, scores the fourth.

    python benchmarks/isbi2012.py --fold 3 --minutes 5
    python benchmarks/isbi2012.py --fold all --minutes 5
    python benchmarks/isbi2012.py --fold all --minutes 10 --networks 2 --keep models
    python benchmarks/isbi2012.py --fold all --minutes 10 --own 0.3
    python benchmarks/isbi2012.py --fold all --steps 1600 --minutes 0 --vnc

Prints a row of figures a fold as JSON, and for all folds the mean over their 24 sections with its
95 % interval (bootstrap over sections). Baselines on the same sections: the plain U-Net, whose
probability is cut as it is (`--boundaries raw`); the picture itself, blurred and cut at the best
threshold; a random forest on multiscale features (what pixel classifiers do; needs scikit-learn).
With `--own` the last share of the minutes (or steps) goes on from the model with its own answers on
the fourth fold beside the labels of the others, where it is sure: its pictures are seen, its labels
are not (pseudo-labels; Lee 2013, ICML workshop on challenges in representation learning).
With `--vnc` each fold starts from a network that first learned as long on the membranes of another
animal (VNC stack 1 of Gerhard et al. 2013, sections 0-13).
With `--keep FOLDER` the models stay there, one a fold; where they are there already they are used
and nothing is learned: the same models, averaged otherwise (`--average`).
The data folder is SIMGRAPH_DATA, else ../shared/data.
"""

import argparse
import json
import os
import time
from dataclasses import replace
from pathlib import Path

import numpy as np
import tifffile
import vnc

from napari_simgraph import ClassTable, Image, Labels, MemoryRoom, run
from napari_simgraph.analysis.metrics import THRESHOLDS, stack_scores
from napari_simgraph.capabilities import segmentation
from napari_simgraph.core.job import Note, Progress
from napari_simgraph.io.models import load_model, save_model

HERE = Path(__file__).resolve().parent
FOLD = 6  # sections; neighbours are alike, so folds are contiguous
# Trained on, but enough for a threshold: the first few in a row, since neighbours count.
CALIBRATION = 4
RESAMPLINGS = 2000
UNSURE = (0.2, 0.8)  # probability of a cell; own answers between are left out
BLUR = 3  # px: the best of 1 … 5 on the training part
FOREST_PIXELS = 4000  # of each section: more changes little


def data():
    folder = Path(os.environ.get("SIMGRAPH_DATA", HERE.parent.parent / "shared" / "data"))
    image = tifffile.imread(folder / "isbi2012" / "train-volume.tif")
    truth = tifffile.imread(folder / "isbi2012" / "train-labels.tif")
    grid = {"spacing": (50, 4, 4), "unit": "nm"}
    values = np.where(truth > 127, 2, 1).astype(np.uint8)
    table = ClassTable.of(["membrane", "cell"])
    return Image(image, name="isbi2012", **grid), Labels(values, classes=table, **grid)


def of_vnc(settings):
    """A model of the membranes of another animal."""
    raw, masks = vnc.data()
    classes = ClassTable.of(["membrane", "cell"])
    values = np.where(masks[..., 0], 1, 2).astype(np.uint8)
    labels = Labels(values, classes=classes, **vnc.GRID)
    config = segmentation.Train(**settings, holdout="14")
    image = Image(raw, name="vnc", **vnc.GRID)
    return run(segmentation.train(image, labels, config=config, room=MemoryRoom()))


def say(tick):
    if isinstance(tick, Note):
        print(tick.text, flush=True)
    if isinstance(tick, Progress) and tick.values:
        print(tick.text, {k: round(v, 4) for k, v in tick.values.items()}, flush=True)


def cells(model, image, sections, config):
    """How sure each pixel is inside a cell, for some sections."""
    some = image.replace(data=image.read()[sections])
    made = run(segmentation.apply(model, some, config=config, room=MemoryRoom()))
    return made.probability.read()[..., 1]


def blurred(image, held):
    """How bright each pixel is after a blur: what can be had without any training."""
    from scipy.ndimage import gaussian_filter

    raw = image.read()[held].reshape(len(held), *image.plane).astype(np.float32) / 255
    return np.stack([gaussian_filter(section, BLUR) for section in raw])


def forest(image, truth, held):
    """A random forest on intensity, edges and texture at several scales, from the same labels."""
    from skimage.feature import multiscale_basic_features
    from sklearn.ensemble import RandomForestClassifier

    def features(z):
        section = image.read()[z].reshape(image.plane)
        values = multiscale_basic_features(section, sigma_min=0.7, sigma_max=10)
        return values.reshape(-1, values.shape[-1])

    rng = np.random.default_rng(0)
    xs, ys = [], []
    for z in sorted(set(range(image.sections)) - set(held)):
        some = rng.choice(truth[z].size, FOREST_PIXELS, replace=False)
        xs.append(features(z)[some])
        ys.append(truth[z].ravel()[some])
    trees = RandomForestClassifier(100, min_samples_leaf=5, random_state=0, n_jobs=-1)
    trees.fit(np.concatenate(xs), np.concatenate(ys))
    found = [trees.predict_proba(features(z))[:, 1].reshape(image.plane) for z in held]
    return np.stack(found)


def figures(found, truth):
    """V_Rand and V_Info at their best threshold and at one half, and the share of right pixels."""
    scores = stack_scores(found, truth)
    half = THRESHOLDS.index(0.5)
    row = scores.summary() | {
        "v_rand_half": float(scores.rand[half]),
        "v_info_half": float(scores.info[half]),
        "pixel_accuracy": float(((found > 0.5) == truth).mean()),
    }
    return {key: round(value, 4) for key, value in row.items()}


def baselines(image, truth, held):
    """What one could do instead."""
    rows = {"blur": blurred(image, held), "random forest": forest(image, truth, held)}
    return {name: figures(found, truth[held]) for name, found in rows.items()}


def learned(given, held, settings, ask):
    """A model of the other folds; with `--own` also of its own answers on this one."""
    (image, labels), (config, how), hear = given, settings, None if ask.quiet else say
    kept = Path(ask.keep) / f"fold{held[0]}" if ask.keep else None
    if kept and kept.exists():
        return load_model(kept)
    whole, begun = config, time.perf_counter()
    if ask.own:
        config = replace(config, **shares(config, 1 - ask.own))
    job = segmentation.train(image, labels, start=ask.start, config=config, room=MemoryRoom())
    model = run(job, hear)
    if kept:
        save_model(model, kept)
    if not ask.own:
        return model
    sure = cells(model, image, held, how)
    values = labels.read().copy()
    values[held] = np.where(sure > UNSURE[1], 2, np.where(sure < UNSURE[0], 1, 0))
    rest = shares(whole, ask.own)
    if rest["minutes"]:
        rest["minutes"] = max(0.1, whole.minutes - (time.perf_counter() - begun) / 60)
    config = replace(whole, **rest, holdout="none")
    job = segmentation.train(
        image, labels.replace(data=values), start=model, config=config, room=MemoryRoom()
    )
    return replace(run(job, hear), metrics=model.metrics)


def shares(config, share):
    """So much of the minutes and steps."""
    return {"minutes": config.minutes * share, "steps": round(config.steps * share)}


def one_fold(fold, settings, ask):
    """The row of figures of one fold, and what each of its sections scored."""
    held = list(range(fold * FOLD, (fold + 1) * FOLD))
    config = segmentation.Train(**settings, holdout=f"{held[0]}-{held[-1]}")
    image, labels = data()
    begun = time.perf_counter()
    how = segmentation.Apply(
        output="probability",
        average=ask.average,
        device=config.device,
        threads=config.threads,
        precision=config.precision,
    )
    model = learned((image, labels), held, (config, how), ask)
    trained = time.perf_counter()
    found = cells(model, image, held, how)
    applied = time.perf_counter()
    truth = labels.read() == 2
    known = [z for z in range(image.sections) if z not in held][:CALIBRATION]
    fixed = stack_scores(cells(model, image, known, how), truth[known]).best("rand")
    each = [stack_scores(found[k : k + 1], truth[z : z + 1]) for k, z in enumerate(held)]
    curves = {"rand": [one.rand for one in each], "info": [one.info for one in each]}
    plain = cells(model, image, held, replace(how, boundaries="raw"))
    row = {
        "fold": fold,
        **figures(found, truth[held]),
        "fixed_threshold": THRESHOLDS[fixed],
        "v_rand_fixed": round(float(np.mean([one.rand[fixed] for one in each])), 4),
        "v_info_fixed": round(float(np.mean([one.info[fixed] for one in each])), 4),
        "train_seconds": round(trained - begun, 1),
        "apply_seconds_per_section": round((applied - trained) / len(held), 2),
        "steps": model.steps,
        "agreement": round(model.metrics["agreement"], 4),
        "settings": config.changed(),
        "plain_unet": figures(plain, truth[held]),
        "baselines": {} if ask.no_baselines else baselines(image, truth, held),
    }
    return row, {**curves, "fixed": [fixed] * len(held)}


def pooled(folds):
    """Means over all sections with their interval; one threshold for all, as the challenge has."""
    rng = np.random.default_rng(0)
    row = {"fold": "all"}
    for name in ("rand", "info"):
        curves = np.array([curve for fold in folds for curve in fold[name]])
        fixed = np.concatenate([fold["fixed"] for fold in folds])
        best = int(curves.mean(0).argmax())
        columns = {
            "best": curves[:, best],
            "fixed": curves[np.arange(len(curves)), fixed],
            "half": curves[:, THRESHOLDS.index(0.5)],
        }
        row[f"v_{name}_threshold"] = THRESHOLDS[best]
        for how, values in columns.items():
            draws = rng.choice(values, (RESAMPLINGS, len(values))).mean(1)
            interval = [round(float(q), 4) for q in np.quantile(draws, (0.025, 0.975))]
            row[f"v_{name}_{how}"] = [round(float(values.mean()), 4), *interval]
    return row


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--fold", default="3", choices=["0", "1", "2", "3", "all"])
    parser.add_argument("--average", default="full")
    parser.add_argument("--quiet", action="store_true")
    parser.add_argument("--no-baselines", action="store_true")
    parser.add_argument("--own", type=float, default=0, help="share of own answers, as 0.3")
    parser.add_argument("--vnc", action="store_true", help="start from a network of VNC")
    parser.add_argument("--keep", help="a folder for the models")
    for item in segmentation.Train.settings():
        if item.name != "holdout":
            parser.add_argument(item.option, default=None)
    ask = parser.parse_args()
    own = {"fold", "average", "quiet", "no_baselines", "own", "vnc", "keep"}
    settings = {k: v for k, v in vars(ask).items() if k not in own and v is not None}
    ask.start = of_vnc(settings) if ask.vnc else None
    sections = []
    for fold in range(4) if ask.fold == "all" else [int(ask.fold)]:
        row, curves = one_fold(fold, settings, ask)
        sections.append(curves)
        print(json.dumps(row), flush=True)
    if ask.fold == "all":
        print(json.dumps(pooled(sections)))


if __name__ == "__main__":
    main()
