"""Settings of the capability objects."""

from __future__ import annotations

from dataclasses import dataclass

from napari_simgraph.core.config import Config, setting


@dataclass(frozen=True)
class Finding(Config):
    """Which pieces of labels are objects."""

    only: str = setting(
        "",
        "Classes whose pieces are objects, like cell,synapse; all but background if empty.",
        label="Only classes",
    )
    corners: bool = setting(
        False, "Pixels that touch at a corner belong together too.", label="Join at corners"
    )
    through: bool = setting(
        True,
        "Objects go on from section to section; else each section is counted by itself.",
        label="Through sections",
    )
    fill_holes: bool = setting(
        False, "Background that one object encloses becomes part of it.", label="Fill holes"
    )
    smallest: float = setting(
        0.0,
        "Leave smaller objects out: µm³, µm² where flat, pixels where the size is unknown.",
        0,
        label="Smallest",
    )
    largest: float = setting(
        0.0,
        "Leave larger objects out, in the same unit; 0 for none.",
        0,
        label="Largest",
        zero="any",
    )
    remove: str = setting("", "Leave these objects out, by number: 3,17.", label="Leave out")


@dataclass(frozen=True)
class Find(Finding):
    """Settings of `find`."""

    output: str = setting(
        "objects",
        "What the pixels say: the number of their object, or its class.",
        choices=("objects", "classes"),
        label="Make",
    )


@dataclass(frozen=True)
class Measure(Finding):
    """Settings of `measure`."""


@dataclass(frozen=True)
class Fractions(Config):
    """Settings of `fractions`."""

    box: str = setting(
        "",
        "Only this box, in pixels: 0:5,100:200,0:512 (sections, rows, columns).",
        label="Only in the box",
    )


@dataclass(frozen=True)
class Suspects(Config):
    """Settings of `suspects`."""

    most: int = setting(80, "How many places to list.", 1, 1_000_000, 10, label="Places to check")
    smallest: float = setting(
        0.0,
        "Leave out where one side is smaller: µm², pixels where the size is unknown; 0 is 64 px.",
        0,
        label="Smallest",
    )
    boundary: str = setting(
        "", "The class that separates cells; found by its name if empty.", label="Boundary class"
    )
