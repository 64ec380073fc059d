"""Folders of normal and odd pictures, as MVTec AD and AutoVI lay them out.

``train/good``, ``test/KIND`` and ``ground_truth/KIND``; or ``good``, ``KIND`` and ``ground_truth``.
"""

from __future__ import annotations

import csv
import io
from collections.abc import Iterable, Mapping
from pathlib import Path

import numpy as np

from napari_simgraph.core.raster import Image, ImageSet, Labels, LabelsSet
from napari_simgraph.io.faults import Told, check_file
from napari_simgraph.io.folder import natural
from napari_simgraph.io.masks import FOLDERS, bare
from napari_simgraph.io.read import can_read, read, read_values
from napari_simgraph.io.run_table import RunTable
from napari_simgraph.io.safe import fresh

MAPS, EXPECTED, HIDDEN, SCORES = "maps", "expected", "hidden", "scores.csv"
NORMAL = "good"
_BELOW = (Path("train", NORMAL), Path(NORMAL), Path("train"))


def normal_part(path: str | Path) -> Path:
    """Where the normal pictures of a folder are; the path itself where no such folder is in it."""
    whole = Path(path).expanduser()
    found = [whole / below for below in _BELOW if (whole / below).is_dir()]
    return found[0] if found else whole


def searched_part(path: str | Path) -> Path:
    """Where the pictures to be searched are: ``test`` where there is one, else the path itself."""
    whole = Path(path).expanduser()
    return whole / "test" if (whole / "test").is_dir() else whole


def masks_part(path: str | Path) -> Path | None:
    """Where the masks of a folder of pictures are, or None."""
    whole = Path(path).expanduser()
    for place in (whole, whole.parent, whole.parent.parent):
        for name in FOLDERS:
            if (place / name).is_dir():
                return place / name
    return None


def scores_of(table: RunTable) -> dict[str, float]:
    """The score of each image of a run, by the name that its map has."""
    found = {}
    for row in table.rows.values():
        maps = [name for name in row.results if name.startswith(f"{MAPS}/")]
        if maps and "score" in row.figures:
            found[maps[0].removeprefix(f"{MAPS}/").removesuffix(".tif")] = row.figures["score"]
    return found


def write_scores(scores: Mapping[str, float], target: Path) -> Path:
    """The path of a table with the columns image and score, the oddest image first."""
    page = io.StringIO()
    writer = csv.writer(page, lineterminator="\n")
    writer.writerow(["image", "score"])
    for name, score in sorted(scores.items(), key=lambda pair: -pair[1]):
        writer.writerow([name, f"{score:.6f}"])
    with fresh(target) as path:
        path.write_text(page.getvalue(), encoding="utf-8", newline="")
    return target


def read_maps(prediction: str | Path, truth: str | Path) -> tuple[ImageSet, LabelsSet]:
    """Maps and their masks in the same order; an image without a mask is normal.

    Parameters
    ----------
    prediction
        The folder that ``anomaly apply`` wrote, or that of its maps, or one map.
    truth
        The folder of masks (``KIND/NAME_mask.png``, or ``KIND/NAME/*.png``), one that holds it,
        or one mask.

    Raises
    ------
    ValueError
        There is no map, or no mask belongs to any of them.
    """
    given, asked = Path(prediction).expanduser(), Path(truth).expanduser()
    check_file(given)
    check_file(asked)
    if given.is_file() and asked.is_file():
        one = _image(given)
        return ImageSet((one,)), LabelsSet((_mask([asked], one),))
    folder = given / MAPS if (given / MAPS).is_dir() else given
    files = sorted(folder.rglob("*.tif"), key=lambda path: (str(path.parent), natural(path)))
    if not files:
        raise Told(f"{given} holds no maps: make them with anomaly apply.")
    masks = _masks((masks_part(asked) or asked) if asked.is_dir() else asked.parent)
    maps, truths, known = [], [], 0
    for file in files:
        one = _image(file)
        kind, stem = file.relative_to(folder).parent, file.stem.casefold()
        found = masks.get((kind.as_posix(), stem)) or masks.get((kind.name, stem), [])
        known += bool(found)
        maps.append(one)
        truths.append(_mask(found, one))
    if not known:
        raise Told(f"No mask in {asked} has the name of a map in {folder}.")
    return ImageSet(tuple(maps), name=folder.name), LabelsSet(tuple(truths))


def masks_of(images: ImageSet) -> LabelsSet | None:
    """The masks of pictures that were read from files, where they have some; see `read_maps`."""
    folder = masks_part(Path(images.images[0].source).parent) if images.images[0].source else None
    if folder is None:
        return None
    masks, truths, known = _masks(folder), [], 0
    for one in images:
        place = Path(one.source)
        found = masks.get((place.parent.name, place.stem.casefold()), [])
        known += bool(found)
        truths.append(_mask(found, one))
    return LabelsSet(tuple(truths)) if known else None


def _masks(folder: Path) -> dict[tuple[str, str], list[Path]]:
    """Mask files by kind and stem of their image; a stem that stands once needs no kind."""
    found: dict[tuple[str, str], list[Path]] = {}
    for file in sorted(folder.rglob("*"), key=natural):
        if not file.is_file() or file.name.startswith(".") or not can_read(file):
            continue
        below = file.relative_to(folder).parent
        found.setdefault((below.as_posix(), bare(file.stem)), []).append(file)
        if len(below.parts) > 1:  # AutoVI: a folder of masks for each image
            key = (below.parent.as_posix(), below.name.casefold())
            found.setdefault(key, []).append(file)
    stems = [stem for _, stem in found]
    single = {("", stem): files for (_, stem), files in found.items() if stems.count(stem) == 1}
    root = {("", stem): files for (kind, stem), files in found.items() if kind == "."}
    return found | single | root


def _image(file: Path) -> Image:
    image = read(file).image
    if not isinstance(image, Image):
        raise Told(f"{file} holds several images: one map a file.")
    return image


def _mask(files: Iterable[Path], like: Image) -> Labels:
    """Where any of the masks is not 0, as labels over the map; nothing where there are none."""
    odd = np.zeros(like.shape, np.uint8)
    for file in files:
        mask = read_values(file).image
        if not isinstance(mask, Image) or mask.shape != like.shape:
            raise Told(f"{file.name} has another size than the map of '{like.name}'.")
        pixels = mask.read()
        odd |= (pixels.any(-1) if mask.axes.endswith("C") else pixels > 0).astype(np.uint8)
    return Labels(odd, name=like.name)
