"""Signatures: groups on MNIST, digits that were left out, a wired neuron, cost, and large tables.

    python benchmarks/signature.py groups --steps 400
    python benchmarks/signature.py left-out --steps 200
    python benchmarks/signature.py wired
    python benchmarks/signature.py cost
    python benchmarks/signature.py large --folder FOLDER

One CPU thread; prints a line of JSON for each figure. `groups`: k-means with k = 10 on the last
hidden layer of a CNN and of a dense network, against the digits of the test set. `left-out`: for
each digit a CNN that never saw it; how well the distance of signatures to those of its training
pictures tells the tenth digit from the nine, beside the largest of its chances. `wired`: one neuron
of an untrained network is made to see one class. `cost`: processor time of `signature apply` beside
the same networks and patches without hooks. `large`: 100,000 patches x 1,000 neurons from disk, as
the browser opens and asks them. `--held-out N` judges the last training pictures of MNIST instead
of the test set: for choosing settings.
"""

from __future__ import annotations

import argparse
import json
import shutil
import time
from pathlib import Path

import embedding_runs as runs  # first: sets the threads
import numpy as np
import torch
from sklearn.linear_model import LogisticRegression

from napari_simgraph import ImageSet, MemoryRoom, run
from napari_simgraph.analysis.neurons import beside, ranked, sides, twins
from napari_simgraph.analysis.ranking import auroc
from napari_simgraph.analysis.signature_paths import along, flows
from napari_simgraph.capabilities import classification, embedding, segmentation, signature
from napari_simgraph.core.classes import ClassTable
from napari_simgraph.core.patches import grid_over
from napari_simgraph.core.raster import Image, Labels
from napari_simgraph.core.signatures import Layer, SignatureTable, layers_of
from napari_simgraph.io.anndata_read import read_noun
from napari_simgraph.io.anndata_write import write_anndata
from napari_simgraph.io.read import read
from napari_simgraph.learn.allocation import keep_freed_blocks
from napari_simgraph.learn.aside import Aside
from napari_simgraph.learn.device import pick
from napari_simgraph.learn.embedder import features
from napari_simgraph.learn.held import NETWORK
from napari_simgraph.learn.hooks import chosen, tree
from napari_simgraph.learn.recording import Taking, Watched, at_once, chances_of
from napari_simgraph.learn.signature_groups import cluster_means
from napari_simgraph.learn.signature_model import look_into
from napari_simgraph.learn.signatures import Given, work_of
from napari_simgraph.viewer.views.browser_neuron import told_of

CPU = {"threads": 1, "device": "cpu"}
HIDDEN = "rectify"  # the last hidden layer of our classifiers
ROUNDS = 9  # an odd number: their median is one of them


def tell(what, **figures):
    rounded = {k: round(v, 4) if isinstance(v, float) else v for k, v in figures.items()}
    print(json.dumps({"what": what, **rounded}), flush=True)


def digits(part, rows=None):
    """Pictures of a part of MNIST with their classes."""
    images = read(f"{runs.DATA / 'mnist' / 'mnist.npz'}::x_{part}").image
    rows = np.arange(len(images)) if rows is None else np.asarray(rows)
    classes = np.array(images.image_classes)[rows]
    return ImageSet(tuple(images.images[int(n)] for n in rows), tuple(classes.tolist()), name=part)


def parts(held_out):
    """Those to learn from, and those to be judged on."""
    if not held_out:
        return digits("train"), digits("test")
    many = len(digits("train"))
    return digits("train", np.arange(many - held_out)), digits(
        "train", np.arange(many - held_out, many)
    )


def learned(images, network, steps):
    """A classifier, and the processor time it took."""
    config = classification.Train(
        network=network, steps=steps, minutes=0, batch=128, holdout=0, compare=False, **CPU
    )
    begun = time.process_time()
    model = run(classification.train(images, config=config, room=MemoryRoom()))
    return model, time.process_time() - begun


def taken(model, images, layers=HIDDEN):
    config = signature.Apply(background="keep", layers=layers, **CPU)
    return run(signature.apply(model, images, config=config, room=MemoryRoom()))


def groups(asked):
    train, test = parts(asked.held_out)
    for network in ("cnn", "dense"):
        model, seconds = learned(train, network, asked.steps)
        table = taken(model, test)
        config = signature.Cluster(number=10, layer=HIDDEN)
        told = run(signature.cluster(table, config=config, room=MemoryRoom())).made["clusters"]
        right = float((table.columns["predicted"] == table.classes()).mean())
        tell(
            f"groups, {network}",
            steps=asked.steps,
            train_cpu_s=round(seconds),
            accuracy=right,
            ami=told["information"],
            purity=told["purity"],
            p=told["chance"],
        )


