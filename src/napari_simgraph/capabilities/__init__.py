"""What the plugin can do: one file each; its name is its name everywhere."""

from __future__ import annotations

from importlib import import_module
from types import ModuleType

NAMES = (
    "segmentation",
    "objects",
    "embedding",
    "similarity",
    "interest",
    "anomaly",
    "classification",
    "generation",
    "signature",
)


def load(name: str) -> ModuleType:
    """The module of a capability.

    Raises
    ------
    ValueError
        There is none of that name.
    """
    if name not in NAMES:
        raise ValueError(f"There is no capability '{name}'; there are {', '.join(NAMES)}.")
    return import_module(f"napari_simgraph.capabilities.{name}")
