"""Fashion-MNIST drawn by class: does another network see the class that was asked for?

    python benchmarks/generation.py --steps 2000
    python benchmarks/generation.py --minutes 5 --held-out 3000     # for choosing settings
    python benchmarks/generation.py --model KEPT --spread 0.5 0.7 1  # of a model kept with --keep

One CPU thread, so that minutes are processor minutes. Prints lines of JSON:

* `agreement`: a classifier that saw the real training pictures alone is asked what was drawn
  (1,000 of each class; `--again 0` leaves drawings as they come); `classifier` is its accuracy on
  the test pictures. A line for each `--spread`, with `variety`: their variance over that of real
  ones, mean of the classes, and
  `covered`: the share of real test pictures that have a drawn one of their class among what is as
  near as their fifth neighbour (coverage of Naeem et al. 2020, in the classifier's last features).
* `error`: mean squared error of the redrawn test pictures, light from 0 to 1, beside `error_pca`
  of as many principal components and `error_pca_class` of as many around the mean of each class.
* `probe`: accuracy of a logistic regression that reads the class from the numbers of the test
  pictures (learned on those of the training pictures); chance is 0.1. Numbers as the model has
  them: mean and spread of their class are taken off.
* `slider_ms`: from the move of a slider to sixteen pictures, by the live verb, p50 and p95.

`--held-out` scores the last training pictures instead of the test set: for choosing settings.
"""

from __future__ import annotations

import argparse
import json
import time

import embedding_runs as runs  # first: sets the threads
import numpy as np
import torch
from sklearn.decomposition import PCA
from sklearn.linear_model import LogisticRegression
from sklearn.neighbors import NearestNeighbors
from sklearn.preprocessing import StandardScaler
from torch import nn
from torch.nn import functional

from napari_simgraph import ImageSet, MemoryRoom, run
from napari_simgraph.capabilities import generation
from napari_simgraph.core.drawing import Draw, Drawn
from napari_simgraph.core.job import Progress
from napari_simgraph.io.models import load_model, save_model
from napari_simgraph.io.read import ReadOptions, read
from napari_simgraph.learn.device import pick
from napari_simgraph.learn.drawer import Drawer

FILE = runs.DATA / "mnist" / "fashion_mnist_20k.npz"
EACH = 1000  # drawn of each class: the share is then known within 0.01
MOVES = 300  # of a slider
NEIGHBOUR = 5  # as in the paper on coverage
FAST = {"device": "cpu", "threads": 1}


def parts(held_out):
    """Training pictures and those to score, each as light ``(N, 28, 28)`` with classes."""
    data = np.load(FILE)
    train, test = ((data[f"x_{p}"], data[f"y_{p}"].astype(int)) for p in ("train", "test"))
    if held_out:
        train, test = (
            tuple(one[cut] for one in train)
            for cut in (slice(0, -held_out), slice(-held_out, None))
        )
    return train, test


def image_set(count):
    """The first training pictures, each with its class, as they are read from the file."""
    images = read(f"{FILE}::x_train", options=ReadOptions(axes="NYX")).image
    classes = tuple(str(one) for one in np.load(FILE)["y_train"][:count])
    return ImageSet(images.images[:count], classes, name="fashion")


