"""Pretexts: networks that redraw what they are not shown, each in its own way.

References
----------
.. [1] Zavrtanik, Kristan, Skocaj, Reconstruction by inpainting for visual anomaly detection,
   Pattern Recognition 2021 (RIAD), section 3 (a U-Net that fills holes).
.. [2] Zavrtanik, Kristan, Skocaj, DRAEM, ICCV 2021, arXiv:2108.07610, section 3.2 (one network
   mends, and says where: here the same one).
.. [3] Zhang, Isola, Efros, Colorful image colorization, ECCV 2016, arXiv:1603.08511, section 2.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

import torch
from torch import Tensor, nn

from napari_simgraph.nets import mae, vit
from napari_simgraph.nets.unet import Reach, UNet
from napari_simgraph.nets.unet import reach as unet_reach

MAE, INPAINTING, COLORIZATION = "mae", "inpainting", "colorization"
NAMES = (MAE, INPAINTING, COLORIZATION)
TOKEN = 16  # px; the squares whose features are compared: means of them, since one is noisy
_WIDTH, _DEPTH = 16, 4  # of the U-Nets: the smallest that fills holes on textures of EM


class Redrawn(NamedTuple):
    """A picture ``(N, C, Y, X)``, and logits ``(N, 1, Y, X)`` of what does not belong in it."""

    picture: Tensor
    doubt: Tensor


class Pretexts(nn.Module):
    """One network for each pretext.

    Parameters
    ----------
    channels
        Of the picture.
    names
        Which pretexts: ``mae``, ``inpainting``, ``colorization``.
    encoder
        Of the masked autoencoder: ``conv`` or ``vit``, its width, its depth, its window in pixels.
    """

    def __init__(
        self, channels: int, names: Sequence[str], encoder: tuple[str, int, int, int]
    ) -> None:
        super().__init__()
        self.networks = nn.ModuleDict({name: _network(name, channels, encoder) for name in names})

    def fold(self) -> None:
        """Take the normalisations into the convolutions."""
        for network in self.networks.values():
            network.fold()  # type: ignore[operator]

    @property
    def hiding(self) -> tuple[str, ...]:
        """The pretexts that hide parts of the picture."""
        return tuple(name for name in self.networks if name != COLORIZATION)

    def forward(self, x: Tensor) -> Tensor:
        """What the first network gives where nothing is hidden: signatures are taken on the way."""
        name = next(iter(self.networks))
        given: Tensor = self.networks[name](_shown(name, x))
        return given

    def redraw(self, name: str, x: Tensor, hidden: Tensor) -> Redrawn:
        """The picture from what is not `hidden` ``(N, 1, Y, X)``, True or 1."""
        return _redrawn(self._from_rest(name, x, hidden))

    def picture(self, name: str, x: Tensor, hidden: Tensor) -> Tensor:
        """The same without doubt, in the network's own precision."""
        return self._from_rest(name, x, hidden)[:, :-1]

    def color(self, x: Tensor) -> Tensor:
        """Colours ``(N, 2, Y, X)`` guessed from the brightness of ``(N, 3, Y, X)``."""
        return self._whole(COLORIZATION, x)[0]

    def colored(self, x: Tensor) -> tuple[Tensor, Tensor]:
        """The same, and the `tokens` of it, in one pass."""
        guessed, stages = self._whole(COLORIZATION, x)
        return guessed, _tokens(stages, x)

    def mended(self, name: str, x: Tensor) -> tuple[Redrawn, Tensor]:
        """The picture where nothing is hidden, and the `tokens` of it, in one pass."""
        drawn, stages = self._whole(name, x)
        return _redrawn(drawn), _tokens(stages, x)

    def tokens(self, x: Tensor) -> Tensor:
        """Features ``(N, F, Y / 16, X / 16)`` of what the first network sees."""
        name = next(iter(self.networks))
        network: Any = self.networks[name]
        return _tokens(network.stages(_shown(name, x)), x)

    def _from_rest(self, name: str, x: Tensor, hidden: Tensor) -> Tensor:
        told = hidden.to(x.dtype).expand(len(x), -1, -1, -1)
        shown = torch.cat([x.masked_fill(hidden > 0, 0), told], 1)
        given: Tensor = self.networks[name](shown.contiguous(memory_format=torch.channels_last))
        return given

    def _whole(self, name: str, x: Tensor) -> tuple[Tensor, list[Tensor]]:
        """What a network gives where nothing is hidden, and its stages."""
        network: Any = self.networks[name]
        shown = _shown(name, x)
        stages = network.stages(shown)
        if isinstance(network, vit.ViTMAE):  # its decoder asks which windows there are
            return network(shown), stages
        return network.finished(stages), stages


def _shown(name: str, x: Tensor) -> Tensor:
    """What a network looks at where nothing is hidden."""
    if name == COLORIZATION:
        return opponent(x)[:, :1].contiguous()
    shown = torch.cat([x, torch.zeros_like(x[:, :1])], 1)
    return shown.contiguous(memory_format=torch.channels_last)


def _redrawn(drawn: Tensor) -> Redrawn:
    drawn = drawn.float()
    return Redrawn(drawn[:, :-1], drawn[:, -1:])


def _tokens(stages: Sequence[Tensor], x: Tensor) -> Tensor:
    """Stages on the grid of the tokens of a picture, where they are near to it."""
    side = x.shape[-1] // TOKEN
    fitting = [one for one in stages if side <= one.shape[-1] <= 4 * side]
    return torch.cat([_at(one, side) for one in fitting], 1)


def opponent(x: Tensor) -> Tensor:
    """Brightness, red against green, yellow against blue of ``(N, 3, Y, X)``; lengths stay."""
    red, green, blue = x[:, 0], x[:, 1], x[:, 2]
    light = (red + green + blue) / 3**0.5
    return torch.stack([light, (red - green) / 2**0.5, (red + green - 2 * blue) / 6**0.5], 1)


def _at(stage: Tensor, side: int) -> Tensor:
    """A stage on the grid of the tokens."""
    times = stage.shape[-1] // side
    return nn.functional.avg_pool2d(stage, times) if times > 1 else stage


def _network(name: str, channels: int, encoder: tuple[str, int, int, int]) -> nn.Module:
    kind, width, depth, window = encoder
    if name == INPAINTING:
        return UNet(channels + 1, channels + 1, (_WIDTH, _DEPTH), residual=False)
    if name == COLORIZATION:
        return UNet(1, 2, (_WIDTH, _DEPTH), residual=False)
    if kind == "vit":
        return vit.ViTMAE(channels, window, width, depth)
    return mae.ConvMAE(channels, width, depth)


def build(
    channels: int,
    names: Sequence[str],
    encoder: str = "conv",
    width: int = 48,
    depth: int = 3,
    window: int = 0,
) -> Pretexts:
    """Networks for these pretexts; see `Pretexts`."""
    return Pretexts(channels, names, (encoder, width, depth, window))


def reach(options: Mapping[str, Any]) -> Reach:
    """How far the farthest of them looks, and a stride that suits all."""
    found = [_reach(name, options) for name in options["names"]]
    stride = max(max(one.stride for one in found), TOKEN)  # all are powers of 2, or the window
    return Reach(max(one.radius for one in found), stride)


def _reach(name: str, options: Mapping[str, Any]) -> Reach:
    if name != MAE:
        return unet_reach({"depth": _DEPTH})
    if options.get("encoder") == "vit":
        return vit.reach(int(options["window"]))
    return mae.reach(int(options.get("depth", 3)))
