"""Interest results: models and tables of areas of interest, with what made them."""

from __future__ import annotations

from collections.abc import Generator, Mapping
from datetime import UTC, datetime
from importlib.metadata import version
from typing import Any

import numpy as np
from numpy.typing import NDArray

from napari_simgraph.analysis.few_clicks import Scored
from napari_simgraph.analysis.marked import Said
from napari_simgraph.analysis.spreading import alone
from napari_simgraph.core.graph import SimilarityGraph
from napari_simgraph.core.job import Note, Signal, Tick
from napari_simgraph.core.model import Model
from napari_simgraph.core.tables import ScoreTable


def tell_alone(matrix: Any) -> Generator[Tick, Signal | None, None]:
    """Say how many patches have no neighbours, if there are some."""
    count = int(alone(matrix).sum())
    if count:
        yield Note(f"{count} patches have no neighbours and keep no score.", warning=True)


def table_of(
    graph: SimilarityGraph,
    scored: Scored,
    matrix: Any,
    columns: Mapping[str, NDArray[Any]],
    made: Mapping[str, Any],
) -> ScoreTable:
    """The scores as a table; a patch without neighbours keeps none."""
    gone = alone(matrix)
    score = np.where(gone, np.nan, scored.score).astype(np.float32)
    unsure = np.where(gone, 1, scored.uncertainty).astype(np.float32)
    name = f"{graph.table.name} · interest"
    return ScoreTable(graph.table.grid, score, unsure, columns=columns, name=name, made=made)


def model_of(
    graph: SimilarityGraph,
    way: str,
    network: Mapping[str, Any],
    config: Any,
    fields: Mapping[str, Any],
    known: Said,
) -> Model:
    """The model, with what it was made of."""
    data = {
        "way": way,
        "features": int(graph.table.values.shape[1]),
        "graph": graph.fingerprint,
        "like": len(known.like),
        "unlike": len(known.unlike),
        "wanted": known.name,
    }
    versions = {name: version(name) for name in ("napari-simgraph", "torch", "numpy")}
    return Model(
        "interest",
        network=network,
        name=f"{graph.table.name} interest",
        settings=config.to_json(),
        versions=versions,
        seed=config.seed,
        data=data,
        made=datetime.now(UTC).isoformat(timespec="seconds"),
        **fields,
    )
