"""PNG and JPEG: 8 and 16 bits, palettes, opacity; decoded when asked for."""

from __future__ import annotations

import struct
import warnings
from dataclasses import dataclass
from math import prod
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from napari_simgraph.io.faults import Told, check_file, telling
from napari_simgraph.io.lazy import PlaneCache, Planes
from napari_simgraph.io.memory import check_memory
from napari_simgraph.io.raw import Raw

SUFFIXES = (".png", ".jpg", ".jpeg")
_PNG, _JPEG = b"\x89PNG\r\n\x1a\n", b"\xff\xd8"
_JPEG_HEAD = 2**20  # previews and colour profiles may stand before the size
_PNG_END = b"IEND\xaeB`\x82"
# JPEG markers with the size in them (start of frame): C0 to CF without the tables C4, C8, CC.
_FRAMES = {0xC0 + i for i in range(16)} - {0xC4, 0xC8, 0xCC}
_GREY, _PALETTE, _GREY_ALPHA, _RGBA = 0, 3, 4, 6


@dataclass(frozen=True)
class Header:
    """What a picture file says at its beginning."""

    kind: str
    shape: tuple[int, ...]
    dtype: np.dtype[Any]
    palette: bool = False
    alpha: bool = False


def read_picture(path: Path, cache: PlaneCache | None = None, indices: bool = False) -> Raw:
    """A PNG or JPEG file, decoded when asked for; opacity is left out.

    Parameters
    ----------
    path
        The file.
    cache
        Where decoded pictures are kept for a while.
    indices
        For pictures with a palette: their values in place of their colours.

    Raises
    ------
    ValueError
        The file is missing, empty, cut off or no picture.
    """
    check_file(path)
    with telling(path, "picture"):
        head = header(path)
        palette = indices and head.palette
        shape = head.shape[:2] if palette else head.shape
        check_memory(prod(head.shape) * head.dtype.itemsize, path)
        lazy = Planes((), shape, head.dtype, Decode(path, head, palette), cache)
    notes = ("The opacity channel was left out.",) if head.alpha else ()
    axes = "YXC" if len(shape) == 3 else "YX"
    return Raw((lazy,), axes, name=path.stem, source=str(path), notes=notes)


def header(path: Path) -> Header:
    """Size and type of a picture from its first bytes, and that its end is there.

    Raises
    ------
    ValueError
        It is no PNG or JPEG, or cut off.
    """
    with path.open("rb") as file:
        start = file.read(33)
        if start.startswith(_PNG):
            file.seek(max(0, path.stat().st_size - 4096))
            _check_end(_PNG_END in file.read(), path)
            return _png_header(start, path)
        if not start.startswith(_JPEG):
            raise Told(f"{path} is no picture: it is something else under this name.")
        content = start + file.read(_JPEG_HEAD)
        file.seek(max(0, path.stat().st_size - 4096))
        _check_end(b"\xff\xd9" in file.read(), path)
    return _jpeg_header(content, path)


def _check_end(there: bool, path: Path) -> None:
    if not there:
        raise Told(f"{path} is cut off: copy it again from where it came from.")


def _png_header(start: bytes, path: Path) -> Header:
    width, height, bits, colour = struct.unpack(">IIBB", start[16:26])
    grey = colour in (_GREY, _GREY_ALPHA)
    return Header(
        "PNG",
        (height, width) if grey else (height, width, 3),
        np.dtype(np.uint16 if bits == 16 else np.uint8),
        palette=colour == _PALETTE,
        alpha=colour in (_GREY_ALPHA, _RGBA),
    )


def _jpeg_header(content: bytes, path: Path) -> Header:
    at = 2
    while at + 9 < len(content):
        if content[at] != 0xFF:
            break
        marker, length = content[at + 1], struct.unpack(">H", content[at + 2 : at + 4])[0]
        if marker in _FRAMES:
            bits, height, width, count = struct.unpack(">BHHB", content[at + 4 : at + 10])
            if bits != 8 or count not in (1, 3):
                raise Told(f"{path} is a JPEG of a rare kind (CMYK or 12 bits): save it as PNG.")
            shape = (height, width) if count == 1 else (height, width, 3)
            return Header("JPEG", shape, np.dtype(np.uint8))
        at += 1 if marker == 0xFF else 2 + length
    raise Told(f"{path} can't be read as JPEG: it is broken.")


class Decode:
    """Decodes one picture file, JPEG also at a half, a quarter or an eighth of its size."""

    def __init__(self, path: Path, head: Header, indices: bool, factor: int = 1) -> None:
        self._path, self._head, self._indices, self._factor = path, head, indices, factor

    def can_shrink(self, factor: int) -> bool:
        """Whether the format knows a way that is faster than decoding all."""
        return self._head.kind == "JPEG" and factor in (2, 4, 8)

    def shrunk(self, factor: int) -> Decode:
        """The same picture, this many times smaller."""
        return Decode(self._path, self._head, self._indices, factor)

    def __call__(self, _: int) -> NDArray[Any]:
        """The pixels."""
        with telling(self._path, self._head.kind):
            if self._factor > 1:
                return _draft(self._path, self._head, self._factor)
            if self._indices:
                return _palette_values(self._path)
            return _fit(_decode(self._path, self._head), self._head)


def _decode(path: Path, head: Header) -> NDArray[Any]:
    import imagecodecs

    content = path.read_bytes()
    decode = imagecodecs.png_decode if head.kind == "PNG" else imagecodecs.jpeg8_decode
    pixels: NDArray[Any] = decode(content)
    return pixels


def _fit(pixels: NDArray[Any], head: Header) -> NDArray[Any]:
    """Without opacity, and of the shape that the header said."""
    if len(head.shape) == 2 and pixels.ndim == 3:
        pixels = pixels[..., 0]
    elif len(head.shape) == 3:
        pixels = pixels[..., :3]
    return np.ascontiguousarray(pixels.reshape(head.shape), head.dtype)


def _draft(path: Path, head: Header, factor: int) -> NDArray[Any]:
    """A JPEG decoded at a part of its size, which takes a part of the time."""
    from PIL import Image as Pillow

    height, width = (-(-n // factor) for n in head.shape[:2])
    with warnings.catch_warnings():
        # Large pictures are what this is for; the warning is about websites.
        warnings.simplefilter("ignore", Pillow.DecompressionBombWarning)
        with Pillow.open(path, formats=[head.kind]) as picture:
            picture.draft(picture.mode, (width, height))
            whole = picture.size == (width, height)
            return np.asarray(picture if whole else picture.resize((width, height)))


def _palette_values(path: Path) -> NDArray[Any]:
    from PIL import Image as Pillow

    with warnings.catch_warnings():
        # Large pictures are what this is for; the warning is about websites.
        warnings.simplefilter("ignore", Pillow.DecompressionBombWarning)
        with Pillow.open(path, formats=["PNG"]) as picture:
            return np.asarray(picture)
