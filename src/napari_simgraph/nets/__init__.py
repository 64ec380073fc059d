"""Networks, one architecture per file; nothing but torch.nn."""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from torch import nn

NAMES = ("unet",)


def build(name: str, **options: Any) -> nn.Module:
    """The network of that name with fresh weights.

    Raises
    ------
    ValueError
        There is no such network.
    """
    if name not in NAMES:
        raise ValueError(f"There is no network '{name}'; there are {', '.join(NAMES)}.")
    network: nn.Module = import_module(f"napari_simgraph.nets.{name}").build(**options)
    return network
