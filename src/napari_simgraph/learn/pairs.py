"""Pairs: images with labels that fit them, or one sentence why not."""

from __future__ import annotations

from collections.abc import Generator, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from scipy import ndimage

from napari_simgraph.core.classes import ClassTable
from napari_simgraph.core.job import Job, Note, Signal, Tick
from napari_simgraph.core.raster import (
    Image,
    ImageSet,
    Labels,
    LabelsSet,
    Raster,
    each_image,
    each_labels,
)
from napari_simgraph.learn import holdout
from napari_simgraph.learn.aside import Halt
from napari_simgraph.learn.grain import usual_noise
from napari_simgraph.learn.normalise import RULE, measure
from napari_simgraph.learn.sampling import Field, Found, scan
from napari_simgraph.learn.windows import Windows

_LOOK = 1024  # px; the middle of a section, enough to tell thin from thick
_THIN = 3  # px from its edge a thin class has next to no pixels


@dataclass(frozen=True)
class Material:
    """What there is to learn from.

    Parameters
    ----------
    windows, labels
        Of each image.
    found
        Where labels are, without what is kept aside.
    kept
        The fields kept aside.
    boundary
        The class that separates cells, or "".
    """

    windows: Sequence[Windows]
    labels: Sequence[Labels]
    found: Sequence[Found]
    kept: Sequence[Field]
    boundary: str

    def data(self) -> dict[str, Any]:
        """Fingerprints of images and labels, and what was kept aside, as plain JSON."""
        return {
            "images": [one.image.fingerprint for one in self.windows],
            "labels": [one.fingerprint for one in self.labels],
            "kept": [[f.image, f.z, list(f.rows), list(f.columns)] for f in self.kept],
        }


def look(
    images: Sequence[Image], truths: Sequence[Labels], wishes: Wishes, halt: Halt
) -> Generator[Tick, Signal | None, Material]:
    """What can be learned from, what is kept aside, and what the grey values are like.

    Raises
    ------
    ValueError
        There is nothing to learn from, or the wishes can't be met.
    """
    found = yield from scan(truths)
    notes = enough(truths[0], found)
    boundary, guess = find_boundary(wishes.boundary, truths[0], found)
    kept = holdout.choose(wishes.holdout, truths, found)
    if wishes.holdout == "auto" and not kept:
        notes.append(holdout.NOTHING_KEPT)
    for note in filter(None, [*notes, guess]):
        halt.hear((yield Note(note)))
    found = yield from scan(truths, kept)
    windows = yield from _windows(images, wishes.neighbours)
    return Material(windows, truths, found, kept, boundary)


def _windows(images: Sequence[Image], neighbours: int) -> Job[list[Windows]]:
    """The images as a network sees them: all with the noise that half of them have."""
    statistics, noises = [], []
    for image in images:
        statistics.append((yield from measure(image, RULE)))
        noises.append((yield from usual_noise(image, statistics[-1])))
    usual = float(np.median(noises))
    return [Windows(*pair, neighbours, usual) for pair in zip(images, statistics, strict=True)]


@dataclass(frozen=True)
class Wishes:
    """What to keep aside, which class separates cells, how many neighbour sections to look at."""

    holdout: str = "auto"
    boundary: str = ""
    neighbours: int = 0


def pairs(
    image: Image | ImageSet, labels: Labels | LabelsSet
) -> tuple[Sequence[Image], Sequence[Labels]]:
    """Images and their labels, in the same order and with one class table.

    Raises
    ------
    ValueError
        They don't fit together.
    """
    images, truths = each_image(image), each_labels(labels)
    if len(images) != len(truths):
        raise ValueError(f"There are {len(images)} images but {len(truths)} labels: pair them.")
    for one, truth in zip(images, truths, strict=True):
        if (one.sections, one.plane) != (truth.sections, truth.plane):
            raise ValueError(
                f"These labels have another shape ({_size(truth)}) than the image "
                f"({_size(one)}). Choose labels drawn on it."
            )
        if truth.meaning != "classes":
            raise ValueError(f"'{truth.name}' numbers objects. Choose labels that name classes.")
    _alike(images, truths)
    return images, _named(truths)


def _alike(images: Sequence[Image], truths: Sequence[Labels]) -> None:
    if len({one.channels for one in images}) > 1:
        raise ValueError("Some images are grey and some have colours. Use one kind.")
    if any(one.dtype.kind not in "buif" for one in images):
        raise ValueError("The pixels are no plain numbers. Convert the image first.")
    kinds = {(truth.exclusive, truth.classes.names) for truth in truths}
    if len(kinds) > 1:
        raise ValueError("The labels have different classes. Give all of them the same list.")


def _named(truths: Sequence[Labels]) -> Sequence[Labels]:
    """Labels without class names get them from their values."""
    if len(truths[0].classes):
        return truths
    highest = max(int(t.section(z, box).max()) for t in truths for z, box in t.squares())
    table = ClassTable.of(f"class {value}" for value in range(1, min(highest, 255) + 1))
    return [truth.replace(classes=table) for truth in truths]


def _size(raster: Raster) -> str:
    return " x ".join(str(n) for n in raster.shape)


def enough(labels: Labels, found: Sequence[Found]) -> list[str]:
    """Sentences on classes that nothing is labelled with.

    Raises
    ------
    ValueError
        There is nothing to learn from.
    """
    if not found:
        raise ValueError("There are no labelled pixels yet: paint a stroke of each class first.")
    counts = np.array([one.counts for one in found]).sum(0)
    if labels.exclusive and np.count_nonzero(counts) < 2:
        raise ValueError("Paint a second class: with one class there is nothing to tell apart.")
    absent = [row.name for row, count in zip(labels.classes, counts, strict=True) if not count]
    return [f"Nothing is labelled '{name}': it can't be found." for name in absent]


def find_boundary(asked: str, labels: Labels, found: Sequence[Found]) -> tuple[str, str]:
    """The class that separates cells, and a sentence where it was guessed; "" if there is none.

    Raises
    ------
    ValueError
        There is no class of the name asked for.
    """
    known = labels.classes.wall(asked)
    if known or asked or not labels.exclusive or len(labels.classes) != 2:
        return known, ""
    thick = _thickness(labels, found[0].z) if found[0].image == 0 else None
    if thick is None:
        return "", ""
    name = labels.classes.names[int(np.argmin(thick))]
    return name, f"'{name}' is the thinner class: taken as the boundary between cells."


def _thickness(labels: Labels, z: int) -> list[float] | None:
    """Share of each of two classes that lies deep inside; None for strokes or much the same."""
    box = tuple(slice(max(0, (n - _LOOK) // 2), (n + _LOOK) // 2) for n in labels.plane)
    plane = labels.section(z, box)[..., 0]
    if (plane > 0).mean() < 0.95:  # strokes say nothing about thickness
        return None
    masks = [plane == value for value in (1, 2)]
    deep = [
        ndimage.minimum_filter(mask, 2 * _THIN + 1).sum() / max(1, mask.sum()) for mask in masks
    ]
    # at least four times thinner: two textures of one size are no wall and cells
    return deep if min(deep) < 0.25 * max(deep) else None
