"""Members: the first network of a model, for who takes networks apart."""

from __future__ import annotations

from napari_simgraph.core.model import Model

_FIRST = "members.0."


def first_of(model: Model) -> Model:
    """A model of its first network alone, where several answer together; else the same."""
    options = dict(model.network.get("options", {}))
    if int(options.pop("members", 1)) == 1:
        return model
    own = {k.removeprefix(_FIRST): v for k, v in model.arrays.items() if k.startswith(_FIRST)}
    return model.replace(arrays=own, network=dict(model.network) | {"options": options})
