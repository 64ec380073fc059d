"""Class rows: which patches have a class, which of them are kept aside, and what is odd there."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import PurePath
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from napari_simgraph.analysis.holding import apart, groups_of, hold
from napari_simgraph.analysis.marked import rows_under
from napari_simgraph.core.classes import ClassTable
from napari_simgraph.core.groups import names_of
from napari_simgraph.core.job import Job, Note, Progress
from napari_simgraph.core.marks import Marks
from napari_simgraph.core.patch_classes import image_classes, numbered, painted_classes
from napari_simgraph.core.patches import Layout, PatchGrid, Rows, laid_out
from napari_simgraph.core.raster import Image, ImageSet, Labels, LabelsSet, each_image
from napari_simgraph.core.tables import EmbeddingTable
from napari_simgraph.learn.aside import Aside
from napari_simgraph.learn.patchwork import Tiling, lay_out

_MOST_KEPT = 4000  # patches kept aside: a share of right answers is then known within 0.01
_NAMED = 3  # pictures that were left out are named, the rest is counted
_LOOKED = 64  # pictures looked through between two ticks
ONE_CLASS = "A second class is needed: give some pictures or patches another class."
NO_CLASS = "Nothing has a class yet: use a folder with a folder for each class, or mark patches."


class Sources(NamedTuple):
    """What classes are learned from: images, and a table or marks of their patches.

    `drawn` are pictures that a network drew, to be learned from besides.
    """

    image: Image | ImageSet
    table: EmbeddingTable | None = None
    marks: Marks | Labels | LabelsSet | None = None
    drawn: ImageSet | None = None

    @property
    def whole(self) -> bool:
        """Whether each picture has one class, whatever its size."""
        return self.table is None and self.marks is None


@dataclass(frozen=True, eq=False)
class Labelled:
    """Patches with classes.

    Parameters
    ----------
    image, grid
        Where they lie.
    classes
        The names.
    rows, truth
        Patches of the grid that have a class, and its number from 0.
    learn, kept
        Positions among `rows`: to learn from, and kept aside.
    whole
        Whether patches are whole pictures.
    groups
        Which of the rows belong together ``(N,)``: never parted.
    """

    image: Image | ImageSet
    grid: PatchGrid
    classes: ClassTable
    rows: Rows
    truth: NDArray[np.intp]
    learn: Rows
    kept: Rows
    whole: bool
    groups: Rows

    def counts(self, positions: Rows) -> NDArray[np.int64]:
        """How many of each class there are among some positions."""
        return np.bincount(self.truth[positions], minlength=len(self.classes))


def readable(image: Image | ImageSet, channels: int, aside: Aside) -> Job[Image | ImageSet]:
    """The images that can be read and have as many channels (0: as most have) and bits as most.

    Others are named and left out. Grey values of 8 and 16 bits side by side would say nothing.

    Raises
    ------
    ValueError
        None can be read.
    """
    if isinstance(image, Image) or getattr(image.images, "alike", False):
        return image
    broken: dict[int, str] = {}
    for start in range(0, len(image), _LOOKED):
        look = partial(_broken, image.images, range(start, min(start + _LOOKED, len(image))))
        say = partial(Progress, text=f"looking at picture {start} of {len(image)}")
        broken |= yield from aside.wait(look, say)
    there = [number for number in range(len(image)) if number not in broken]
    if not there:
        raise ValueError(next(iter(broken.values())))
    common = channels or _most([image.images[n].channels for n in there])
    odd = [n for n in there if image.images[n].channels != common]
    if len(odd) == len(there):  # all are alike and of another kind: the caller says which
        return image
    there = [n for n in there if n not in odd]
    kind = _most([image.images[n].dtype for n in there])
    deeper = [n for n in there if image.images[n].dtype != kind]
    left = (list(broken), "can't be read"), (odd, _other(common)), (deeper, _of_bits(kind))
    for numbers, why in left:
        if numbers:
            said = f"Left out, {why}: {_some([image.images[n] for n in numbers])}."
            aside.halt.hear((yield Note(said, warning=True)))
    return taken(image, [n for n in there if n not in deeper])


def taken(image: ImageSet, numbers: Sequence[int]) -> ImageSet:
    """The set of some of its images."""
    if len(numbers) == len(image):
        return image
    classes, groups = (
        tuple(named[n] for n in numbers) if named else ()
        for named in (image.image_classes, image.image_groups)
    )
    return ImageSet(tuple(image.images[n] for n in numbers), classes, image.name, groups)


def whole_grid(image: Image | ImageSet) -> PatchGrid:
    """Each picture as one square patch, the shorter side mirrored."""
    several = each_image(image)
    alike = getattr(several, "alike", False)
    planes = [several[0].plane] * len(several) if alike else [one.plane for one in several]
    return laid_out(image, [Layout(0, plane, max(plane), max(plane)) for plane in planes])


def are_whole(grid: PatchGrid) -> bool:
    """Whether each patch is a whole picture."""
    sides = np.array([max(one.shape[-2:]) for one in grid.sources])
    return bool(len(grid) and (grid.size >= sides[grid.image]).all())


def labelled(given: Sources, config: Any, aside: Aside) -> Job[Labelled]:
    """The patches that have a class, some of each class kept aside.

    Raises
    ------
    ValueError
        There is no class, or one only.
    """
    image = yield from readable(given.image, 0, aside)
    given = given._replace(image=image)
    say = partial(Progress, text="looking for classes")
    grid, names = yield from aside.wait(partial(classed_grid, given, config), say)
    known = numbered(names)
    if known.joined:
        said = f"Classes that differ in case were joined: {', '.join(known.joined)}."
        aside.halt.hear((yield Note(said)))
    if len(known.table) < 2:
        raise ValueError(ONE_CLASS if len(known.table) else NO_CLASS)
    rows = np.flatnonzero(known.numbers >= 0)
    if given.whole and len(rows) < len(grid):
        said = f"{len(grid) - len(rows)} pictures lie in no folder of a class: left out."
        aside.halt.hear((yield Note(said)))
    found = known.table, rows, known.numbers[rows]
    return (yield from _parted(given, grid, found, config, aside))


def _parted(
    given: Sources,
    grid: PatchGrid,
    known: tuple[ClassTable, Rows, NDArray[np.intp]],
    config: Any,
    aside: Aside,
) -> Job[Labelled]:
    classes, rows, truth = known
    image = given.image
    named = image.image_groups if isinstance(image, ImageSet) else ()
    groups = groups_of(grid, rows, truth, named)
    share = min(config.holdout, _MOST_KEPT / len(rows))
    parts = hold(truth, groups, share, config.seed)
    clear = apart(grid, rows[parts.learn], rows[parts.kept])
    some = np.bincount(truth[parts.learn][clear], minlength=len(classes)) > 0
    clear |= ~some[truth[parts.learn]]  # better overlapping ones than a class without any
    if config.holdout > 0 and parts.unchecked:
        listed = ", ".join(f"'{classes.names[k]}'" for k in parts.unchecked)
        many = "have" if len(parts.unchecked) > 1 else "has"
        said = f"{listed} {many} too few pictures to check on."
        aside.halt.hear((yield Note(said, warning=True)))
    learn = parts.learn[clear]
    whole = are_whole(grid)
    return Labelled(image, grid, classes, rows, truth, learn, parts.kept, whole, groups)


def classed_grid(given: Sources, config: Any) -> tuple[PatchGrid, NDArray[np.str_]]:
    """The grid, and the class of each patch."""
    image = given.image
    if given.table is not None:
        grid = given.table.grid
        _check_same(grid, image)
        if given.marks is None:
            return grid, _of_table(given.table, config.column)
    elif given.whole:
        grid = whole_grid(image)
        return grid, image_classes(grid)
    else:
        grid = lay_out(image, tiling_for(image, config.patch))
    if isinstance(given.marks, Marks):
        return grid, _of_marks(given.marks, grid)
    assert given.marks is not None  # one of the three is there
    return grid, painted_classes(grid, given.marks, config.share)


def tiling_for(image: Image | ImageSet, patch: int) -> Tiling:
    """How patches lie while learning: at the pixel size of the first image."""
    first = each_image(image)[0]
    pixel = first.spacing[-1] if first.has_scale else 0.0
    side = min(patch, max(max(one.plane) for one in each_image(image)))
    return Tiling(side, max(1, side // 2), pixel, first.unit)


def _of_table(table: EmbeddingTable, column: str) -> NDArray[np.str_]:
    if column == "class" and not (table.classes() != "").any():
        raise ValueError(NO_CLASS)
    return names_of(table, column)


def _of_marks(marks: Marks, grid: PatchGrid) -> NDArray[np.str_]:
    """Of two marks on a patch the later one counts."""
    names = np.full(len(grid), "", object)
    for one in marks.of_person():
        if one.role == "class" and one.name:
            names[rows_under(one, grid)] = one.name
        elif one.role == "exclude":
            names[rows_under(one, grid)] = ""
    return names.astype(np.str_)


def _check_same(grid: PatchGrid, image: Image | ImageSet) -> None:
    """Nothing, where the patches of a table lie in these images, in their order."""
    several = each_image(image)
    prints = [one.fingerprint for one in grid.sources]
    if len(several) != len(prints) or [one.fingerprint for one in several] != prints:
        raise ValueError(f"The table was made from {grid.sources[0].name}: open that image.")


def _broken(images: Sequence[Image], numbers: range) -> dict[int, str]:
    """Why some of these images can't be read, by number; reading them finds it out."""
    found = {}
    for number in numbers:
        try:
            _ = images[number].fingerprint
        except (ValueError, OSError) as error:
            found[number] = f"{images[number].name} can't be read: {error}"
    return found


def _other(common: int) -> str:
    return {1: "not grey as most are", 3: "without colours as most have"}.get(
        common, f"not of {common} channels as most are"
    )


def _of_bits(kind: np.dtype[Any]) -> str:
    if kind.kind == "u":
        return f"not of {8 * kind.itemsize} bits as most are"
    return "of another kind of numbers than most"


def _most(found: list[Any]) -> Any:
    """What is there most often; of several that what comes first."""
    return max(dict.fromkeys(found), key=found.count)


def _some(images: Sequence[Image]) -> str:
    names = [PurePath(one.source).name or one.name for one in images]
    more = f" and {len(names) - _NAMED} more" if len(names) > _NAMED else ""
    return ", ".join(names[:_NAMED]) + more
