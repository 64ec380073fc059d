"""From positions of other programs to a PatchGrid over our images."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from napari_simgraph.core.patches import COLUMNS, Layout, PatchGrid, Source
from napari_simgraph.core.raster import Image, ImageSet, each_image
from napari_simgraph.io.faults import Told

_DENSE = 0.05  # share of a lattice's places that hold a patch; tissue fills more of any slide


def sources_of(images: Image | ImageSet) -> tuple[Source, ...]:
    """What a grid keeps of the images."""
    classes = images.image_classes if isinstance(images, ImageSet) else ()
    several = enumerate(each_image(images))
    return tuple(Source.of(one, classes[n] if classes else "") for n, one in several)


def lattice(images: Image | ImageSet, count: int, patch: int, stride: int) -> PatchGrid:
    """Places of `count` rows: from the first pixel on, row by row, section by section.

    Images no larger than a patch are one patch each.

    Raises
    ------
    ValueError
        The lattice has another number of places.
    """
    several, sources = each_image(images), sources_of(images)
    if not patch and count == len(several):
        patch = max(max(one.plane) for one in several)
    if not patch:
        raise Told(
            "Say where the rows lie: a CSV with image, z, y, x, size (--positions PATH), or side "
            "and distance of the patches (--patch, --stride)."
        )
    stride = stride or patch
    layouts = [_layout(one.plane, patch, stride) for one in several]
    sizes = [one.sections * _counted(it) for one, it in zip(several, layouts, strict=True)]
    if sum(sizes) != count:
        down, across = _shape(layouts[0])
        rest = f" in '{several[0].name}'" if len(several) == 1 else f" in {len(several)} images"
        z = f"{several[0].sections} x " if several[0].sections > 1 else ""
        said = f"{z}{down} x {across} = {sizes[0]:,}" if len(several) == 1 else f"{sum(sizes):,}"
        raise Told(
            f"There are {count:,} rows, but patches of {patch} px every {stride} px are {said}"
            f"{rest}: choose other ones (--patch, --stride), or give positions (--positions)."
        )
    rows = np.concatenate([_places(n, several[n].sections, one) for n, one in enumerate(layouts)])
    columns = dict(zip(COLUMNS, rows.T, strict=True))
    return PatchGrid(sources, layouts=tuple(layouts), **columns)


def placed(images: Image | ImageSet, columns: Mapping[str, Any], patch: int) -> PatchGrid:
    """Places from columns: image, z, y, x, size; or centre_y, centre_x.

    y and x are the first pixel, size the side, all in pixels of the finest level.

    Raises
    ------
    ValueError
        A column is missing or the places lie in none of the images.
    """
    sources = sources_of(images)
    if np.any(columns.get("level", 0)):
        raise Told("These positions count pixels of a coarser level: take the .h5ad instead.")
    size = _whole(columns["size"], "size") if "size" in columns else None
    if size is None:
        if not patch:
            raise Told("Say how large the patches are: a column 'size', or --patch in pixels.")
        size = np.full(len(next(iter(columns.values()))), patch)
    if (size < 1).any():
        raise Told(f"Row {int((size < 1).argmax())} has a patch without size.")
    top, left = (_start(columns, axis, size) for axis in "yx")
    image = _numbers(columns.get("image"), sources, len(size))
    z = _whole(columns["z"], "z") if "z" in columns else np.zeros(len(size), np.int64)
    grid = PatchGrid(
        sources,
        image=image,
        level=np.zeros(len(size), np.uint8),
        z=z.astype(np.int32),
        y=top.astype(np.int32),
        x=left.astype(np.int32),
        size=size.astype(np.int32),
    )
    _check(grid)
    return PatchGrid(
        sources, layouts=_layouts(grid), **{name: getattr(grid, name) for name in COLUMNS}
    )


def _layout(plane: tuple[int, int], patch: int, stride: int) -> Layout:
    usual = Layout(0, plane, patch, stride)
    if patch >= max(plane) or usual.first == (0, 0):
        return usual
    return usual._replace(corner=(0, 0))


def _shape(layout: Layout) -> tuple[int, int]:
    """How many patches lie whole in the plane."""
    down, across = layout._replace(corner=None).counts
    return down, across


def _counted(layout: Layout) -> int:
    down, across = _shape(layout)
    return down * across


def _places(number: int, sections: int, layout: Layout) -> NDArray[np.int32]:
    down, across = _shape(layout)
    z, i, j = (part.ravel() for part in np.mgrid[:sections, :down, :across])
    rows = np.zeros((len(z), len(COLUMNS)), np.int32)
    rows[:, 0], rows[:, 2], rows[:, 5] = number, z, layout.size
    rows[:, 3] = layout.first[0] + i * layout.stride
    rows[:, 4] = layout.first[1] + j * layout.stride
    return rows


def _start(columns: Mapping[str, Any], axis: str, size: NDArray[np.int64]) -> NDArray[np.int64]:
    if axis in columns:
        return _whole(columns[axis], axis)
    centre = columns.get(f"centre_{axis}")
    if centre is None:
        raise Told(f"The positions have no column '{axis}': they want image, z, y, x, size.")
    return _whole(np.round(np.asarray(centre) - size / 2), f"centre_{axis}")


def _whole(values: Any, name: str) -> NDArray[np.int64]:
    found = np.asarray(values)
    if found.dtype.kind not in "iuf" or not np.isfinite(found).all():
        raise Told(f"The column '{name}' of the positions holds something that is no number.")
    return np.round(found).astype(np.int64)


def _numbers(named: Any, sources: Sequence[Source], count: int) -> NDArray[np.int32]:
    """The number of the image of each row; names may be file names."""
    if named is None:
        if len(sources) > 1:
            raise Told(
                f"Say in which of the {len(sources)} images each row lies: a column 'image'."
            )
        return np.zeros(count, np.int32)
    known = {one.name: number for number, one in enumerate(sources)}
    known |= {one.name.rpartition(".")[0]: n for n, one in enumerate(sources) if "." in one.name}
    words, which = np.unique(np.asarray(named).astype(np.str_), return_inverse=True)
    found = [known.get(w, known.get(w.rpartition(".")[0], _digit(w, len(sources)))) for w in words]
    if -1 in found:
        missing = words[found.index(-1)]
        there = ", ".join(one.name for one in sources[:3])
        raise Told(f"Some rows lie in '{missing}', which is not among the images ({there}).")
    return np.array(found, np.int32)[which.ravel()]


def _digit(word: str, count: int) -> int:
    return int(word) if word.isdigit() and int(word) < count else -1


def _check(grid: PatchGrid) -> None:
    """Every patch lies at least partly in its image, and no two are the same."""
    planes = np.array([one.shape[-2:] for one in grid.sources])[grid.image]
    sections = np.array([one.sections for one in grid.sources])[grid.image]
    out = (grid.z < 0) | (grid.z >= sections)
    for axis, start in enumerate((grid.y, grid.x)):
        out |= (start >= planes[:, axis]) | (start + grid.size <= 0)
    if out.any():
        row = int(out.argmax())
        one = grid.sources[grid.image[row]]
        shape = " x ".join(str(n) for n in one.shape)
        raise Told(
            f"Row {row} lies outside '{one.name}' ({shape}) at z {grid.z[row]}, y {grid.y[row]}, "
            f"x {grid.x[row]}: the positions belong to another image or level."
        )
    if len(np.unique(grid.patch_id)) < len(grid):
        raise Told("Some rows have the same position and size: keep one of each.")


def _layouts(grid: PatchGrid) -> tuple[Layout, ...]:
    """The regular grid of each image, or nothing where they lie anywhere."""
    found = []
    for number, source in enumerate(grid.sources):
        rows = np.flatnonzero(grid.image == number)
        one = _regular(grid, rows, source)
        if one is None:
            return ()
        found.append(one)
    return tuple(found)


def _regular(grid: PatchGrid, rows: NDArray[np.intp], source: Source) -> Layout | None:
    plane = (source.shape[-2], source.shape[-1])
    if not len(rows):
        return Layout(0, plane, 1, max(plane))
    size = np.unique(grid.size[rows])
    down, across = np.unique(grid.y[rows]), np.unique(grid.x[rows])
    steps = np.concatenate([np.diff(down), np.diff(across)])
    stride = int(np.gcd.reduce(steps)) if len(steps) else int(size[0])
    first = int(down[0]), int(across[0])
    spans = (int(part[-1] - part[0]) // stride + 1 for part in (down, across))
    places = int(np.prod(list(spans))) * len(np.unique(grid.z[rows]))
    if len(size) > 1 or len(rows) < _DENSE * places:
        return None
    usual = Layout(0, plane, int(size[0]), stride)
    return usual if usual.first == first else usual._replace(corner=first)
