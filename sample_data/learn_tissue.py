"""Learns what live learning begins with: ``python sample_data/learn_tissue.py``, half an hour.

A U-Net learns membrane, cytoplasm, mitochondrion and synapse from drawn sections. Each is drawn in
a look of its own: how dark walls and organelles are, how thick, how sharp, how noisy. What holds in
all of them holds in real sections, too (Tobin et al. 2017, arXiv:1703.06907). The weights lie in
``src/napari_simgraph/learn``, in half precision.
"""

from __future__ import annotations

import argparse
from pathlib import Path

import larva
import numpy as np
import torch
from safetensors.numpy import save_file
from torch.nn import functional

from napari_simgraph.learn import drawn
from napari_simgraph.learn.augment import Augment, augment, settle
from napari_simgraph.learn.losses import Counting, segmentation_loss
from napari_simgraph.learn.state import Average, Optimiser
from napari_simgraph.nets import build
from napari_simgraph.nets.filters import DRAWN

FIRST_SEED, EDGE = 1000, 512  # far from the seed of the sample data, which tests look at
PATCH, BATCH, RATE, WARM = 128, 4, 3e-3, 50
SHARPNESS, REACH, NOISE = (0.4, 1.4), 5, 0.4  # px of a blur, how far it looks, noise after it
LOOKS = {  # from, to: see `larva.Look`
    "wall": (55, 115),
    "width": (1.5, 2.8),
    "body": (5, 70),
    "crista": (5, 35),
    "rim": (10, 60),
    "density": (50, 115),
    "dots": (0.3, 1.6),
    "grain": (0.3, 1.5),
    "blur": (0.5, 1.6),
    "noise": (0.15, 1.3),
}


def sections(plans: int) -> tuple[np.ndarray, np.ndarray]:
    """Two pictures of each plan, each in spreads around its mean, and what is drawn there."""
    pictures, truths = [], []
    for seed in range(FIRST_SEED, FIRST_SEED + plans):
        rng = np.random.default_rng((7, seed))
        plan = larva.plan((2, EDGE, EDGE), seed)
        for z in (0, 1):
            look = larva.Look(**{name: rng.uniform(*ends) for name, ends in LOOKS.items()})
            picture, truth = larva.section(plan, z, look, seed)
            pictures.append((picture - picture.mean()) / picture.std())
            truths.append(truth)
    return np.stack(pictures).astype(np.float32), np.stack(truths)


def batch(pictures, truths, how, step):
    """Varied patches of drawn sections, half of them blurred, some of these noisy again."""
    rng = np.random.default_rng((11, step))
    generator = torch.Generator().manual_seed(step)
    crops, marks = [], []
    for _ in range(BATCH):
        y, x = rng.integers(0, EDGE - how.reading, 2)
        box = (rng.integers(len(pictures)), slice(y, y + how.reading), slice(x, x + how.reading))
        crops.append(pictures[box][None])
        marks.append(np.stack([1 + (truths[box] == v) for v in (1, 2, 3, 4)]).astype(np.uint8))
    inputs, known = (torch.from_numpy(np.stack(part)) for part in (crops, marks))
    sample = settle(augment(inputs, known, how, generator), True)
    inputs = sample.inputs
    if rng.random() < 0.5:
        inputs = blurred(inputs, float(rng.uniform(*SHARPNESS)))
        if rng.random() < 0.5:
            spread = float(rng.uniform(0, NOISE))
            inputs = inputs + spread * torch.randn(inputs.shape, generator=generator)
    return sample._replace(inputs=inputs)


def blurred(inputs, spread):
    """Pictures ``(N, 1, Y, X)`` less sharp."""
    kernel = torch.exp(-(torch.arange(-REACH, REACH + 1) ** 2) / (2 * spread**2))
    kernel = kernel / kernel.sum()
    for axis, pad in ((-2, (0, 0, REACH, REACH)), (-1, (REACH, REACH, 0, 0))):
        shape = [1, 1, 1, 1]
        shape[axis] = len(kernel)
        inputs = functional.conv2d(
            functional.pad(inputs, pad, mode="reflect"), kernel.reshape(shape)
        )
    return inputs


def learned(pictures, truths, steps, seed=0):
    """The averaged weights after so many steps; the rate falls in the second half."""
    network = build("unet", seed=seed, **DRAWN)
    average, optimiser, how = Average(network), Optimiser(network), Augment(PATCH)
    alike = Counting(torch.ones(DRAWN["out_channels"]))
    for step in range(steps):
        sample = batch(pictures, truths, how, step)
        network.train()
        scores = network(sample.inputs)
        loss = segmentation_loss(scores, sample.target, sample.known, alike, True)
        loss.backward()
        optimiser.step(RATE * min(1.0, (step + 1) / WARM, 2 * (1 - step / steps)))
        average.update(network, step)
        if step % 100 == 0:
            print(step, round(float(loss.detach()), 3), flush=True)
    return average.arrays()


def main() -> None:
    """Draw, learn, and write the weights."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--plans", type=int, default=80, help="tissues, two sections each")
    parser.add_argument("--steps", type=int, default=3000)
    parser.add_argument("--out", type=Path, default=Path(drawn.__file__).with_name(drawn.FILE))
    asked = parser.parse_args()
    torch.set_num_threads(1)  # the same weights each time
    arrays = learned(*sections(asked.plans), asked.steps)
    save_file({name: np.asarray(v, np.float16) for name, v in arrays.items()}, asked.out)
    print(f"{asked.out.stat().st_size} bytes in {asked.out}")


if __name__ == "__main__":
    main()
