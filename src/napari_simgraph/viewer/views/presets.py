"""Ready-made lists of classes."""

from __future__ import annotations

from collections.abc import Mapping

from napari_simgraph.core.classes import ClassTable

PRESETS: dict[str, tuple[tuple[str, ...], tuple[str, ...]]] = {
    "EM": (("membrane", "cytoplasm", "mitochondrion", "synapse"), ()),
    # On H&E, classes are told apart by outlines in colours that are rare in stained tissue.
    "Tissue": (
        ("tumour", "stroma", "gland", "other"),
        ("#009E73", "#D55E00", "#F0E442", "#000000"),
    ),
    "Two classes": (("background", "object"), ()),
}


def preset_classes(name: str) -> ClassTable:
    """The classes of a preset."""
    names, table_colors = PRESETS[name]
    return ClassTable.of(names, list(table_colors) or None)


def with_preset(name: str, old: ClassTable, painted: Mapping[int, int]) -> ClassTable | None:
    """The classes of a preset, painted ones of before in their place; None if names would clash."""
    rows = [(row.name, row.color) for row in preset_classes(name)]
    for place, kept in enumerate(old):
        if painted.get(kept.value):
            rows[place : place + 1] = [(kept.name, kept.color)]
    names = [each for each, _ in rows]
    clash = len(set(map(str.casefold, names))) < len(names)
    return None if clash else ClassTable.of(names, [color for _, color in rows])
