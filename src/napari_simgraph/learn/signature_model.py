"""Networks to look into: any model of ours, or weights in a file and the name of their network."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from difflib import get_close_matches
from typing import Any

import numpy as np
import torchvision
from numpy.typing import NDArray
from torch import nn

from napari_simgraph.core.geometry import PIXEL
from napari_simgraph.core.model import BUILDER, FROM_FILE, Model
from napari_simgraph.core.patches import Rows
from napari_simgraph.core.raster import Image, ImageSet, each_image
from napari_simgraph.learn.embedding_model import fitting_patch
from napari_simgraph.learn.held import held_weights
from napari_simgraph.learn.patchwork import Patchwork, Tiling
from napari_simgraph.learn.pixel_model import check_channels, neighbours
from napari_simgraph.learn.state import unpack
from napari_simgraph.nets import NAMES, build, folded, reach

_PATCH = 64  # px, where neither the person nor the model says it: a cell body in most pictures
_IMAGENET = ((0.485, 0.456, 0.406), (0.229, 0.224, 0.225))  # mean and spread of light 0 to 1
OF_GRAPHS = "'{}' looks at graphs, not at pictures: choose a model that sees patches."
NO_BUILDER = "Say which network the weights belong to: --builder resnet18, or one of ours."


@dataclass(frozen=True)
class Looked:
    """A network with what has to be known to show it patches.

    Parameters
    ----------
    network
        Any module.
    classes
        What its answers mean; empty where they are no classes.
    patch, stride
        The side of a patch, 0 where it doesn't matter; and what it must be a multiple of.
    sections
        Sections above and below that it sees as well.
    rule
        How its inputs are normalised.
    channels
        Of a picture; 0 where any number will do.
    whole
        It looks at whole pictures of any size, not at patches of them.
    """

    network: nn.Module
    classes: tuple[str, ...] = ()
    patch: int = 0
    stride: int = 1
    sections: int = 0
    rule: Mapping[str, Any] | None = None
    channels: int = 0
    whole: bool = False

    @property
    def side(self) -> int:
        """The side of its input where no picture says otherwise."""
        return self.patch or -(-_PATCH // self.stride) * self.stride


@dataclass(frozen=True)
class Around(Patchwork):
    """Patches with so many sections above and below as further channels."""

    sections: int = 0

    def patches(self, rows: Rows) -> NDArray[np.float32]:
        """Inputs ``(N, C (2 s + 1), P, P)`` of some rows; the outermost section is repeated."""
        if not self.sections:
            return super().patches(rows)
        last = np.array([one.sections for one in self.grid.sources])[self.grid.image] - 1
        parts = []
        for off in range(-self.sections, self.sections + 1):
            z = np.clip(self.grid.z + off, 0, last)
            there = replace(self, grid=replace(self.grid, z=z), sections=0)
            parts.append(there.patches(rows))
        return np.concatenate(parts, axis=1)


def look_into(model: Model, image: Image | ImageSet | None, builder: str = "") -> Looked:
    """The network of a model with its weights, ready for patches of an image (if there is one).

    Raises
    ------
    ValueError
        The weights don't fit, or the network wants other images.
    """
    first = each_image(image)[0] if image is not None else None
    if model.capability == FROM_FILE:
        return _from_file(model, first, builder or str(model.network.get(BUILDER, "")))
    if model.network["name"] == "graph":
        raise ValueError(OF_GRAPHS.format(model.name))
    if first is not None:
        check_channels(model, first.channels)
    name, options = str(model.network["name"]), dict(model.network["options"])
    network = build(name, **options)
    unpack(network, weights_of(model))
    network = folded(network) if hasattr(network, "fold") else network.eval()
    sections = neighbours(model.network, model.channels) if name == "unet" else 0
    return Looked(
        network,
        model.classes.names,
        int(model.network.get("patch") or options.get("window", 0)),  # of what looks at windows
        reach(name, options).stride,
        sections,
        _rule_of(model),
        model.channels,
        bool(model.network.get("whole")),
    )


def _rule_of(model: Model) -> Mapping[str, Any]:
    """How its inputs are normalised; light from 0 to 1 where it draws, as a shift and a scale."""
    known = model.normalisation
    if known.get("rule") != "range":
        return known
    low, high = np.array(known["low"], float), np.array(known["high"], float)
    return {"shift": low.tolist(), "scale": np.maximum(high - low, 1e-6).tolist()}


def weights_of(model: Model) -> dict[str, NDArray[Any]]:
    """The arrays of a model that belong to its network, by their names in it."""
    return held_weights(model) or dict(model.arrays)


def tiling(
    looked: Looked, model: Model | None, image: Image | ImageSet, how: Any
) -> tuple[Tiling, int]:
    """How patches lie, and the side of the network's input.

    `how` has the settings `patch`, `stride` and `scale`.
    """
    patch = fitting_patch(image, how.patch or looked.patch or _PATCH)
    known = model is not None and model.unit != PIXEL
    known = known and how.scale == "auto" and all(one.has_scale for one in each_image(image))
    pixel = model.spacing[-1] if model is not None and known else 0.0
    unit = model.unit if model is not None else PIXEL
    side = -(-(looked.patch or patch) // looked.stride) * looked.stride
    return Tiling(patch, how.stride or max(1, patch // 2), pixel, unit), side


def _from_file(model: Model, first: Image | None, builder: str) -> Looked:
    if not builder:
        raise ValueError(NO_BUILDER)
    name, _, rest = builder.partition(":")
    options, stride = _options(rest), 1
    check_builder(name)
    if name in torchvision.models.list_models():
        options = _classes_of(name, model.arrays) | options
        network: nn.Module = torchvision.models.get_model(name, weights=None, **options)
    else:
        network, stride = build(name, **options), reach(name, options).stride
    unpack(network, model.arrays)
    channels = _channels_of(network)
    if first is not None and channels:
        check_channels(model.replace(channels=channels), first.channels)
    light = first is not None and first.channels == 3 and name in torchvision.models.list_models()
    rule = _imagenet(first) if light and first is not None else {}
    return Looked(network.eval(), stride=stride, rule=rule, channels=channels)


def check_builder(name: str) -> None:
    """Nothing, where a network of this name is known.

    Raises
    ------
    ValueError
        It isn't: the sentence has names that are like it.
    """
    known = [*torchvision.models.list_models(), *NAMES]
    if name not in known:
        like = get_close_matches(name, known, 3)
        said = f"; names like it are {', '.join(like)}" if like else ": type resnet18, or unet"
        raise ValueError(f"There is no network '{name}'{said}.")


def _options(text: str) -> dict[str, Any]:
    """``width=8,residual=true`` as options: whole numbers, true and false, or words."""
    words = {"true": True, "false": False}
    found: dict[str, Any] = {}
    for pair in filter(None, text.split(",")):
        key, _, value = pair.partition("=")
        found[key.strip()] = int(value) if value.strip().isdigit() else words.get(value, value)
    return found


def _classes_of(name: str, arrays: Mapping[str, NDArray[Any]]) -> dict[str, int]:
    """How many classes weights tell, by the last layer of the network they belong to.

    A file keeps its arrays in any order, so only the network knows which of them is the last.
    """
    last = list(torchvision.models.get_model(name, weights=None).state_dict())[-1]
    return {"num_classes": len(arrays[last])} if last in arrays else {}


def _channels_of(network: nn.Module) -> int:
    """The channels that the first convolution takes; 0 where there is none."""
    convs = (one for one in network.modules() if isinstance(one, nn.Conv2d))
    first = next(convs, None)
    return first.in_channels if first is not None else 0


def _imagenet(image: Image) -> dict[str, Any]:
    """The rule under which torchvision's networks were trained."""
    white = float(np.iinfo(image.dtype).max) if image.dtype.kind == "u" else 1.0
    shift, scale = ([white * n for n in part] for part in _IMAGENET)
    return {"shift": shift, "scale": scale}
