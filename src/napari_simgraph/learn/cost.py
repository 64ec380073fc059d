"""Cost: about how long, how much memory and how much disk a U-Net takes, before it begins.

Counted from the layers of `nets/unet.py` without building them, so that a form can say it at each
change; the factors beside the counts were measured (`docs/benchmarks.md`).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from itertools import pairwise
from typing import Any

from napari_simgraph.core.model import Model
from napari_simgraph.core.raster import Image

# Bytes of a process that has loaded torch and our own code; a GPU's driver adds as much again.
_PROCESS = 580e6
_LEARNING, _PAINTING = 230e6, 30e6  # what libraries and buffers take besides, whatever the size
_FLOAT = 4
_TRAIN_FLOATS = 9.5  # numbers kept per pixel and feature of full size, gradients included
_APPLY_FLOATS = 3.2  # the same where layers are let go of one after the other
# px of a tile on the CPU, of what is read around it, and of that beyond the image (`predict`)
_TILE, _HALO, _MARGIN = 512, 96, 16
_ONE_TILE = 1.5  # a section up to so many tiles wide is one tile
_ORIENTATIONS = {"none": 1, "flips": 4, "full": 8, "sizes": 8}
_LARGER = 1.25**2  # times the pixels, where a second size is looked at
_STEP = 4.7  # forward passes that a training step costs, varying of the patches included
_FIRST = 13  # steps that `fit` takes to time the others, besides those it planned
_COPIES = 9  # of the weights on disk: two checkpoints of four, and the model
_NOMINAL = 2.2e10  # multiplications a second of a laptop, where nothing was measured yet
_LABELS_SHARE, _MAPS_SHARE = 0.06, 0.75  # what compression leaves of classes and of probabilities


@dataclass(frozen=True)
class Cost:
    """Seconds (below 0 where unknown), bytes of memory and bytes on disk."""

    seconds: float
    memory: float
    disk: float


@dataclass(frozen=True)
class Shape:
    """A U-Net: channels in, classes out, features at full size, levels; how many answer."""

    channels: int
    classes: int
    width: int
    depth: int
    members: int = 1

    @classmethod
    def of(cls, options: Mapping[str, Any]) -> Shape:
        """From the options of `nets.unet.build`."""
        width, depth = int(options.get("width", 16)), int(options.get("depth", 4))
        channels, classes = int(options["in_channels"]), int(options["out_channels"])
        return cls(channels, classes, width, depth, int(options.get("members", 1)))

    def weights(self) -> float:
        """How many numbers it holds."""
        each = sum(inside * outside * k for inside, outside, k, _ in self._layers())
        return float(self.members * each)

    def multiplications(self) -> float:
        """How many a pixel takes in one forward pass."""
        each = sum(i * o * k / 4**level for i, o, k, level in self._layers())
        return float(self.members * each)

    def _layers(self) -> list[tuple[int, int, int, int]]:
        """Channels in and out, size of the kernel in pixels, and level of each convolution."""
        sizes = [self.width * 2**level for level in range(self.depth)]
        found, before = [], self.channels
        for level, outside in enumerate(sizes):
            found += [(before, outside, 9, level), (outside, outside, 9, level)]
            before = outside
        for level, (flat, deep) in enumerate(pairwise(sizes)):
            found += [(deep, flat, 1, level + 1), (2 * flat, flat, 9, level)]
            found += [(flat, flat, 9, level)]
        return [*found, (self.width, self.classes, 1, 0)]


def of_training(shape: Shape, patch: int, batch: int, seconds: float) -> Cost:
    """What learning takes; `seconds` is what it was given, or below 0."""
    features = shape.width * (2 - 0.5 ** (shape.depth - 1))  # each level holds half as many
    crops = shape.members * batch  # each learns from its own
    memory = _LEARNING + crops * patch**2 * features * _TRAIN_FLOATS * _FLOAT
    return Cost(seconds, _PROCESS + memory, _COPIES * _FLOAT * shape.weights())


def of_painting(
    shape: Shape, image: Image, sections: int, config: Mapping[str, Any], speed: float
) -> Cost:
    """What segmenting so many sections takes at a speed in multiplications a second."""
    height, width = image.plane
    tile = [n if n <= _ONE_TILE * _TILE else _TILE for n in (height, width)]
    around = [min(t + 2 * _HALO, n + 2 * _MARGIN) for t, n in zip(tile, image.plane, strict=True)]
    read = around[0] * around[1]
    turns = _ORIENTATIONS[str(config["average"])]
    more = read / (tile[0] * tile[1])  # what is read around each tile is computed too
    larger = _LARGER if config["average"] == "sizes" else 0.0
    work = sections * height * width * more * turns * (1 + larger) * shape.multiplications()
    features = shape.width * (2 - 0.5 ** (shape.depth - 1))
    pixels, output = image.sections * height * width, str(config["output"])
    made = pixels * (output in ("classes", "both", "all") or "classes" in output)
    maps = _FLOAT * shape.classes * pixels * (output in ("probability", "both", "all"))
    memory = _PROCESS + _PAINTING + read * max(1, larger) * features * _APPLY_FLOATS * _FLOAT
    share = sections / image.sections
    disk = share * (made * _LABELS_SHARE + maps * _MAPS_SHARE)
    return Cost(work / speed if speed > 0 else -1.0, memory, disk)


def learning_speed(model: Model) -> float:
    """Multiplications a second that a model was learned at; a usual number where it is not told."""
    told, minutes = model.settings, float(model.settings.get("minutes", 0))
    if told.get("steps") or told.get("epochs") or not minutes or not model.steps:
        return _NOMINAL
    crops = int(model.data.get("last_batch", told.get("batch", 4)))
    planned = int(model.data.get("planned_steps", model.steps))  # more than were made, if stopped
    shape, patch = Shape.of(model.network["options"]), int(told.get("patch", 192))
    return (_FIRST + planned) * crops * patch**2 * shape.multiplications() * _STEP / (60 * minutes)
