"""Anomalies: how well normal pictures alone tell what is odd, beside plainer and richer ways.

    .venv/bin/python benchmarks/anomaly.py bottle --pretext all --cpu-minutes 10 --seeds 0,1,2
    .venv/bin/python benchmarks/anomaly.py bottle --way plain --cpu-minutes 10
    .venv/bin/python benchmarks/anomaly.py bottle --way patchcore
    .venv/bin/python benchmarks/anomaly.py toothbrush --cpu-minutes 5 --seeds 0,1,2,3,4
    .venv/bin/python benchmarks/anomaly.py tile --cpu-minutes 5
    .venv/bin/python benchmarks/anomaly.py em --cpu-minutes 10
    .venv/bin/python benchmarks/anomaly.py speed

Minutes are of processor time in one thread. With `--keep FOLDER` models and maps are written there;
a network that is there isn't learned again, but what is normal is looked at anew. `bottle` and
`toothbrush` learn from normal pictures alone; the test part is looked at once, for these figures.
`--held` scores defects planted into normal pictures that were kept aside instead: that is what
settings were chosen by.
"""

import argparse
import dataclasses
import json
import os
import time
from pathlib import Path

import numpy as np
import tifffile
import torch
from anomaly_peers import patchcore, plain_autoencoder
from PIL import Image as Picture
from planting import OBJECT, SECTION, plant
from scipy import stats

from napari_simgraph import Image, ImageSet, Labels, LabelsSet, MemoryRoom, run
from napari_simgraph.capabilities import anomaly
from napari_simgraph.core.job import Progress, Signal
from napari_simgraph.io.models import is_model, load_model, save_model
from napari_simgraph.learn import calibrating, normal_model, odd_painting
from napari_simgraph.learn.allocation import keep_freed_blocks
from napari_simgraph.learn.aside import Aside
from napari_simgraph.learn.device import pick
from napari_simgraph.learn.held import NETWORK, held_network
from napari_simgraph.learn.normal_work import normal_work

DATA = Path(os.environ.get("SIMGRAPH_DATA", "../shared/data"))
_WARM, _TIMED = 6, 20  # steps before timing, and the last one that is timed
_TURNS = 5  # of each way, turn and turn about
_HELD = 40  # normal pictures of bottle for `--held`, half of them with a defect
TOLD = ("image_auroc", "pixel_auroc", "image_ap", "pixel_ap", "pro")
_GROUPS = ("pixels", "mended", "doubt", "tokens", "texture", "colors")


def pixels(path):
    return np.asarray(Picture.open(path).convert("RGB"))


def images(arrays, name):
    return ImageSet(tuple(Image(a, "YXC"[: a.ndim], name=n) for n, a in arrays), name=name)


def truth(masks):
    return LabelsSet(tuple(Labels(mask.astype(np.uint8)) for mask in masks))


def bottle(seed, held):
    """Normal pictures, pictures to search, their masks."""
    root = DATA / "mvtec_bottle256"
    normal = [(p.stem, pixels(p)) for p in sorted((root / "train/good").glob("*.png"))]
    if held:
        return with_planted(normal, OBJECT)
    return (normal, *mvtec_test(root))


