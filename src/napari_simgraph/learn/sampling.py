"""Sampling: where labels are, and patches around them."""

from __future__ import annotations

from collections.abc import Generator, Iterator, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from napari_simgraph.core.job import Progress, Signal
from napari_simgraph.core.raster import Labels
from napari_simgraph.learn.windows import Span, Windows, mirror, mirrored

_KEPT = 256  # places remembered per class and section: crops are far fewer than that per pass
_BLOCK = 2048  # pixels; labels of large planes are looked through in squares of this size
UNKNOWN, ABSENT, PRESENT = 0, 1, 2


class Field(NamedTuple):
    """A box of one section of one image: rows and columns as first and after-last pixel."""

    image: int
    z: int
    rows: Span
    columns: Span


@dataclass(frozen=True)
class Found:
    """What a section's labels hold: pixels per class, and some places ``(n, 2)`` of each."""

    image: int
    z: int
    counts: tuple[int, ...]
    places: tuple[NDArray[np.intp], ...]


def marks(labels: Labels, z: int, rows: Span, columns: Span) -> NDArray[np.uint8]:
    """Per class ``(K, Y, X)``: 0 unlabelled, 1 absent, 2 present; mirrored beyond borders."""
    return _as_marks(labels, mirrored(labels, z, rows, columns))


def _as_marks(labels: Labels, values: NDArray[Any]) -> NDArray[np.uint8]:
    if not labels.exclusive:
        return np.ascontiguousarray(values.transpose(2, 0, 1)).astype(np.uint8)
    plane = values[..., 0]
    painted = np.empty((len(labels.classes), *plane.shape), np.uint8)
    for number, one in enumerate(painted, 1):  # bytes all along: a square has millions of pixels
        np.add(plane > 0, plane == number, out=one, dtype=np.uint8)
    return painted


def scan(
    labels: Sequence[Labels], kept: Sequence[Field] = ()
) -> Generator[Progress, Signal | None, list[Found]]:
    """What each labelled section holds, without the fields kept aside."""
    found = []
    total = sum(one.sections for one in labels)
    for image, one in enumerate(labels):
        for z in range(one.sections):
            section = _look(one, image, z, kept)
            if any(section.counts):
                found.append(section)
            yield Progress(text=f"looking for labels, z {z} of {total}")
    return found


def _look(labels: Labels, image: int, z: int, kept: Sequence[Field]) -> Found:
    rng = np.random.default_rng([image, z])
    counts = np.zeros(len(labels.classes), np.int64)
    places: list[list[NDArray[np.intp]]] = [[] for _ in counts]
    for rows, columns in _squares(labels.plane):
        values = mirrored(labels, z, rows, columns)
        _check(labels, values)
        block = _as_marks(labels, values)
        blank(block, image, z, (rows[0], columns[0]), kept)
        for k, mask in enumerate(block == PRESENT):
            flat = np.flatnonzero(mask)
            counts[k] += flat.size
            some = flat if flat.size <= _KEPT else rng.choice(flat, _KEPT, replace=False)
            at = np.stack(np.unravel_index(some, mask.shape), axis=1)
            places[k].append(at + np.array([rows[0], columns[0]]))
    joined = tuple(np.concatenate(part) for part in places)
    return Found(image, z, tuple(int(n) for n in counts), joined)


def _check(labels: Labels, values: NDArray[Any]) -> None:
    highest = int(values.max())
    if labels.exclusive and highest > len(labels.classes):
        raise ValueError(
            f"'{labels.name}' holds the value {highest}, but only {len(labels.classes)} classes "
            "have names: name them all or clear those pixels."
        )
    if not labels.exclusive and highest > PRESENT:
        raise ValueError(
            f"'{labels.name}' holds the value {highest}; masks hold 0 unlabelled, 1 no, 2 yes."
        )


