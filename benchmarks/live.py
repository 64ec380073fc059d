"""Correcting live, by a simulated annotator: how good after a few strokes, beside two peers.

    python benchmarks/live.py --seed 0          # chosen on: strokes on 0-11, scored on 12-17
    python benchmarks/live.py --seed 0 --final  # strokes on 0-17, scored on 18-23

ISBI 2012. Strokes are drawn from the truth: first on three sections, both classes in turn, at most
1 % of their pixels; then three rounds of ten where the answers of the session are worst. The
session may use `--seconds` of processor time in all. The same strokes go to a random forest on
scikit-image's multiscale features, and to napari-convpaint with gaussian features where
CONVPAINT names a Python that has it (its own environment; it is no dependency of ours).

Prints a row of figures as JSON: V_Rand at its best threshold at the first answer and at the end,
who answered, processor seconds, and wall seconds from a stroke to the field (on a quiet machine).
The data folder is SIMGRAPH_DATA, else ../shared/data.
"""

import argparse
import json
import os
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import numpy as np
import tifffile
from scipy import ndimage
from skimage.morphology import skeletonize

from napari_simgraph import Image, MemoryRoom, run
from napari_simgraph.analysis.metrics import stack_scores
from napari_simgraph.capabilities import segmentation
from napari_simgraph.core.job import Note, Progress, Signal
from napari_simgraph.core.live import UNCHANGED, Answer, ClassChange, Field, Strokes

HERE = Path(__file__).resolve().parent
MEMBRANE, CELL = 1, 2
RADIUS = 2  # px: the brush of the dock is 5 px wide
FIRST_LENGTH, LATER_LENGTH = 60, 40  # px of a stroke: about what one draws in a second
SHARE = 0.01  # of the pixels of the three sections, for the first strokes
SLICES, ROUNDS, PER_ROUND = 3, 3, 10
BLUR, NEAR = 6.0, 20  # px: an error is a place, and the next one is another
CONVPAINT_CODE = """
import sys, numpy as np
from napari_convpaint.convpaint_model import ConvpaintModel
given = np.load(sys.argv[1])
model = ConvpaintModel(fe_name="gaussian_features")
model.train(list(given["images"]), list(given["strokes"]))
found = [np.asarray(model.predict_probas(one)) for one in given["test"]]
np.save(sys.argv[2], np.stack(found))
"""


def data():
    folder = Path(os.environ.get("SIMGRAPH_DATA", HERE.parent.parent / "shared" / "data"))
    image = tifffile.imread(folder / "isbi2012" / "train-volume.tif")
    truth = tifffile.imread(folder / "isbi2012" / "train-labels.tif")
    return image, np.where(truth > 127, CELL, MEMBRANE).astype(np.uint8)


