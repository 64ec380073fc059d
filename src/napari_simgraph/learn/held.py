"""The network that a model holds: its weights stand among other arrays of the model."""

from __future__ import annotations

from typing import Any

from numpy.typing import NDArray

from napari_simgraph.core.model import Model
from napari_simgraph.learn.state import unpack
from napari_simgraph.nets import build

NETWORK = "network/"  # before the names of the network's arrays in a model


def held_weights(model: Model) -> dict[str, NDArray[Any]]:
    """The weights of a model's network, by their names in it."""
    start = len(NETWORK)
    return {k[start:]: values for k, values in model.arrays.items() if k.startswith(NETWORK)}


def held_network(model: Model) -> Any:
    """The network of a model, with its weights.

    Raises
    ------
    ValueError
        The weights don't fit.
    """
    network = build(model.network["name"], **model.network["options"])
    unpack(network, held_weights(model))
    return network
