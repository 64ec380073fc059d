"""Making: what is made of an image, as settings."""

from __future__ import annotations

from dataclasses import dataclass

from napari_simgraph.core.config import Config, setting

KINDS = {
    "classes": ("classes",),
    "probability": ("probability",),
    "instances": ("instances",),
    "both": ("classes", "probability"),
    "classes+instances": ("classes", "instances"),
    "probability+instances": ("probability", "instances"),
    "all": ("classes", "probability", "instances"),
}


@dataclass(frozen=True)
class Painted(Config):
    """What to make, where, and how finely."""

    output: str = setting(
        "classes",
        "What to make: classes, how sure each is, objects (instances), or several of them.",
        choices=tuple(KINDS),
        label="Make",
        first=True,
    )
    sections: str = setting(
        "", "Which sections, like 0-9; all if empty.", label="Sections", first=True
    )
    average: str = setting(
        "full",
        "Mean over flips (4), flips and quarter turns (full, 8) or these at two sizes (sizes, 16; "
        "2.6 times the work of full): finer, takes longer.",
        choices=("none", "flips", "full", "sizes"),
        label="Average over",
    )
    boundaries: str = setting(
        "closed",
        "Close gaps in the boundaries between cells, or leave them as the network gives them.",
        choices=("closed", "raw"),
        label="Boundaries",
    )


@dataclass(frozen=True)
class Parted(Config):
    """What an object is."""

    objects: str = setting(
        "stack",
        "Objects go on through the stack, or each section has its own.",
        choices=("stack", "section"),
        label="Objects",
    )
    bounded_by: str = setting(
        "",
        "The class that bounds objects; empty for the model's, none for objects of each class.",
        label="Objects are bounded by",
    )
    parting: float = setting(
        0.0,
        "How sure a boundary is that parts two objects; 0 for what was best for the model.",
        0,
        1,
        0.01,
        label="Parted from",
        zero="auto",
    )
    smallest: int = setting(
        50,
        "Smaller objects are given to a neighbour.",
        0,
        1_000_000,
        1,
        label="Smallest",
        unit="px",
    )
