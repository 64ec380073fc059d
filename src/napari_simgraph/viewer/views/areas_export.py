"""Areas as files: outlines that QuPath reads, and labels."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from napari_simgraph.analysis.areas import Area, as_labels, as_marks
from napari_simgraph.core.patches import PatchGrid
from napari_simgraph.io.geojson import write_geojson
from napari_simgraph.io.write import write

NAME = "interesting"  # what areas are called, as on the command line


def export(
    areas: Sequence[Area], grid: PatchGrid, path: Path, labels: bool, info: Mapping[str, Any]
) -> tuple[str, bool]:
    """Write areas; the sentence of what was written or what was wrong, and whether it was."""
    try:
        if labels:
            made = as_labels(list(areas), grid)
            target = path if len(grid.sources) == 1 else path.with_suffix("")
            written = write(made, target, info=info)
        else:
            written = write_geojson(as_marks(list(areas), grid, NAME), path, info)
    except (ValueError, OSError) as error:
        return str(error), True
    many = f"{len(areas):,} area{'' if len(areas) == 1 else 's'}"
    where = written[0] if len(written) == 1 else written[0].parent
    return f"Wrote {many} to {where.name}.", False
