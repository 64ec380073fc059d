"""Class model: how its network begins, and what it says of pictures."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from datetime import UTC, datetime
from importlib.metadata import version
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from napari_simgraph.analysis.class_report import tempered
from napari_simgraph.core.model import Model
from napari_simgraph.core.raster import Image, ImageSet, each_image
from napari_simgraph.learn.at_once import AtOnce
from napari_simgraph.learn.class_rows import Labelled
from napari_simgraph.learn.device import Place
from napari_simgraph.learn.held import held_network, held_weights
from napari_simgraph.learn.imagenet import imagenet
from napari_simgraph.learn.likeness import Likeness
from napari_simgraph.learn.members import first_of
from napari_simgraph.learn.pixel_model import check_channels
from napari_simgraph.learn.state import unpack
from napari_simgraph.learn.view_settings import PRESETS, Views, kind_of
from napari_simgraph.nets import build, folded

_LARGEST = 128  # px; larger pictures are shrunk to it: CPU time grows with the square
_SHIFT = 0.06  # share of the side by which pictures are moved: objects lie anywhere
TEMPERATURE = "calibration/temperature"  # name of an array in a model
STARTS = ("embedding", "segmentation", "classification")
LAST = "last"  # of `ClassNetwork.layers`
KNOWS_NOTHING = "The last layer alone learns from what others know: begin with ImageNet or a model."


def side_of(known: Labelled, config: Any) -> int:
    """Side in pixels of what the network sees."""
    if config.size:
        return int(config.size)
    largest = int(known.grid.size[known.rows].max())
    return min(largest, _LARGEST) if known.whole else int(config.patch if largest else _LARGEST)


def views_for(image: Image | ImageSet, config: Any, side: int) -> tuple[Views, str]:
    """What is varied, and the word for it."""
    kind = kind_of(image) if config.views == "auto" else config.views
    if kind == "none":
        return plain_views(side), kind
    views = replace(PRESETS[kind], patch=side).stronger(config.strength)
    return replace(views, shift=max(views.shift, _SHIFT * config.strength)), kind


def plain_views(side: int) -> Views:
    """Pictures as they are."""
    still = Views(side, flips=False, turn=0.0, zoom=1.0, bend=0.0, near=0.0)
    return replace(still, gain=0.0, offset=0.0, noise=0.0, blur=0.0)


def network_of(start: Model | None, config: Any, known: Labelled, shape: tuple[int, int]) -> Any:
    """Name and options of the network for pictures of `shape`: channels and side.

    Raises
    ------
    ValueError
        The model to begin with is of another kind, or for other pictures.
    """
    channels, side = shape
    options: dict[str, Any] = {"classes": len(known.classes), "in_channels": channels}
    told, last = {"patch": side, "whole": known.whole}, config.layers == LAST
    options |= {"hidden": 0, "peaks": True} if last else {"hidden": config.hidden}
    if start is not None:
        options |= _options_of(start, channels, side)
        name = "dense" if start.network["name"] == "dense" else "classifier"
        if last and name == "dense":
            raise ValueError(KNOWS_NOTHING)
        return {"name": name, "options": options, **told}
    if last and (config.weights == "random" or config.network == "dense"):
        raise ValueError(KNOWS_NOTHING)
    if config.network == "dense":
        return {"name": "dense", "options": options | {"patch": side}, **told}
    options |= {"backbone": config.network}
    if config.network == "cnn":  # each level halves the side
        depth = min(config.depth, max(1, side.bit_length() - 1))
        options |= {"width": config.width, "depth": depth}
    return {"name": "classifier", "options": options, **told}


def _options_of(start: Model, channels: int, side: int) -> dict[str, Any]:
    """The options of an encoder that a model brings."""
    if start.capability not in STARTS or start.network["name"] not in (
        *("siamese", "unet", "classifier", "dense"),
    ):
        raise ValueError(f"'{start.name}' has no network to begin with: choose another model.")
    check_channels(start, channels)
    known = dict(start.network["options"])
    if known["in_channels"] != channels:
        raise ValueError(f"'{start.name}' looks at several sections: begin with another model.")
    if start.network["name"] == "dense":
        if known["patch"] != side:
            raise ValueError(f"'{start.name}' sees pictures of {known['patch']} px: set that size.")
        return {"patch": side}
    kept = ("backbone", "width", "depth", "residual")
    return {"backbone": "cnn"} | {key: known[key] for key in kept if key in known}


def fresh(network: Mapping[str, Any], start: Model | None, config: Any) -> nn.Module:
    """The network as it begins: with random weights, those of a model, or of ImageNet.

    Raises
    ------
    ValueError
        Weights of ImageNet are wanted for a network that has none.
    """
    module: Any = build(network["name"], seed=config.seed, **network["options"])
    if start is not None:
        _take(module, start)
    elif config.weights == "imagenet":
        module.encoder.take(imagenet(config.network))
    return module  # type: ignore[no-any-return]


def _take(module: Any, start: Model) -> None:
    """Put in what fits of a model's weights: the encoder, and all of a model of as many classes."""
    if start.network["name"] == "unet":
        arrays = {k: v for k, v in first_of(start).arrays.items() if k.startswith("down.")}
        unpack(module.encoder, arrays)
        return
    named = held_weights(start)
    state = module.state_dict()
    fits = {k: v for k, v in named.items() if k in state and state[k].shape == v.shape}
    own = {k: v.numpy() for k, v in state.items()}
    unpack(module, own | fits)