def with_planted(normal, kinds):
    """Some normal pictures are kept aside, every other one of them with a defect."""
    rng = np.random.default_rng(7)
    order = rng.permutation(len(normal))
    found, masks = [], []
    for number, at in enumerate(sorted(order[:_HELD].tolist())):
        name, picture = normal[at]
        mask = np.zeros(picture.shape[:2], bool)
        if number % 2:
            picture, mask = plant(picture, kinds[number // 2 % len(kinds)], rng)
        found.append((name, picture))
        masks.append(mask)
    return [normal[at] for at in sorted(order[_HELD:].tolist())], found, masks


def by_lot(pictures, count):
    """So many of them; all where it is 0."""
    if not count:
        return pictures
    return [
        pictures[at]
        for at in sorted(np.random.default_rng(count).permutation(len(pictures))[:count])
    ]


def each_planted(pictures, seed):
    """Pictures as they are, and with two defects of each kind, one at a time."""
    rng = np.random.default_rng([7, seed])
    found = list(pictures)
    masks = [np.zeros(picture.shape[:2], bool) for _, picture in pictures]
    for name, picture in pictures:
        for kind in OBJECT * 2:
            odd, mask = plant(picture, kind, rng)
            found.append((f"{name} {kind}", odd))
            masks.append(mask)
    return found, masks


def mvtec_test(root):
    found, masks = [], []
    for path in sorted((root / "test").rglob("*.png")):
        picture = pixels(path)
        mask = root / "ground_truth" / path.parent.name / f"{path.stem}_mask.png"
        odd = pixels(mask)[..., 0] > 0 if mask.exists() else np.zeros(picture.shape[:2], bool)
        found.append((f"{path.parent.name}/{path.stem}", picture))
        masks.append(odd)
    return found, masks


def toothbrush(seed, held):
    """12 normal pictures by lot, the other ones and all defects.

    `held`: of these 12 the first 8 are learned from; the others are searched as they are and with
    two defects of each kind, one at a time.
    """
    root = DATA / "mvtec_toothbrush256"
    good = sorted((root / "good").glob("*.png"))
    order = np.random.default_rng(seed).permutation(len(good))
    normal = [(p.stem, pixels(p)) for p in (good[at] for at in order[:12])]
    if held:
        return (normal[:8], *each_planted(normal[8:], seed))
    found = [(p.stem, pixels(p)) for p in (good[at] for at in order[12:])]
    masks = [np.zeros(picture.shape[:2], bool) for _, picture in found]
    for path in sorted((root / "defective").glob("*.png")):
        found.append((path.stem, pixels(path)))
        masks.append(pixels(root / "ground_truth" / f"{path.stem}_mask.png")[..., 0] > 0)
    return normal, found, masks


def tile(seed, held):
    """Two thirds of the tiles without a defect, by tile; the others, and all defects."""
    root = DATA / "magnetic_tile"
    rows = (root / "groups.csv").read_text().splitlines()
    groups = dict(line.split(",")[:2] for line in rows[1:])
    rng = np.random.default_rng(seed)
    free = [path for path in sorted((root / "Free").iterdir()) if "_mask" not in path.stem]
    group = {
        path: groups.get(f"Free/{path.name}", groups.get(path.name, path.stem)) for path in free
    }
    names = rng.permutation(sorted(set(group.values())))
    learned = set(names[: 2 * len(names) // 3].tolist())
    grey = lambda path: np.asarray(Picture.open(path).convert("L"))  # noqa: E731
    normal = [(p.stem, grey(p)) for p in free if group[p] in learned]
    found, masks = [], []
    for path in sorted(root.glob("*/*.jpg")):
        if path.parent.name == "Free" and (path not in group or group[path] in learned):
            continue
        mask = path.with_name(f"{path.stem}_mask.png")
        found.append((f"{path.parent.name}/{path.stem}", grey(path)))
        odd = grey(mask) > 127 if mask.exists() else np.zeros(found[-1][1].shape, bool)
        masks.append(odd)
    return normal, found, masks


def em(seed, held):
    """ISBI 2012: the training volume is normal; defects are planted into the test volume.

    `held`: sections 0-11 are normal, defects are planted into 12-23.
    """
    root = DATA / "isbi2012"
    normal = tifffile.imread(root / "train-volume.tif")
    volume = tifffile.imread(root / ("train-volume.tif" if held else "test-volume.tif"))
    rng = np.random.default_rng(seed)
    found, masks = [], []
    for z, section in enumerate(volume[12:] if held else volume):
        mask = np.zeros(section.shape, bool)
        if z % 5 < 4:  # every fifth section is left as it is
            section, mask = plant(section, SECTION[z % 5], rng)
        found.append((f"z{z:02} {(*SECTION, '')[z % 5]}", section))
        masks.append(mask)
    return (normal[:12] if held else normal), found, masks


NAMES = {field.name for field in dataclasses.fields(anomaly.Train)}
SETS = {"bottle": bottle, "toothbrush": toothbrush, "tile": tile, "em": em}


def noun_of(normal):
    if isinstance(normal, np.ndarray):
        return Image(normal, name="isbi")
    return images(normal, "normal")


def learn(normal, cpu_minutes, settings):
    """A model that learned for so many minutes of processor time in one thread."""
    noun = noun_of(normal)
    usual = {"minutes": 0, "threads": 1, "device": "cpu", **settings}
    steps = int(settings.get("steps", 0)) or steps_in(noun, 60 * cpu_minutes, usual)
    begun = time.process_time()
    config = anomaly.Train(**usual | {"steps": steps})
    model = run(anomaly.train(noun, config=config, room=MemoryRoom()))
    print(json.dumps({"steps": steps, "cpu_minutes": (time.process_time() - begun) / 60}))
    return model


def again(model, normal):
    """A model with the same network, and what is normal as it is told today."""
    usual = {key: value for key, value in model.settings.items() if key in NAMES}
    config, place, aside = anomaly.Train(**usual), pick("cpu", 1, "auto"), Aside()
    given = run(normal_work(noun_of(normal), None, config, aside))
    module = held_network(model)
    told, parts = run(normal_model.known(module, given, config, (model.network, place, aside)))
    aside.close()
    kept = {key: values for key, values in model.arrays.items() if key.startswith(NETWORK)}
    return dataclasses.replace(model, arrays=kept | told, data=dict(model.data) | {"parts": parts})


def steps_in(noun, seconds, settings):
    marks = []

    def hear(tick):
        if isinstance(tick, Progress) and tick.text.startswith("step "):
            marks.append((int(tick.text.split()[1]), time.process_time()))
        return Signal.STOP if marks and marks[-1][0] >= _TIMED else None

    config = anomaly.Train(**settings | {"steps": 10_000})
    run(anomaly.train(noun, config=config, room=MemoryRoom()), hear)
    first = next(mark for mark in marks if mark[0] >= _WARM)
    each = (marks[-1][1] - first[1]) / max(1, marks[-1][0] - first[0])
    return max(1, int(0.9 * seconds / each))  # a tenth is for looking at what is normal


def standard_parts(model, found, speed):
    """Parts of each picture in spreads above normal, names and weights, and seconds a picture."""
    place, aside = pick("cpu", 1, "auto"), Aside()
    oddity = normal_model.oddity_of(model, speed, False, place, fused=False)
    looking = normal_model.predictor(oddity, model.network, place, aside)
    known = calibrating.Calibration.of(model.arrays, speed)
    maps, begun = [], time.process_time()
    for name, picture in found:
        image = Image(picture, "YXC"[: picture.ndim], name=name)
        whole = np.zeros((len(oddity.parts), *image.plane), np.float32)

        def write(z, rows, columns, values, whole=whole, image=image):
            at = calibrating.Place(rows, columns, image.plane)
            whole[:, slice(*rows), slice(*columns)] = known.standard.standard(values, at)

        windows = run(odd_painting._windows(model, None, image))
        run(looking.section(windows, 0, write, lambda share: Progress()))
        maps.append(whole)
    aside.close()
    told = oddity.parts, known.standard.weights
    return maps, told, (time.process_time() - begun) / len(found)


def ablation(maps, told, masks):
    """Figures of the fused score, and of each group of parts alone and left out."""
    parts, usual = told
    there = [g for g in _GROUPS if any(calibrating.group_of(p) == g for p in parts)]
    ways = {"fused": usual}
    ways |= {f"{g} alone": {g: 1.0} for g in there}
    if len(there) > 1:
        ways |= {f"without {g}": {**usual, g: 0.0} for g in there}
    return {
        way: scored([calibrating.fuse(one, parts, weights) for one in maps], masks)
        for way, weights in ways.items()
    }


def by_kind(maps, told, masks, names):
    """Figures of the sections with one kind of defect, and those without any."""
    for kind in SECTION:
        chosen = [n for n, name in enumerate(names) if name.split(" ")[1] in (kind, "")]
        fused = [calibrating.fuse(maps[n], *told) for n in chosen]
        tell(f"  {kind}", scored(fused, [masks[n] for n in chosen]))


def scored(maps, masks):
    nouns = ImageSet(tuple(Image(np.ascontiguousarray(one)) for one in maps))
    return anomaly.score(nouns, truth(masks))


def tell(way, figures):
    print(f"{way:28s}", " ".join(f"{name} {figures[name]:.3f}" for name in TOLD), flush=True)


def together(seen):
    """Means over seeds, and the interval in which a mean of more draws lies with 95 %."""
    for way, rows in seen.items():
        values = np.array([[row[name] for name in TOLD] for row in rows])
        n = len(values)
        off = stats.t.ppf(0.975, n - 1) * values.std(0, ddof=1) / n**0.5 if n > 1 else 0 * values[0]
        pairs = zip(TOLD, values.mean(0), off, strict=True)
        print(f"{n} x {way:25s}", *(f"{name} {mean:.3f} +- {o:.3f}" for name, mean, o in pairs))


def speed():
    """Seconds of a 2048 x 2048 section: the bare network's pass, the full map and the fast one."""
    rng = np.random.default_rng(0)
    section = tifffile.imread(DATA / "isbi2012" / "train-volume.tif")[0]
    image = Image(np.tile(section, (4, 4)), name="section")
    quick = {"steps": 30, "minutes": 0, "device": "cpu", "threads": 1}
    small = Image(section[None].repeat(5, 0) + rng.integers(0, 9, (5, 1, 1)).astype(np.uint8))
    model = run(anomaly.train(small, config=anomaly.Train(**quick), room=MemoryRoom()))
    network = held_network(model).eval()
    network.fold()
    place = pick("cpu", 1, "auto")  # threads that wait for each other would count as work
    x = torch.zeros(1, 1, 2048, 2048)

    def bare():
        with place.computing(), torch.no_grad():
            network.redraw("mae", x, torch.zeros_like(x))

    def whole(how):
        config = anomaly.Apply(speed=how, threads=1, device="cpu")
        run(anomaly.apply(model, image, config=config, room=MemoryRoom()))

    calls = {"bare pass": bare, "full": lambda: whole("full"), "fast": lambda: whole("fast")}
    took = {name: [] for name in calls}
    for turn in range(1 + _TURNS):  # the first only warms up
        for name, call in calls.items():
            begun = time.process_time()
            call()
            if turn:
                took[name].append(time.process_time() - begun)
    middle = {name: float(np.median(seconds)) for name, seconds in took.items()}
    for name, seconds in middle.items():
        print(f"{name:10s} {seconds:.3f} s of processor time, median of {_TURNS}", flush=True)
    print(f"full: {middle['full'] / (9 * middle['bare pass']):.2f} x its nine passes")


def main():
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawTextHelpFormatter
    )
    parser.add_argument("what", choices=[*SETS, "speed"])
    parser.add_argument("--way", default="ours", choices=("ours", "plain", "patchcore"))
    parser.add_argument("--pretext", default="mae")
    parser.add_argument("--cpu-minutes", type=float, default=10)
    parser.add_argument("--seeds", default="0")
    parser.add_argument("--held", action="store_true", help="planted defects, no test part")
    parser.add_argument("--keep", type=Path, help="folder of models and maps")
    parser.add_argument("--fewer", action="store_true", help="learn from what --held learns from")
    parser.add_argument("--few", type=int, default=0, help="learn from so many, by lot")
    parser.add_argument("--set", action="append", default=[], metavar="NAME=VALUE")
    asked = parser.parse_args()
    torch.set_num_threads(1)
    keep_freed_blocks()  # as the command line does
    if asked.what == "speed":
        return speed()
    seen = {}
    for seed in map(int, asked.seeds.split(",")):
        normal, found, masks = SETS[asked.what](seed, asked.held)
        if asked.fewer:
            normal = SETS[asked.what](seed, True)[0]
        normal = by_lot(normal, asked.few)
        if asked.way == "plain":
            tell(
                f"plain seed {seed}",
                scored(plain_autoencoder(normal, found, asked.cpu_minutes, seed), masks),
            )
        elif asked.way == "patchcore":
            tell("patchcore", scored(patchcore(normal, found, seed), masks))
        else:
            settings = dict(pair.split("=") for pair in asked.set)
            settings |= {"pretext": asked.pretext, "seed": seed}
            at = asked.keep and asked.keep / f"{asked.what}-{asked.pretext}-{seed}"
            if at and is_model(at):
                model = again(load_model(at), normal)
            else:
                model = learn(normal, asked.cpu_minutes, settings)
            if at and not is_model(at):
                save_model(model, at)
            for how in ("full", "fast"):
                maps, told, seconds = standard_parts(model, found, how)
                if at:
                    kept = {f"map {n:03}": one.astype(np.float16) for n, one in enumerate(maps)}
                    np.savez(f"{at}-{how}.npz", parts=told[0], **kept)
                print(f"{asked.pretext} seed {seed} {how}: {seconds:.2f} CPU-s a picture")
                for way, figures in ablation(maps, told, masks).items():
                    tell(way, figures)
                    seen.setdefault(f"{how} {way}", []).append(figures)
                if asked.what == "em":
                    by_kind(maps, told, masks, [name for name, _ in found])
    together(seen)


if __name__ == "__main__":
    main()
