"""Model folders: description, weights, card and a picture; nothing in them can run."""

from __future__ import annotations

import hashlib
import json
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from napari_simgraph.core.model import FROM_FILE, Model
from napari_simgraph.io.cards import card
from napari_simgraph.io.faults import BROKEN, Told
from napari_simgraph.io.memory import check_memory
from napari_simgraph.io.plain_json import read_json
from napari_simgraph.io.safe import fresh, refused, synced

DESCRIPTION, WEIGHTS, CARD, PREVIEW = "model.json", "weights.safetensors", "card.md", "preview.png"
DIGEST = "weights"  # in the description: a checksum of the file of weights


def save_model(model: Model, folder: str | Path, preview: Any = None) -> Path:
    """The folder that now holds the model; one that was there is replaced at the very end.

    Parameters
    ----------
    model
        What to keep.
    folder
        Where; made where it isn't there.
    preview
        Picture for ``preview.png``, ``(Y, X)`` or ``(Y, X, 3)`` in 8 bits, or None.

    Raises
    ------
    ValueError
        The folder holds something else than a model, or the disk is full or closed to us.
    """
    from safetensors.numpy import save

    target = Path(folder)
    if target.exists() and not (is_model(target) or _is_empty(target)):
        raise Told(f"{target} holds other files: choose a new folder for the model.")
    arrays = {
        key: np.array(value, order="C") for key, value in model.arrays.items()
    }  # 0-d stays 0-d
    weights = bytes(save(arrays, {"format": "napari-simgraph"}))
    told = model.to_json() | {DIGEST: _digest(weights)}
    parts = {WEIGHTS: weights, CARD: card(model).encode()}
    if preview is not None:
        from imagecodecs import png_encode

        parts[PREVIEW] = bytes(png_encode(np.ascontiguousarray(preview, np.uint8)))
    parts[DESCRIPTION] = json.dumps(told, indent=2, ensure_ascii=False).encode()
    try:
        with fresh(target) as temporary:
            temporary.mkdir()
            for name, content in parts.items():
                synced(temporary / name, content)
    except OSError as error:
        raise Told(f"{target} can't be written: {refused(error)}.") from error
    return target


def load_model(folder: str | Path) -> Model:
    """The model in a folder.

    Raises
    ------
    ValueError
        The folder is no model, broken, or from a newer version.
    """
    path = Path(folder)
    info = _description(path)
    weights = path / WEIGHTS
    if not weights.is_file():
        raise Told(f"The model {path} is broken: {WEIGHTS} is missing.")
    try:
        arrays = _weights(weights, info.get(DIGEST))
    except Told:
        raise
    except BROKEN:
        raise Told(f"The model {path} is broken: {WEIGHTS} can't be read.") from None
    try:
        model = Model.from_json(info, arrays)
    except ValueError as error:
        raise Told(f"{path}: {error}") from None
    except BROKEN:
        raise Told(f"The model {path} is broken: {DESCRIPTION} can't be understood.") from None
    if not arrays:
        raise Told(f"The model {path} is broken: it holds no weights.")
    return model


def load_weights(path: str | Path) -> Model:
    """Weights in a ``.safetensors`` file, as a model that doesn't say what its network is.

    Raises
    ------
    ValueError
        The file is not there or broken.
    """
    file = Path(path)
    if not file.is_file():
        raise Told(f"{file} is not there: check the path of the weights.")
    try:
        arrays = _weights(file)
    except Told:
        raise
    except BROKEN:
        raise Told(f"{file} holds no weights that can be read.") from None
    return Model(FROM_FILE, arrays, {"name": "", "options": {}}, name=file.stem)


def _weights(file: Path, digest: Any = None) -> dict[str, NDArray[Any]]:
    """The arrays in a file, held against the checksum of its bytes where there is one."""
    from safetensors import SafetensorError
    from safetensors.numpy import load

    check_memory(2 * file.stat().st_size, file)  # the bytes, and the arrays made of them
    content = file.read_bytes()
    if digest not in (None, _digest(content)):
        raise ValueError("Some of it has changed since it was written.")
    try:
        arrays: dict[str, NDArray[Any]] = load(content)
    except SafetensorError as error:
        raise ValueError("It is cut off or something else.") from error
    return arrays


def _digest(content: bytes) -> str:
    """16 hexadecimal digits of some bytes."""
    return hashlib.blake2b(content, digest_size=8).hexdigest()


def is_model(folder: str | Path) -> bool:
    """Whether a folder looks like a model."""
    return (Path(folder) / DESCRIPTION).is_file()


def _is_empty(path: Path) -> bool:
    return path.is_dir() and not any(path.iterdir())


def _description(path: Path) -> dict[str, Any]:
    if not path.exists():
        raise Told(f"{path} is not there: check the path of the model.")
    if not is_model(path):
        raise Told(f"{path} is no model: a model is a folder with {DESCRIPTION} in it.")
    try:
        info = read_json(path / DESCRIPTION)
    except (ValueError, OSError):
        raise Told(f"The model {path} is broken: {DESCRIPTION} can't be read.") from None
    if not isinstance(info, dict):
        raise Told(f"The model {path} is broken: {DESCRIPTION} can't be understood.")
    return info
