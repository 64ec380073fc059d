"""Model: what a job learned, as named arrays and JSON; nothing in it can run."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass, field, fields, replace
from typing import Any, Self

import numpy as np
from numpy.typing import NDArray

from napari_simgraph.core.classes import ClassTable
from napari_simgraph.core.geometry import PIXEL
from napari_simgraph.core.job import plain

FROM_FILE = "file"  # the capability of weights that came without a description
BUILDER = "builder"  # in `network` of such a model: how it is made, as a person said it
DAMAGED = "This model is damaged: see '{}' in its description."
_USED = {"network", "normalisation"}  # parts that jobs look things up in
_LARGEST_PATCH = 2**14  # px; what a patch takes in memory is asked for before it is looked at
_KINDS: Mapping[str, Any] = {"str": str, "int": int, "bool": bool, "Mapping": Mapping}
FORMAT = 1  # of model.json; raised when a reader of the old one would misread the new


@dataclass(frozen=True, eq=False)
class Model:
    """A trained network with all that is needed to use it and to make it again.

    Parameters
    ----------
    capability, name
        Which capability made it, and what it is called in menus.
    arrays
        Weights by name.
    network
        ``{"name": ..., "options": {...}}`` for `nets.build`.
    settings
        The settings it was trained with.
    classes, boundary, exclusive
        What its outputs mean, the class that separates cells (``""`` if none), and whether a
        pixel has one class.
    channels
        Channels of an input image.
    spacing, unit
        Pixel size ``(z, y, x)`` or ``(y, x)`` of the training image.
    normalisation
        How raw pixels became network inputs.
    metrics, history
        Scores on what was kept aside; curves as ``{"loss": [[step, value], ...]}``.
    versions, seed, steps, data, made
        Versions of the libraries, random seed, training steps, fingerprints of what it learned
        from, and when (ISO 8601).
    origin
        The recipe that it was made by on the command line, see `core.recipe`.
    """

    capability: str
    arrays: Mapping[str, NDArray[Any]]
    network: Mapping[str, Any]
    name: str = "model"
    settings: Mapping[str, Any] = field(default_factory=dict)
    classes: ClassTable = field(default_factory=lambda: ClassTable(()))
    boundary: str = ""
    exclusive: bool = True
    channels: int = 1
    spacing: tuple[float, ...] = ()
    unit: str = PIXEL
    normalisation: Mapping[str, Any] = field(default_factory=dict)
    metrics: Mapping[str, float] = field(default_factory=dict)
    history: Mapping[str, Any] = field(default_factory=dict)
    versions: Mapping[str, str] = field(default_factory=dict)
    seed: int = 0
    steps: int = 0
    data: Mapping[str, Any] = field(default_factory=dict)
    made: str = ""
    origin: Mapping[str, Any] = field(default_factory=dict)

    @property
    def parameters(self) -> int:
        """How many numbers it holds."""
        return sum(int(array.size) for array in self.arrays.values())

    @property
    def fingerprint(self) -> str:
        """16 hexadecimal digits of the network and its weights."""
        digest = hashlib.blake2b(repr(sorted(plain(self.network).items())).encode(), digest_size=8)
        for key in sorted(self.arrays):
            digest.update(key.encode())
            digest.update(np.ascontiguousarray(self.arrays[key]).tobytes())
        return digest.hexdigest()

    def replace(self, **changes: Any) -> Self:
        """The same with some fields changed."""
        return replace(self, **changes)

    def to_json(self) -> dict[str, Any]:
        """All but the arrays, as plain JSON."""
        values = {f.name: getattr(self, f.name) for f in fields(self) if f.name != "arrays"}
        return {"format": FORMAT, **plain(values | {"classes": self.classes.to_json()})}

    @classmethod
    def from_json(cls, info: Mapping[str, Any], arrays: Mapping[str, NDArray[Any]]) -> Self:
        """The inverse of `to_json`.

        Raises
        ------
        ValueError
            The description is not one of ours, or from a newer version.
        """
        known = info.get("format", 0)
        if not isinstance(known, int) or known > FORMAT:
            raise ValueError("This model was made by a newer version: update napari-simgraph.")
        if "capability" not in info or "network" not in info:
            raise ValueError("This folder holds no napari-simgraph model (model.json says less).")
        own = {"arrays", "classes", "spacing"}
        kinds = {f.name: str(f.type).partition("[")[0] for f in fields(cls) if f.name not in own}
        values = {key: value for key, value in info.items() if key in kinds}
        for key, value in values.items():
            if not isinstance(value, _KINDS[kinds[key]]):
                raise ValueError(DAMAGED.format(key))
        for key in _USED & values.keys():
            values[key] = Said(values[key])
        _check_network(values["network"])
        if not all(type(score) in (int, float) for score in values.get("metrics", {}).values()):
            raise ValueError(DAMAGED.format("metrics"))
        classes = ClassTable.from_json(info.get("classes", []))
        return cls(arrays=arrays, classes=classes, spacing=_sizes(info), **values)


class Said(dict[str, Any]):
    """A part of a description, which says what it lacks."""

    def __missing__(self, key: str) -> Any:
        raise ValueError(DAMAGED.format(key))


def _check_network(told: Mapping[str, Any]) -> None:
    """Nothing, where what a network is built from is of its kind, and of a size there is."""
    options = told.get("options", {})
    if not isinstance(told.get("name", ""), str) or not isinstance(options, Mapping):
        raise ValueError(DAMAGED.format("network"))
    side = told.get("patch", 0)
    if not isinstance(side, int) or not 0 <= side <= _LARGEST_PATCH:
        raise ValueError(DAMAGED.format("patch"))


def _sizes(info: Mapping[str, Any]) -> tuple[float, ...]:
    """The pixel size in a description."""
    try:
        found = tuple(float(size) for size in info.get("spacing", ()))
    except (TypeError, ValueError):
        found = (0.0,)
    if not all(0 < size < float("inf") for size in found):
        raise ValueError(DAMAGED.format("spacing"))
    return found
