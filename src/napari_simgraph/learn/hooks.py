"""Hooks: what the layers of any network give, taken and changed while it computes.

References
----------
.. [1] Bäuerle, Jönsson, Ropinski, Neural activation patterns, arXiv:2206.10611, section 3 (what a
   layer gives, put together per channel, is a signature that can be clustered).
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Any, NamedTuple

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from napari_simgraph.core.shortage import is_out_of_memory
from napari_simgraph.core.signatures import ONE, OVER_PATCH, Layer
from napari_simgraph.learn.patch_sums import Adding, Sums, told

# What only passes on or reshapes what another layer gave.
_PASSING = (
    nn.Identity,
    nn.Flatten,
    nn.Unflatten,
    nn.modules.dropout._DropoutNd,
    nn.modules.pooling._MaxPoolNd,
    nn.modules.pooling._AvgPoolNd,
    nn.modules.pooling._AdaptiveAvgPoolNd,
    nn.modules.pooling._AdaptiveMaxPoolNd,
    nn.Upsample,
    nn.ZeroPad2d,
)
# What belongs to the layer before it: its value is the one that the next layer sees.
_FINISHING = (
    nn.modules.batchnorm._BatchNorm,
    nn.LayerNorm,
    nn.GroupNorm,
    nn.LocalResponseNorm,
    *(getattr(nn, name) for name in nn.modules.activation.__all__ if "Attention" not in name),
)
_CONTAINERS = (nn.Sequential, nn.ModuleList, nn.ModuleDict)


class Node(NamedTuple):
    """A module that gives a tensor: its layer, how deep it lies, whether it ends a stage."""

    layer: Layer
    depth: int
    ends: bool


def tree(network: nn.Module, inputs: Tensor) -> list[Node]:
    """The modules of a network in the order in which it is done with them.

    A module that is used several times stands where it is used last.

    Raises
    ------
    ValueError
        The network does not take such inputs.
    """
    given: dict[str, Layer] = {}

    def note(name: str, module: nn.Module, made: Any) -> None:
        layer = _layer(name, module, made)
        if layer is not None:
            given.pop(name, None)
            given[name] = layer

    with _hooked(network, [name for name, _ in network.named_modules() if name], note):
        _forward(network, inputs)
    ends = set(_ends(network, given))
    return [Node(one, name.count("."), name in ends) for name, one in given.items()]


def chosen(nodes: Sequence[Node], wanted: str) -> list[Layer]:
    """The layers that are asked for.

    Parameters
    ----------
    nodes
        Of `tree`.
    wanted
        Names with commas; ``all``; or empty for those that end a stage.

    Raises
    ------
    ValueError
        A layer is not there or gave nothing.
    """
    known = {node.layer.name: node.layer for node in nodes}
    names = [name.strip() for name in wanted.split(",") if name.strip()]
    if names == ["all"]:
        return list(known.values())
    for name in names:
        if name not in known:
            listed = ", ".join(node.layer.name for node in nodes if node.ends)
            raise ValueError(f"'{name}' gave no values for this input; layers are {listed}.")
    if names:
        return [layer for name, layer in known.items() if name in names]
    return [node.layer for node in nodes if node.ends]


class Recorder:
    """Takes the signature of each input while the network computes.

    Parameters
    ----------
    network
        Any network.
    layers
        Which layers, in the order of the columns.
    """

    def __init__(self, network: nn.Module, layers: Sequence[Layer]) -> None:
        self.network, self.layers = network, layers
        self._found: dict[str, Sums | Tensor] = {}
        self._adding = Adding()

    def __call__(self, inputs: Tensor) -> tuple[NDArray[np.float32], Any]:
        """Signatures ``(N, S)`` of inputs, and what the network answers.

        Raises
        ------
        ValueError
            The network does not take such inputs, or a layer gave nothing.
        """
        self._found.clear()
        with torch.no_grad(), _hooked(self.network, [one.name for one in self.layers], self._take):
            answer = _forward(self.network, inputs)
        for one in self.layers:
            if one.name not in self._found:
                raise ValueError(f"{one.name} gave no values for this input.")
        return columns_of([self._found[one.name] for one in self.layers]), answer

    def _take(self, name: str, module: nn.Module, made: Any) -> None:
        if made.ndim == 2:  # a copy: what comes next may change it in place
            self._found[name] = made.to(torch.float32, copy=True)
        else:
            self._found[name] = self._adding(made)


def columns_of(found: Sequence[Sums | Tensor]) -> NDArray[np.float32]:
    """What layers gave, side by side: values as they are, of sums mean, max and spread."""
    over = iter(told([one for one in found if isinstance(one, Sums)]))
    parts = [next(over) if isinstance(one, Sums) else one for one in found]
    columns: NDArray[np.float32] = torch.cat(parts, 1).cpu().numpy()
    return columns


@contextmanager
def silenced(network: nn.Module, off: Mapping[str, NDArray[np.intp]]) -> Iterator[None]:
    """The network with some neurons of some layers giving 0, by name of the layer."""

    def silence(name: str, module: nn.Module, made: Any) -> Tensor:
        quiet: Tensor = made.clone()
        neurons = torch.from_numpy(np.asarray(off[name], np.int64)).to(quiet.device)
        return quiet.index_fill_(-1 if quiet.ndim == 3 else 1, neurons, 0.0)

    with _hooked(network, off, silence):
        yield


@contextmanager
def _hooked(network: nn.Module, names: Iterable[str], call: Any) -> Iterator[None]:
    """The network with `call(name, module, output)` after each of these modules."""
    modules = dict(network.named_modules())
    handles = []
    try:
        for name in names:
            if name not in modules:
                raise ValueError(f"The network has no layer '{name}': take the signatures again.")
            handles.append(modules[name].register_forward_hook(_hook(call, name)))
        yield
    finally:
        for handle in handles:
            handle.remove()


def _hook(call: Any, name: str) -> Any:
    def hook(module: nn.Module, _: Any, made: Any) -> Any:
        return call(name, module, made)

    return hook


def _forward(network: nn.Module, inputs: Tensor) -> Any:
    try:
        return network(inputs)
    except RuntimeError as error:
        if is_out_of_memory(error):
            raise
        size = " x ".join(str(n) for n in inputs.shape[2:])
        raise ValueError(
            f"This network takes no patches of {size} px with {inputs.shape[1]} channels."
        ) from error


def _layer(name: str, module: nn.Module, made: Any) -> Layer | None:
    """What a module gave as a layer; None for what is no row of numbers per input."""
    if not isinstance(made, Tensor) or not 2 <= made.ndim <= 5 or not made.is_floating_point():
        return None
    shape = tuple(int(n) for n in made.shape[1:])
    neurons = shape[-1] if made.ndim == 3 else shape[0]
    return Layer(name, type(module).__name__, shape, neurons, ONE if made.ndim == 2 else OVER_PATCH)


def _ends(network: nn.Module, given: Mapping[str, Layer]) -> Iterator[str]:
    """The last module of each stage: a block, or a layer with what finishes it."""
    inmost, path = _unwrapped(network, given)
    units = dict(_units(inmost, given, path))
    stage = ""
    for name in (n for n in given if n in units and not isinstance(units[n], _PASSING)):
        if not isinstance(units[name], _FINISHING):
            if stage:
                yield stage
            stage = name
        elif stage and given[stage].neurons == given[name].neurons:
            stage = name  # what normalises other numbers, put together from several, is no layer
    if stage:
        yield stage


def _unwrapped(network: nn.Module, given: Mapping[str, Layer]) -> tuple[nn.Module, str]:
    """The module in which all that is computed lies, as in a wrapper, and its path with a dot."""
    path = ""
    while True:
        inside = [
            (f"{path}{name}", module)
            for name, module in network.named_children()
            if any(f"{one}.".startswith(f"{path}{name}.") for one in given)
        ]
        if len(inside) != 1 or not any(inside[0][1].children()):
            return network, path
        path, network = f"{inside[0][0]}.", inside[0][1]


def _units(
    network: nn.Module, given: Mapping[str, Layer], prefix: str
) -> Iterator[tuple[str, nn.Module]]:
    """What containers hold: blocks and single layers, but nothing from inside a block."""
    for name, module in network.named_children():
        path = f"{prefix}{name}"
        if path in given and not isinstance(module, _CONTAINERS):
            yield path, module
        else:
            yield from _units(module, given, f"{path}.")
