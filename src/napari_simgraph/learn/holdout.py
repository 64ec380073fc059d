"""Holdout: which labelled fields are kept aside, to see how good a model is on what is new."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from napari_simgraph.core.raster import Labels
from napari_simgraph.learn.sampling import Field, Found

_SHARE = 6  # one part in six is kept aside
_ENOUGH = 200  # pixels of each class that must be left for learning
_SOME = 50  # pixels of each class that a check needs
NOTHING_KEPT = "Too few labels to keep some aside: how good the model is stays unknown."


def parse_sections(text: str, sections: int) -> list[int]:
    """Section numbers of ``"0-9"`` or ``"3,7,12-14"``, both ends included; all for "".

    Raises
    ------
    ValueError
        It is no such list, or there is no such section.
    """
    chosen: set[int] = set()
    for part in filter(None, (piece.strip() for piece in text.split(","))):
        first, _, last = part.partition("-")
        if not first.strip().isdigit() or (last and not last.strip().isdigit()):
            raise ValueError(f"Sections are written like 0-9 or 3,7,12, not '{text}'.")
        chosen |= set(range(int(first), int(last or first) + 1))
    if chosen and max(chosen) >= sections:
        raise ValueError(
            f"There is no section {max(chosen)}: they are numbered 0 to {sections - 1}."
        )
    return sorted(chosen) or list(range(sections))


def choose(text: str, labels: Sequence[Labels], found: Sequence[Found]) -> list[Field]:
    """The fields to keep aside; none where there is too little.

    Parameters
    ----------
    text
        ``auto``, ``none``, or section numbers; of a set, numbers of its images.
    labels
        Of each image.
    found
        What each labelled section holds.

    Raises
    ------
    ValueError
        There is no such section, or nothing is left to learn from.
    """
    if text.strip() == "none":
        return []
    if text.strip() == "auto":
        return _auto(labels, found)
    stack = len(labels) == 1
    numbers = set(parse_sections(text, labels[0].sections if stack else len(labels)))
    kept = [one for one in found if (one.z if stack else one.image) in numbers]
    if len(kept) == len(found):
        raise ValueError("All labelled sections are kept aside: leave some to learn from.")
    if not kept:
        raise ValueError(f"Nothing is labelled in sections {text}: choose labelled ones.")
    return [_whole(labels, one) for one in kept]


def _auto(labels: Sequence[Labels], found: Sequence[Found]) -> list[Field]:
    """Neighbouring sections (alike, so they must not be parted), else a strip of each section."""
    if len(found) >= _SHARE:
        part = max(1, len(found) // _SHARE)
        kept, left = found[-part:], found[:-part]
        if _enough(_sum(left) > 0, _sum(kept), _sum(left)):
            return [_whole(labels, one) for one in kept]
    return _strips(labels, found)


def _strips(labels: Sequence[Labels], found: Sequence[Found]) -> list[Field]:
    """The lowest strip over all sections that holds and leaves enough of each class."""
    for number in range(_SHARE - 1, -1, -1):
        fields = []
        for one in found:
            height, width = labels[one.image].plane
            rows = (number * height // _SHARE, (number + 1) * height // _SHARE)
            fields.append(Field(one.image, one.z, rows, (0, width)))
        inside = sum((_within(f, o) for f, o in zip(fields, found, strict=True)), start=0.0)
        total = _sum(found)
        if _enough(total > 0, np.asarray(inside), total - inside):
            return fields
    return []


def _within(field: Field, found: Found) -> NDArray[np.float64]:
    """About how many pixels of each class lie in a strip, from the places remembered."""
    rows = [places[:, 0] for places in found.places]
    share = [((r >= field.rows[0]) & (r < field.rows[1])).mean() if r.size else 0.0 for r in rows]
    return np.asarray(np.array(found.counts) * np.array(share))


def _enough(
    there: NDArray[np.bool_],
    kept: NDArray[np.float64],
    left: NDArray[np.float64],
) -> bool:
    return bool(np.all(kept[there] >= _SOME) and np.all(left[there] >= _ENOUGH))


def _sum(found: Sequence[Found]) -> NDArray[np.float64]:
    return np.asarray(np.array([one.counts for one in found], np.float64).sum(0))


def _whole(labels: Sequence[Labels], one: Found) -> Field:
    height, width = labels[one.image].plane
    return Field(one.image, one.z, (0, height), (0, width))
