"""Drawn: what a U-Net learned from drawn tissue, so that nothing is learned from nothing.

``python sample_data/learn_tissue.py`` draws sections of an imagined larva in many looks, learns
walls, insides, mitochondria and synapses from them, and leaves the weights beside this file. No
picture of anybody's is in them.
"""

from __future__ import annotations

from collections.abc import Mapping
from importlib.resources import files
from typing import Any

import numpy as np
from numpy.typing import NDArray
from safetensors.numpy import load

from napari_simgraph.learn.state import pack, unpack
from napari_simgraph.nets import build
from napari_simgraph.nets.filters import DRAWN, Filters

FILE = "drawn_tissue.safetensors"


def weights() -> dict[str, NDArray[Any]]:
    """The weights of a U-Net with the options `DRAWN`, by name."""
    stored = load(files(__package__).joinpath(FILE).read_bytes())
    return {name: np.asarray(value, np.float32) for name, value in stored.items()}


def knows(network: Mapping[str, Any]) -> bool:
    """Whether a network of this name and these options can begin with them."""
    options = dict(network["options"])
    alike = {k: v for k, v in DRAWN.items() if k != "out_channels"}
    return network["name"] == "unet" and alike.items() <= options.items()


def begun(network: Mapping[str, Any], seed: int) -> dict[str, NDArray[Any]]:
    """Weights of a U-Net that `knows` drawn tissue; its last layer is random."""
    own, known = pack(build(network["name"], seed=seed, **network["options"])), weights()
    return {k: v if k.startswith("head.") else known[k] for k, v in own.items()}


def eyes(options: Mapping[str, Any]) -> Filters:
    """Filters with a random head: what they find in a picture is what counts."""
    made: Any = build("filters", out_channels=2, hidden=1, **options)
    if made.trunk is not None:
        unpack(made.trunk, weights())
    filters: Filters = made
    return filters


def whole(filters: Filters) -> dict[str, NDArray[Any]]:
    """All arrays of filters whose head alone was learned."""
    arrays = pack(filters)
    if filters.trunk is None:
        return arrays
    return arrays | {f"trunk.{name}": value for name, value in weights().items()}