def left_out(asked):
    train, test = parts(asked.held_out)
    names, rows = np.array(train.image_classes), np.arange(len(train))
    found = []
    for digit in asked.digits or sorted(set(names.tolist())):
        kept = rows[names != digit]
        seen = ImageSet(
            tuple(train.images[int(n)] for n in kept), tuple(names[kept].tolist()), name="nine"
        )
        model, seconds = learned(seen, "cnn", asked.steps)
        some = np.random.default_rng(0).choice(len(seen), asked.reference, replace=False)
        few = ImageSet(
            tuple(seen.images[int(n)] for n in some),
            tuple(np.array(seen.image_classes)[some].tolist()),
            name="reference",
        )
        reference, table = taken(model, few, ""), taken(model, test, "")
        new = table.classes() == digit
        figures = {"max softmax": auroc(-table.columns["sure"], new)}
        for method in ("neighbours", "mahalanobis"):
            for layer in asked.layers:
                config = signature.Unlike(method=method, layer=layer)
                score = run(
                    signature.unlike(table, reference, config=config, room=MemoryRoom())
                ).columns["distance"]
                figures[f"{method} {layer or 'default'}".strip()] = auroc(score, new)
        found.append(figures)
        tell(f"left out: {digit}", train_cpu_s=round(seconds), **figures)
    mean = {name: float(np.mean([one[name] for one in found])) for name in found[0]}
    tell("left out, mean", digits=len(found), **mean)


def wired(asked):
    """A dense network of noise in which neuron 41 sees sevens, and the answer 7 hangs on it."""
    train, test = digits("train", np.arange(3000)), digits("test", np.arange(2000))
    model, _ = learned(train, "dense", 5)
    rule = model.normalisation
    pixels = np.stack([one.read() for one in train.images]).reshape(len(train), -1)
    values = (pixels - rule["shift"][0]) / rule["scale"][0]
    truth = np.array(train.image_classes) == "7"
    line = LogisticRegression(max_iter=300, C=1e-3).fit(values, truth)
    rng = np.random.default_rng(0)
    arrays = {name: np.array(values) for name, values in model.arrays.items()}
    inner, bias = arrays[NETWORK + "inner.weight"], arrays[NETWORK + "inner.bias"]
    head = arrays[NETWORK + "head.weight"]
    inner[:], bias[:] = rng.normal(0, 0.01, inner.shape), 0.1
    inner[41], bias[41] = line.coef_[0], line.intercept_[0]
    seven = model.classes.names.index("7")
    head[:], arrays[NETWORK + "head.bias"][:] = rng.normal(0, 0.01, head.shape), 0.0
    head[seven], head[:, 41] = 0.0, 0.0
    head[seven, 41] = 5.0
    model = model.replace(arrays=arrays)
    table = taken(model, test, "")
    found = run(ranked((table, table), sides(table, "7", "")))
    strength = np.abs(found["auroc"] - 0.5) + 0.5
    first = f"{found['layer'][0]} {found['neuron'][0]}"
    tell("wired", first=first, auroc=float(strength[0]), second=float(strength[1]))
    config = signature.Ablate(a="7", top=1, draws=5, most=1000, **CPU)
    off = run(signature.ablate(model, test, table, config=config, room=MemoryRoom()))
    tell("wired, switched off", **off.summary)


def cost(asked):
    """Processor time of all of apply, without hooks and with them."""
    rng = np.random.default_rng(0)
    edge = asked.edge
    picture = Image(rng.integers(0, 255, (edge, edge), np.uint8), name="noise")
    quick = {"steps": 1, "minutes": 0, **CPU}
    painted = Labels(
        rng.integers(1, 3, (128, 128), np.uint8), classes=ClassTable.of(["one", "two"])
    )
    small = Image(picture.read()[:128, :128])
    config = segmentation.Train(patch=64, **quick)
    learn = {
        "unet": lambda: run(segmentation.train(small, painted, config=config, room=MemoryRoom())),
        "siamese": lambda: run(
            embedding.train(small, config=embedding.Train(batch=8, **quick), room=MemoryRoom())
        ),
        "cnn": lambda: learned(digits("train", np.arange(500)), "cnn", 5)[0],
    }
    for name in asked.networks:
        image = digits("test", np.arange(asked.pictures)) if name == "cnn" else picture
        plain, hooked, columns = _times(learn[name](), image)
        more = np.array(hooked) / plain - 1
        told = {f"more_{n}": float(np.percentile(more, n)) for n in (25, 50, 75)}
        tell(f"cost, {name}", columns=columns, plain_s=min(plain), with_s=min(hooked), **told)