def classifier(pixels, classes, epochs=8):
    """A small CNN of its own, which sees real pictures alone; pictures to scores of classes."""
    torch.manual_seed(0)
    network = nn.Sequential(
        *(nn.Conv2d(1, 32, 3, padding=1), nn.BatchNorm2d(32), nn.ReLU(), nn.MaxPool2d(2)),
        *(nn.Conv2d(32, 64, 3, padding=1), nn.BatchNorm2d(64), nn.ReLU(), nn.MaxPool2d(2)),
        *(nn.Flatten(), nn.Dropout(0.3), nn.Linear(64 * 49, 128), nn.ReLU(), nn.Linear(128, 10)),
    )
    light, truth = as_light(pixels), torch.from_numpy(classes)
    steps = epochs * (len(light) // 128)
    adam = torch.optim.AdamW(network.parameters(), 1e-3)
    cycle = torch.optim.lr_scheduler.OneCycleLR(adam, 2e-3, steps)
    for _ in range(steps):
        rows = torch.randint(0, len(light), (128,))
        some = light[rows]
        some = torch.where(torch.rand(128, 1, 1, 1) < 0.5, some.flip(3), some)
        loss = functional.cross_entropy(network(some), truth[rows])
        adam.zero_grad()
        torch.autograd.backward(loss)
        adam.step()
        cycle.step()
    return network.eval()


def as_light(pixels):
    return torch.from_numpy(np.asarray(pixels, np.float32)[:, None] / 255)


@torch.no_grad()
def seen(network, pixels):
    """The class of each picture."""
    some = as_light(pixels).split(500)
    return torch.cat([network(one).argmax(1) for one in some]).numpy()


@torch.no_grad()
def described(network, pixels):
    """The last features of each picture."""
    return torch.cat([network[:-1](one) for one in as_light(pixels).split(500)]).numpy()


def drawn(model, number, spread, again):
    """Pictures of a class."""
    how = {"spread": spread, "again": again} | FAST
    config = generation.Sample(class_=str(number), n=EACH, seed=number, **how)
    made = run(generation.sample(model, config=config, room=MemoryRoom()))
    return np.stack([one.read() for one in made])


def of_drawn(model, network, test, spread, again):
    """What was drawn: the share of what was asked for, in all and by class, and its variety."""
    shares, varieties, covered = [], [], []
    for number in range(10):
        pictures, real = drawn(model, number, spread, again), test[0][test[1] == number]
        shares.append(float(np.mean(seen(network, pictures) == number)))
        varieties.append(pictures.var(0).mean() / real.var(0).mean())
        covered.append(coverage(described(network, real), described(network, pictures)))
    named = ("agreement", "lowest", "variety", "covered")
    figures = (np.mean(shares), min(shares), np.mean(varieties), np.mean(covered))
    by_class = [round(one, 3) for one in shares]
    return dict(zip(named, figures, strict=True)), by_class


def coverage(real, made):
    """Share of real points with a made one no farther than their neighbour NEIGHBOUR."""
    near = NearestNeighbors(n_neighbors=NEIGHBOUR + 1).fit(real)  # the nearest is the point itself
    reach = near.kneighbors(real)[0][:, -1]
    nearest = NearestNeighbors(n_neighbors=1).fit(made).kneighbors(real)[0][:, 0]
    return float(np.mean(nearest <= reach))


def encoded(drawer, part):
    """Numbers, light and weights of classes."""
    pixels, classes = part
    light = np.concatenate([drawer.light_in(one[..., None]) for one in pixels])
    weights = drawer.weights(np.array([drawer.kinds(str(c), 1)[0] for c in classes]))
    chunks = [slice(start, start + 500) for start in range(0, len(light), 500)]
    numbers = np.concatenate([drawer.seen(light[c], weights[c]) for c in chunks])
    return numbers, light, weights


def redrawing(model, train, test):
    """Errors on the test pictures, and how well a linear probe reads the class."""
    drawer = Drawer(model, pick("cpu", 1))
    known, new = encoded(drawer, train), encoded(drawer, test)
    again = drawer.drawn(new[0], new[2])
    flat, wanted = (one[1].reshape(len(one[1]), -1) for one in (known, new))
    plane = PCA(drawer.latent, svd_solver="randomized", random_state=0).fit(flat)
    means = np.stack([flat[train[1] == c].mean(0) for c in range(10)])
    rest = PCA(drawer.latent, svd_solver="randomized", random_state=0)
    rest.fit(flat - means[train[1]])
    of_class = means[test[1]]
    probe = LogisticRegression(max_iter=500)
    scaler = StandardScaler().fit(known[0])
    probe.fit(scaler.transform(known[0]), train[1])
    return {
        "error": np.square(again - new[1]).mean(),
        "error_pca": off(plane.inverse_transform(plane.transform(wanted)), wanted),
        "error_pca_class": off(
            of_class + rest.inverse_transform(rest.transform(wanted - of_class)), wanted
        ),
        "probe": probe.score(scaler.transform(new[0]), test[1]),
    }


def off(again, wanted):
    return np.square(np.clip(again, 0, 1) - wanted).mean()


def slider(model):
    """Milliseconds from the move of a slider to sixteen pictures."""
    job = generation.live(model, config=generation.Live(**FAST), room=MemoryRoom())
    reply = next(job)
    while not (isinstance(reply, Progress) and reply.done >= 1):
        reply = job.send(None)
    spent = []
    for move in range(MOVES):
        begun = time.perf_counter()
        reply = job.send(Draw("3", 16, directions=(np.sin(move / 20) * 3,)))
        while not isinstance(reply, Drawn):
            reply = job.send(None)
        spent.append(1000 * (time.perf_counter() - begun))
        while not (isinstance(reply, Progress) and reply.done >= 1):
            reply = job.send(None)
    job.close()
    return {"slider_ms": np.percentile(spent, 50), "slider_ms_p95": np.percentile(spent, 95)}


def learned(asked, count):
    """The model, which learned now or before."""
    if asked.model:
        return load_model(asked.model)
    settings = {k: getattr(asked, k) for k in ("minutes", "steps", "latent", "width", "price")}
    config = generation.Train(**settings, seed=asked.seed, keep=0.05, **FAST)
    begun = time.process_time()
    model = run(generation.train(image_set(count), config=config, room=MemoryRoom()))
    told = settings | {"steps": model.steps, "cpu_seconds": time.process_time() - begun}
    tell(told | dict(model.metrics))
    if asked.keep:
        save_model(model, asked.keep)
    return model


def tell(figures):
    print(json.dumps(runs.rounded(figures)), flush=True)


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--minutes", type=float, default=0.0)
    parser.add_argument("--steps", type=int, default=0)
    parser.add_argument("--latent", type=int, default=16)
    parser.add_argument("--width", type=int, default=32)
    parser.add_argument("--price", type=float, default=1.0)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--spread", type=float, nargs="+", default=[generation.Sample().spread])
    parser.add_argument("--again", type=int, default=generation.Sample().again)
    parser.add_argument("--keep", default="", help="Where the model goes.")
    parser.add_argument("--model", default="", help="One kept before, instead of learning.")
    parser.add_argument("--held-out", type=int, default=0)
    asked = parser.parse_args()
    train, test = parts(asked.held_out)
    model = learned(asked, len(train[0]))
    tell(redrawing(model, train, test) | slider(model))
    network = classifier(*train)
    tell({"classifier": np.mean(seen(network, test[0]) == test[1])})
    for spread in asked.spread:
        figures, by_class = of_drawn(model, network, test, spread, asked.again)
        tell({"spread": spread, "again": asked.again} | figures)
        print(json.dumps({"by_class": by_class}), flush=True)


if __name__ == "__main__":
    main()