class Judge:
    """Chances ``(N, K)`` of pictures; see `embedder.Describe`.

    Parameters
    ----------
    network
        A classifier.
    place
        Where to compute.
    temperature
        What scores are divided by.
    likeness
        What stands for rare classes.
    turned
        Whether the mean over flips and quarter turns is taken.
    """

    def __init__(
        self,
        network: nn.Module,
        place: Place,
        temperature: float = 1.0,
        likeness: Likeness | None = None,
        turned: bool = False,
    ) -> None:
        self.network: Any = folded(network).to(place.device)
        self.place, self.temperature = place, temperature
        self.likeness, self.turned = likeness, turned
        self._at_once = AtOnce(place.device)

    def __call__(self, inputs: NDArray[np.float32]) -> NDArray[np.float32]:
        """The chances."""
        return np.concatenate(self._at_once.parts(self._judged, inputs))

    def _judged(self, inputs: NDArray[np.float32]) -> NDArray[np.float32]:
        tensor = torch.from_numpy(inputs).to(self.place.device)
        turns = range(8) if self.turned else range(1)
        found = np.mean([self._chances(_turned(tensor, turn)) for turn in turns], axis=0)
        chances: NDArray[np.float32] = found.astype(np.float32)
        return chances

    def features(self, inputs: NDArray[np.float32]) -> NDArray[np.float32]:
        """What stands just before the scores ``(N, F)``."""
        return self._both(torch.from_numpy(inputs).to(self.place.device))[0]

    def _chances(self, tensor: Tensor) -> NDArray[np.floating]:
        features, scores = self._both(tensor)
        if self.likeness is None:
            return tempered(scores, self.temperature)
        common = np.where(self.likeness.rare, -np.inf, scores)
        chances = scores if self.likeness.rare.all() else tempered(common, self.temperature)
        return self.likeness.mixed(chances, features)

    def _both(self, tensor: Tensor) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
        with self.place.computing(), torch.no_grad():
            features = self.network.features(tensor.contiguous(memory_format=torch.channels_last))
            scores = self.network.head(features)
            return features.float().cpu().numpy(), scores.float().cpu().numpy()


def _turned(tensor: Tensor, turn: int) -> Tensor:
    """One of the eight ways to lay a square picture."""
    flipped = torch.flip(tensor, (3,)) if turn >= 4 else tensor
    return torch.rot90(flipped, turn % 4, (2, 3))


def judge_of(model: Model, place: Place, turned: bool) -> Judge:
    """What a model says of pictures.

    Raises
    ------
    ValueError
        The weights don't fit.
    """
    by = float(np.asarray(model.arrays.get(TEMPERATURE, [1.0])).ravel()[0])
    return Judge(held_network(model), place, by, Likeness.of(model.arrays), turned)


def told(known: Labelled, rule: Mapping[str, Any], module_arrays: Any) -> dict[str, Any]:
    """The fields of a Model that come from the pictures."""
    image = each_image(known.image)[0]
    return {
        "arrays": module_arrays,
        "name": f"{known.image.name} classes",
        "classes": known.classes,
        "channels": image.channels,
        "spacing": () if known.whole else image.spacing,
        "unit": "pixel" if known.whole else image.unit,
        "normalisation": dict(rule),
        "versions": {name: version(name) for name in ("napari-simgraph", "torch", "numpy")},
        "made": datetime.now(UTC).isoformat(timespec="seconds"),
    }
