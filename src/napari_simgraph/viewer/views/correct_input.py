"""What is corrected, and the settings of Correct."""

from __future__ import annotations

from dataclasses import dataclass

from napari.layers import Layer

from napari_simgraph.core.config import Config, setting
from napari_simgraph.viewer.views.objects_chosen import Outline, numbers_of
from napari_simgraph.viewer.views.objects_job import looks_like_objects


@dataclass(frozen=True)
class Correcting(Config):
    """Settings of the page."""

    smooth: float = setting(
        2.0,
        "Bumps narrower than twice this are taken off.",
        0.5,
        20,
        0.5,
        unit="px",
        label="Smooth",
    )
    minutes: float = setting(
        2.0, "How long to learn from corrections.", 0.1, 600, 0.5, unit="min", label="Learn for"
    )
    most: int = setting(80, "How many places to list.", 1, 1000, 10, label="Places to check")


def refuse(layer: Layer) -> str:
    """Why a Labels layer can't be corrected as objects, or ""."""
    if isinstance(numbers_of(layer), Outline):
        return "what is chosen now"
    if layer.ndim not in (2, 3):
        return "has more than 3 axes"
    if layer.multiscale:
        return "a pyramid"
    return "" if looks_like_objects(layer) else "classes, not objects"