def _times(model, image):
    """Processor times of prediction alone and with signatures, turn and turn about."""
    config = signature.Apply(background="keep", **CPU)
    looked = look_into(model, image)
    aside = Aside()
    work = run(work_of(looked, Given(image, model), config, aside))
    place, rows = pick("cpu", 1), np.arange(len(work.grid))
    first = torch.from_numpy(work.patches(np.zeros(1, np.intp)))
    layers = layers_of(chosen(tree(looked.network, first), ""))
    watched = Watched(looked.network, layers, looked.classes)

    def plain(inputs):
        step, told = at_once(inputs.shape[-1], layers), []
        for at in range(0, len(inputs), step):
            tensor = torch.from_numpy(inputs[at : at + step])
            with place.computing(), torch.no_grad():
                answer = looked.network(tensor.contiguous(memory_format=torch.channels_last))
            told.append(chances_of(answer, len(looked.classes)))
        return np.zeros((len(inputs), 0), np.float32) if told[0] is None else np.concatenate(told)

    def hooked():
        taking = Taking(np.zeros((len(rows), watched.width), np.float16))
        seeing = watched.on(place)
        run(features(work, rows, lambda inputs: taking(seeing(inputs)), aside, None))
        taking.flush()
        taking.about()

    times = ([], [])
    for _ in range(ROUNDS):
        for kept, call in zip(
            times, (lambda: run(features(work, rows, plain, aside, None)), hooked), strict=True
        ):
            begun = time.process_time()
            call()
            kept.append(time.process_time() - begun)
    aside.close()
    return *times, watched.width


def large(asked):
    """What the browser does with a large table: open, then click on a neuron, a group, a patch."""
    folder = Path(asked.folder)
    target = folder / "large.zarr"
    if not target.exists():
        _make_large(target, asked.patches, asked.neurons)
    times = {}

    def timed(name, call):
        begun, spent = time.perf_counter(), time.process_time()
        made = call()
        times[name] = round(1000 * (time.process_time() - spent))
        times[f"{name}, by the clock"] = round(1000 * (time.perf_counter() - begun))
        return made

    table = timed("open", lambda: read_noun(target))
    timed("flows", lambda: flows(table))
    layer = table.layers[-1]
    for at in range(3):
        timed(f"neuron {at}", lambda at=at: told_of(table, layer, 7 + 100 * at))
    known = timed("what tells twins of a layer, once, after that", lambda: beside(table, layer))
    timed("twins", lambda: twins(known, 7))
    timed("a group", lambda: along(table, [(layer.name, 2)]))
    timed("a patch", lambda: table.read(layer.of(), np.array([asked.patches // 2])))
    tell("large, ms", patches=len(table), columns=table.values.shape[1], **times)
    if asked.clean:
        shutil.rmtree(target)


def _make_large(target, patches, neurons):
    side = int(np.ceil(np.sqrt(patches)))
    image = Image(np.broadcast_to(np.uint8(0), (8 * side, 8 * side)), name="wide")
    grid = grid_over(image, 8, 8).take(np.arange(patches))
    layers = layers_of(
        [Layer(f"layer {n}", "ReLU", (neurons // 4,), neurons // 4, ("value",)) for n in range(4)]
    )
    rng = np.random.default_rng(0)
    kind = rng.integers(0, 6, patches)
    values = np.empty((patches, neurons), np.float16)
    middles = np.maximum(rng.normal(0, 1, (6, neurons)), 0)
    for at in range(0, patches, 4096):
        part = kind[at : at + 4096]
        noise = rng.normal(0, 0.5, (len(part), neurons))
        values[at : at + 4096] = np.maximum(middles[part] + noise, 0)
    columns = {"cluster": kind.astype(np.int32), "class": np.array(list("abcdef"))[kind]}
    columns |= {f"cluster {one.name}": (kind + n) % 6 for n, one in enumerate(layers)}
    table = SignatureTable(grid, values, layers, columns=columns)
    whole = values[:5000].astype(np.float32)
    about = {"mean": whole.mean(0), "spread": whole.std(0)}
    about["cluster"] = cluster_means(table, columns["cluster"])
    target.parent.mkdir(parents=True, exist_ok=True)
    write_anndata(table.replace(about=about), target)


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    commands = parser.add_subparsers(dest="what", required=True)
    calls = {"groups": groups, "left-out": left_out, "wired": wired, "cost": cost, "large": large}
    for name, call in calls.items():
        command = commands.add_parser(name)
        command.set_defaults(call=call)
        command.add_argument("--held-out", type=int, default=0)
        command.add_argument("--steps", type=int, default=400 if name == "groups" else 200)
        if name == "left-out":
            command.add_argument("--digits", nargs="*", default=[])
            command.add_argument("--layers", nargs="*", default=[""])
            command.add_argument("--reference", type=int, default=10_000)
        if name == "cost":
            command.add_argument("--edge", type=int, default=1024)
            command.add_argument("--pictures", type=int, default=5000)
            command.add_argument("--networks", nargs="*", default=["unet", "siamese", "cnn"])
        if name == "large":
            command.add_argument("--folder", default="benchmark_signatures")
            command.add_argument("--patches", type=int, default=100_000)
            command.add_argument("--neurons", type=int, default=1000)
            command.add_argument("--clean", action="store_true")
    asked = parser.parse_args()
    keep_freed_blocks()  # as the command line and the processes of the docks do
    asked.call(asked)


if __name__ == "__main__":
    main()
