"""What anomaly found, as files: ``maps/NAME.tif`` and ``scores.csv``, or one map."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from napari_simgraph.core.raster import Image, ImageSet
from napari_simgraph.io.industrial import SCORES, write_scores
from napari_simgraph.io.write import write


def write_found(found: Any, target: Path, info: Mapping[str, Any]) -> list[Path]:
    """The files written: a map with a suffix alone, else a folder with maps and scores."""
    if target.suffix:
        return list(write(found.map, target, info=info))
    written: list[Path] = []
    for part, folder in found.folders.items():
        noun: Image | ImageSet | None = getattr(found, part)
        if noun is None:
            continue
        (target / folder).mkdir(parents=True, exist_ok=True)
        for one in [noun] if isinstance(noun, Image) else noun.images:
            stem = one.name.rpartition(" · ")[0] or one.name
            written += write(one, target / folder / f"{stem}.tif", info=info)
    return [*written, write_scores(found.image_scores, target / SCORES)]
