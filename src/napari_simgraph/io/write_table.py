"""Tables and graphs as files: which writer a path goes to."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from napari_simgraph.core.classified import Classified
from napari_simgraph.core.graph import SimilarityGraph
from napari_simgraph.core.signatures import Findings
from napari_simgraph.core.tables import Neighbours, PatchTable
from napari_simgraph.io.anndata_write import table_columns, write_anndata
from napari_simgraph.io.faults import Told
from napari_simgraph.io.picture_tables import write_chances
from napari_simgraph.io.safe import refused
from napari_simgraph.io.table_text import write_csv, write_graphml

SUFFIXES = (".h5ad", ".zarr", ".csv", ".graphml")


def check_table(target: Path) -> None:
    """Nothing, where a table can be written to a path.

    Raises
    ------
    ValueError
        Its suffix is none of ours.
    """
    if target.suffix.casefold() not in SUFFIXES:
        raise Told(f"{target}: a table is written as one of {', '.join(SUFFIXES)}.")


def write_table(
    noun: PatchTable | SimilarityGraph, target: Path, info: Mapping[str, Any] | None = None
) -> list[Path]:
    """The paths written; the suffix says the format.

    Raises
    ------
    ValueError
        It is no format for tables, or the disk refused it.
    """
    check_table(target)
    suffix = target.suffix.casefold()
    try:
        if suffix == ".csv" and isinstance(noun, Classified):
            return write_chances(noun, target)
        if suffix == ".csv":
            return write_csv(noun, target)
        if suffix == ".graphml":
            if not isinstance(noun, SimilarityGraph):
                raise Told(f"{target}: GraphML holds graphs; a table goes to .csv or .h5ad.")
            return write_graphml(noun, target)
        return write_anndata(noun, target, info)
    except OSError as error:
        raise Told(f"{target} can't be written: {refused(error)}.") from error


def told(found: Neighbours | Findings) -> dict[str, Any]:
    """An answer as plain JSON, the best first."""
    if isinstance(found, Findings):
        return found.told()
    columns = {name: values.tolist() for name, values in table_columns(found).items()}
    columns["patch_id"] = [str(one) for one in columns["patch_id"]]  # JSON has no 64-bit numbers
    columns["similarity"] = columns.pop("score")
    rows = zip(*columns.values(), strict=True)
    return {"neighbours": [dict(zip(columns, row, strict=True)) for row in rows]}