class Annotator:
    """Draws strokes along the middle of membranes and cells; never beyond the class it means."""

    def __init__(self, truth, sections, seed):
        self.truth, self.sections = truth, sections
        self.rng = np.random.default_rng(seed)
        self.painted = {z: np.zeros(truth.shape[1:], np.uint8) for z in sections}
        self.lines = {z: [skeletonize(truth[z] == c) for c in (MEMBRANE, CELL)] for z in sections}

    def first(self):
        """Strokes anywhere, of both classes in turn, until the share of pixels is used up."""
        most = SHARE * sum(plane.size for plane in self.painted.values())
        drawn = []
        while True:
            z = self.sections[len(drawn) % len(self.sections)]
            value = (MEMBRANE, CELL)[len(drawn) // len(self.sections) % 2]
            at = self.rng.integers(0, self.truth.shape[1:])
            mask = self.mask(z, value, at, FIRST_LENGTH)
            if sum((p > 0).sum() for p in self.painted.values()) + mask.sum() > most:
                return drawn
            drawn.append(self.paint(z, value, mask))

    def corrections(self, cells):
        """Strokes where the chance of a cell is worst, of the class that it should be."""
        errors = {}
        for z, found in cells.items():
            wrong = np.abs((self.truth[z] == CELL) - found)
            wrong[self.painted[z] > 0] = 0
            errors[z] = ndimage.gaussian_filter(wrong, BLUR)
        drawn = []
        for _ in range(PER_ROUND):
            z = max(errors, key=lambda z: errors[z].max())
            y, x = np.unravel_index(errors[z].argmax(), errors[z].shape)
            box = (slice(max(0, y - 8), y + 9), slice(max(0, x - 8), x + 9))
            there = self.truth[z][box]
            wrong = np.abs((there == CELL) - cells[z][box])
            value = max((MEMBRANE, CELL), key=lambda c: wrong[there == c].sum())
            mask = self.mask(z, value, (y, x), LATER_LENGTH)
            drawn.append(self.paint(z, value, mask))
            down, right = np.ogrid[: self.truth.shape[1], : self.truth.shape[2]]
            errors[z][(down - y) ** 2 + (right - x) ** 2 < NEAR**2] = 0
        return drawn

    def mask(self, z, value, at, length):
        """A stroke of a class, begun where its middle line is nearest."""
        line = self.lines[z][value - 1]
        places = np.argwhere(line)
        y, x = places[((places - at) ** 2).sum(1).argmin()]
        path, seen, way = [(y, x)], {(y, x)}, np.zeros(2)
        while len(path) < length:
            near = [(y + dy, x + dx) for dy in (-1, 0, 1) for dx in (-1, 0, 1)]
            free = [p for p in near if p not in seen and min(p) >= 0 and max(p) < len(line)]
            free = [p for p in free if line[p]]
            if not free:
                break
            seen |= set(free)
            ahead = [float(np.dot(np.subtract(p, (y, x)), way)) for p in free]
            y, x = free[int(np.argmax(ahead))] if way.any() else free[self.rng.integers(len(free))]
            way = 0.7 * way + np.subtract((y, x), path[-1])
            path.append((y, x))
        mask = np.zeros(line.shape, bool)
        mask[tuple(np.transpose(path))] = True
        wide = ndimage.distance_transform_edt(~mask) <= RADIUS
        return wide & (self.truth[z] == value)

    def paint(self, z, value, mask):
        self.painted[z][mask] = value
        rows, columns = (np.flatnonzero(mask.any(axis)) for axis in (1, 0))
        box = (slice(rows[0], rows[-1] + 1), slice(columns[0], columns[-1] + 1))
        values = np.where(mask[box], value, UNCHANGED).astype(np.uint8)
        return Strokes(z, int(rows[0]), int(columns[0]), values)


class Session:
    """A live session whose processor time is counted."""

    def __init__(self, image, settings):
        self.answers, self.spent, self.model = [], 0.0, None
        self.resting = False
        config = segmentation.Live(**settings)
        self.job = segmentation.live(Image(image, name="isbi"), config=config, room=MemoryRoom())
        self.send(None)
        for value, name in ((MEMBRANE, "membrane"), (CELL, "cell")):
            self.send(ClassChange("add", value, name))

    def send(self, message):
        begun = time.process_time()
        try:
            reply = self.job.send(message)
        except StopIteration as end:
            self.model, reply = end.value, None
        self.spent += time.process_time() - begun
        self.resting = isinstance(reply, Progress) and reply.done == 1
        if isinstance(reply, Answer):
            self.answers.append(reply)
        if isinstance(reply, Note):
            print(reply.text, file=sys.stderr)
        return reply

    def ask(self, *events):
        """The answer to these events."""
        before = len(self.answers)
        for event in events:
            self.send(event)
        wanted = self.answers[-1].events if self.answers else 0
        while len(self.answers) == before or self.answers[-1].events < wanted:
            self.send(None)
        return self.answers[-1]

    def look(self, sections, plane):
        """The chance of a cell on whole sections."""
        found = {}
        for z in sections:
            answer = self.ask(Field(z, 0, 0, *plane))
            while answer.z != z:
                answer = self.ask()
            found[z] = answer.chances[answer.values.index(CELL)] / 255
        return found

    def learn(self, seconds):
        """Let it learn until so much processor time is used up, or it rests."""
        while self.spent < seconds and not self.resting:
            self.send(None)

    def stop(self):
        self.send(Signal.STOP)
        while self.model is None:
            self.send(None)
        return self.model


def applied(model, image, sections):
    """The chance of a cell on whole sections, as applying to the stack gives it."""
    config = segmentation.Apply(output="probability")
    job = segmentation.apply(model, Image(image[sections]), config=config, room=MemoryRoom())
    made = run(job).probability
    return made.read()[..., made.classes.find("cell").value - 1]


def forest(image, painted, sections):
    """What a random forest on multiscale features makes of the same strokes."""
    from skimage.feature import multiscale_basic_features
    from sklearn.ensemble import RandomForestClassifier

    def features(z):
        return multiscale_basic_features(image[z], sigma_min=0.7, sigma_max=10)

    xs = np.concatenate([features(z)[plane > 0] for z, plane in painted.items()])
    ys = np.concatenate([plane[plane > 0] for plane in painted.values()])
    trees = RandomForestClassifier(100, random_state=0).fit(xs, ys)
    found = [trees.predict_proba(features(z).reshape(-1, xs.shape[1]))[:, 1] for z in sections]
    return np.stack(found).reshape(len(sections), *image.shape[1:])


def convpaint(image, painted, sections):
    """What napari-convpaint makes of them; None where it is not there."""
    python = os.environ.get("CONVPAINT")
    if not python:
        return None
    with tempfile.TemporaryDirectory() as folder:
        given, made = Path(folder, "given.npz"), Path(folder, "made.npy")
        images = np.stack([image[z] for z in painted])
        np.savez(
            given, images=images, strokes=np.stack(list(painted.values())), test=image[sections]
        )
        words = [python, "-c", CONVPAINT_CODE, str(given), str(made)]
        done = subprocess.run(words, capture_output=True, text=True, check=False)
        if done.returncode:
            print(done.stderr[-2000:], file=sys.stderr)
            return None
        return np.load(made)[:, 1]


def v_rand(found, truth):
    if found is None:
        return None
    return round(stack_scores(found, truth == CELL).summary()["v_rand"], 4)


def peers(image, truth, painted, sections):
    made = {"random forest": forest, "convpaint": convpaint}
    return {name: v_rand(make(image, painted, sections), truth) for name, make in made.items()}


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--final", action="store_true")
    parser.add_argument("--seconds", type=float, default=180.0)
    parser.add_argument("--no-peers", action="store_true")
    for item in segmentation.Live.settings():
        parser.add_argument(item.option, default=None)
    asked = vars(parser.parse_args())
    seed = int(asked["seed"] or 0)
    known = {item.name for item in segmentation.Live.settings()} - {"seed"}
    settings = {k: asked[k] for k in known if asked[k] is not None} | {"seed": seed}
    image, truth = data()
    learned, held = (18, range(18, 24)) if asked["final"] else (12, range(12, 18))
    held = list(held)
    rng = np.random.default_rng(seed)
    sections = sorted(rng.choice(learned, SLICES, replace=False).tolist())
    annotator = Annotator(truth, sections, seed)
    begun = annotator.first()
    session = Session(image[:learned], settings)
    plane = image.shape[1:]
    first = session.ask(Field(sections[0], 0, 0, *plane), *begun)
    row = {"seed": seed, "sections": sections, "held": [held[0], held[-1]]}
    row |= {"first_strokes": len(begun), "first_cpu_seconds": round(session.spent, 2)}
    row["first_seconds"] = round(first.seconds, 2)
    early = Session(image[:learned], settings | {"rest": 0})
    early.ask(Field(sections[0], 0, 0, *plane), *begun)
    row["first"] = v_rand(applied(early.stop(), image, held), truth[held])
    if not asked["no_peers"]:
        row["first_peers"] = peers(image, truth[held], annotator.painted, held)
    print(json.dumps(row), file=sys.stderr, flush=True)
    waits = []
    for number in range(ROUNDS):
        session.learn(asked["seconds"] * (number + 1) / (ROUNDS + 1))
        for stroke in annotator.corrections(session.look(sections, plane)):
            view = Field(stroke.z, 0, 0, *plane)
            session.ask(view)
            waits.append(session.ask(stroke).seconds)
        scores = session.answers[-1].scores
        told = [session.answers[-1].by, session.answers[-1].steps, scores.filters, scores.network]
        print(number, round(session.spent), *told, file=sys.stderr, flush=True)
    session.learn(asked["seconds"])
    model = session.stop()
    row["pixels"] = round(sum((p > 0).mean() for p in annotator.painted.values()) / SLICES, 4)
    row |= {"cpu_seconds": round(session.spent, 1), "by": session.answers[-1].by}
    row |= {"steps": model.steps, "metrics": {k: round(v, 4) for k, v in model.metrics.items()}}
    row["filters"] = session.answers[-1].scores.filters
    row["network"] = session.answers[-1].scores.network
    row["end"] = v_rand(applied(model, image, held), truth[held])
    if not asked["no_peers"]:
        row["end_peers"] = peers(image, truth[held], annotator.painted, held)
    row["p50"], row["p95"] = (round(float(np.percentile(waits, q)), 2) for q in (50, 95))
    print(json.dumps(row))


if __name__ == "__main__":
    main()
