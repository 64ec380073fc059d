"""Networks: torch.nn only, one architecture per file."""

from __future__ import annotations

import copy
from collections.abc import Mapping
from importlib import import_module
from typing import Any

import torch
from torch import nn

from napari_simgraph.nets import classifier, dense, encoder, filters, pretexts, unet, vae
from napari_simgraph.nets.several import Several
from napari_simgraph.nets.unet import Reach

_ARCHITECTURES = {
    "classifier": classifier,
    "dense": dense,
    "filters": filters,
    "pretexts": pretexts,
    "siamese": encoder,
    "unet": unet,
    "vae": vae,
}
NAMES = tuple(_ARCHITECTURES)
UNKNOWN = "The network '{}' of this model has options we don't know."
# What a model asks for is looked at before it is built: its description may claim anything.
_STAGES = ("depth", "hops", "members")  # options that add layers
_MOST_LEVELS, _MOST_LAYERS = 12, 64  # each level doubles what is looked at, layers don't
_LARGEST, _MOST_WEIGHTS = 2**16, 2**31
_STRANGE = (TypeError, ValueError, LookupError, AttributeError, ArithmeticError, RuntimeError)
_TOGETHER = ("unet",)  # networks of which several may answer together
_SLOW = ("graph",)  # imported when first asked for: torch-geometric takes seconds


def build(name: str, *, seed: int = 0, **options: Any) -> nn.Module:
    """A network with random weights drawn from `seed`, torch's global generator untouched.

    Parameters
    ----------
    name
        The architecture: ``classifier``, ``dense``, ``filters``, ``pretexts``, ``siamese``,
        ``unet``, ``vae`` or ``graph``.
    seed
        Of the weights.
    options
        Of the architecture; plain JSON, kept in the model. Those of a ``unet`` may have `members`:
        so many answer together.

    Raises
    ------
    ValueError
        There is no such architecture, or it has no such options.
    """
    architecture = _find(name)
    _check(name, options)
    try:
        with torch.device("meta"):  # draws no weights: the drawing is done below
            network = _several(name, architecture, **options)
    except _STRANGE:
        raise ValueError(UNKNOWN.format(name)) from None
    if sum(weights.numel() for weights in network.parameters()) > _MOST_WEIGHTS:
        raise ValueError(UNKNOWN.format(name))
    network = network.to_empty(device="cpu")
    draw = getattr(architecture, "draw", _draw)
    draw(network, torch.Generator().manual_seed(seed))
    return network.to(memory_format=torch.channels_last)


def folded(network: nn.Module) -> nn.Module:
    """A copy for use only, its normalisations taken into its convolutions.

    Faster, and the same at every place: batch normalisation rounds differently at the edge of a
    tile than inside it.
    """
    copied: Any = copy.deepcopy(network).eval()
    copied.fold()
    folded_network: nn.Module = copied
    return folded_network


def reach(name: str, options: Mapping[str, Any]) -> Reach:
    """How far the network looks, in pixels, and the stride of its coarsest grid."""
    _check(name, options)
    looked: Reach = _find(name).reach(options)
    return looked


def _check(name: str, options: Mapping[str, Any]) -> None:
    """Nothing, where no number among the options is so large that it would never end."""
    deepest = _MOST_LAYERS if options.get("encoder") == "vit" else _MOST_LEVELS
    for key, value in options.items():
        largest = deepest if key in _STAGES else _LARGEST
        if isinstance(value, int) and not 0 <= value <= largest:
            raise ValueError(UNKNOWN.format(name))


def _several(name: str, architecture: Any, members: int = 1, **options: Any) -> nn.Module:
    """A network without weights, or several of the kind that answer together."""
    if members != 1 and (members < 1 or name not in _TOGETHER):
        raise ValueError(UNKNOWN.format(name))
    made: list[nn.Module] = [architecture.build(**options) for _ in range(members)]
    return Several(made) if members > 1 else made[0]


def _find(name: str) -> Any:
    if name in _SLOW:
        return import_module(f"napari_simgraph.nets.{name}")
    if name not in _ARCHITECTURES:
        raise ValueError(f"There is no network '{name}'; there are {', '.join(_ARCHITECTURES)}.")
    return _ARCHITECTURES[name]


def _draw(network: nn.Module, generator: torch.Generator) -> None:
    """He initialisation [1]_: keeps the spread of values from layer to layer.

    References
    ----------
    .. [1] He et al., Delving deep into rectifiers, ICCV 2015, arXiv:1502.01852, eq. 10.
    """
    for module in network.modules():
        if isinstance(module, nn.Conv2d | nn.Linear):
            nn.init.kaiming_normal_(module.weight, nonlinearity="relu", generator=generator)
            if module.bias is not None:
                nn.init.zeros_(module.bias)
        elif isinstance(module, nn.BatchNorm1d | nn.BatchNorm2d | nn.LayerNorm):
            module.reset_parameters()
        elif isinstance(module, filters.Filters):
            module.reset()