def blank(
    block: NDArray[Any], image: int, z: int, corner: tuple[int, int], kept: Sequence[Field]
) -> None:
    """Make the fields kept aside unlabelled in a block ``(K, Y, X)`` that begins at `corner`."""
    for field in kept:
        if (field.image, field.z) == (image, z):
            top, bottom = (max(0, edge - corner[0]) for edge in field.rows)
            left, right = (max(0, edge - corner[1]) for edge in field.columns)
            block[:, top:bottom, left:right] = UNKNOWN


def _squares(plane: tuple[int, int]) -> Iterator[tuple[Span, Span]]:
    for top in range(0, plane[0], _BLOCK):
        for left in range(0, plane[1], _BLOCK):
            bottom, right = min(top + _BLOCK, plane[0]), min(left + _BLOCK, plane[1])
            yield (top, bottom), (left, right)


class Batch(NamedTuple):
    """Inputs ``(N, C, Y, X)`` float32 and marks ``(N, K, Y, X)`` uint8 of N crops."""

    inputs: NDArray[np.float32]
    marks: NDArray[np.uint8]


@dataclass(frozen=True)
class Cutting:
    """How crops are cut: side in pixels, how far they are moved at most, and the seed.

    Moving lets a label lie anywhere in a crop, not just in its middle.
    """

    edge: int
    jitter: int
    seed: int


@dataclass(frozen=True)
class Sampler:
    """Crops centred near labelled pixels; batch number and seed alone decide which.

    Parameters
    ----------
    windows, labels
        Of each image.
    found
        Where its labels are.
    kept
        Fields that are never shown.
    cutting
        How crops are cut.
    """

    windows: Sequence[Windows]
    labels: Sequence[Labels]
    found: Sequence[Found]
    kept: Sequence[Field]
    cutting: Cutting

    def batch(self, number: int, size: int) -> Batch:
        """Batch `number`: the same whenever it is asked for."""
        rng = np.random.default_rng([self.cutting.seed, number])
        crops = [self._crop(rng) for _ in range(size)]
        return Batch(np.stack([c[0] for c in crops]), np.stack([c[1] for c in crops]))

    def _crop(self, rng: np.random.Generator) -> tuple[NDArray[np.float32], NDArray[np.uint8]]:
        counts = np.array([section.counts for section in self.found], np.float64)
        per_class = np.sqrt(counts.sum(0))  # halfway between as they are and all alike
        k = rng.choice(per_class.size, p=per_class / per_class.sum())
        section = self.found[rng.choice(len(counts), p=counts[:, k] / counts[:, k].sum())]
        middle = rng.choice(section.places[k])
        return self._cut(section.image, section.z, middle, rng)

    def _cut(
        self, image: int, z: int, middle: NDArray[np.intp], rng: np.random.Generator
    ) -> tuple[NDArray[np.float32], NDArray[np.uint8]]:
        edge, jitter = self.cutting.edge, self.cutting.jitter
        moved = middle + rng.integers(-jitter, jitter + 1, 2)
        plane = np.array(self.labels[image].plane)
        inner = np.minimum(jitter, plane // 2)  # no farther out than the labels can be seen
        top, left = (np.clip(moved, inner, plane - 1 - inner) - edge // 2).tolist()
        rows, columns = (top, top + edge), (left, left + edge)
        target = self._marks(image, z, rows, columns)
        return self.windows[image].read(z, rows, columns), target

    def _marks(self, image: int, z: int, rows: Span, columns: Span) -> NDArray[np.uint8]:
        """Marks of a crop; fields kept aside are unlabelled, also where they are mirrored."""
        target = marks(self.labels[image], z, rows, columns)
        height, width = self.labels[image].plane
        for field in self.kept:
            if (field.image, field.z) == (image, z):
                down = _shown(rows, field.rows, height)
                across = _shown(columns, field.columns, width)
                target[:, down[:, None] & across] = UNKNOWN
        return target


def _shown(span: Span, hidden: Span, n: int) -> NDArray[np.bool_]:
    """Which pixels of a mirrored span show the hidden span."""
    places = mirror(*span, n)
    return (places >= hidden[0]) & (places < hidden[1])
