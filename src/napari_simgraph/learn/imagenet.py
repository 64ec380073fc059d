"""ImageNet: weights of torchvision's networks, downloaded once and checked."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from pathlib import Path
from urllib.parse import urlparse

import torch
import torchvision
from torch import Tensor

_BLOCK = 2**20
OFFLINE = "The weights of ImageNet can't be downloaded: go online, or begin with random ones."
DAMAGED = "The weights of ImageNet arrived damaged: try again, or begin with random ones."


def imagenet(name: str) -> dict[str, Tensor]:
    """The weights of a torchvision network but for its last layer, by name.

    They lie where torch keeps such files (``TORCH_HOME``); the name of the file ends in the
    beginning of its SHA-256, which it is held against. Only tensors are read from it.

    Raises
    ------
    ValueError
        They can't be downloaded, or are damaged.
    """
    url = torchvision.models.get_model_weights(name).DEFAULT.url
    file = Path(torch.hub.get_dir(), "checkpoints", Path(urlparse(url).path).name)
    wanted = file.stem.rpartition("-")[2]
    if not file.is_file():
        try:
            file.parent.mkdir(parents=True, exist_ok=True)
            torch.hub.download_url_to_file(url, str(file), wanted, progress=False)
        except OSError as error:
            raise ValueError(OFFLINE) from error
        except RuntimeError as error:  # another hash
            raise ValueError(DAMAGED) from error
    if not _sha256(file).startswith(wanted):
        file.unlink()
        raise ValueError(DAMAGED)
    state: Mapping[str, Tensor] = torch.load(file, map_location="cpu", weights_only=True)
    return {key: value for key, value in state.items() if not key.startswith("fc.")}


def _sha256(file: Path) -> str:
    digest = hashlib.sha256()
    with file.open("rb") as opened:
        while block := opened.read(_BLOCK):
            digest.update(block)
    return digest.hexdigest()
