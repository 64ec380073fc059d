"""Tables as CSV and graphs as GraphML, for programs that don't read AnnData."""

from __future__ import annotations

import csv
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from xml.sax.saxutils import quoteattr

import numpy as np
from numpy.typing import NDArray

from napari_simgraph.core.graph import SimilarityGraph
from napari_simgraph.core.tables import EmbeddingTable, PatchTable
from napari_simgraph.io.anndata_write import table_columns
from napari_simgraph.io.safe import fresh

_HEAD = (
    '<?xml version="1.0" encoding="UTF-8"?>\n'
    '<graphml xmlns="http://graphml.graphdrawing.org/xmlns">\n'
)
_TYPES = {"i": "long", "u": "long", "f": "double", "b": "boolean"}


def write_csv(noun: PatchTable | SimilarityGraph, target: Path) -> list[Path]:
    """The file written: one line a patch with all its columns and features."""
    table = noun.table if isinstance(noun, SimilarityGraph) else noun
    columns = _all_columns(table)
    with fresh(target) as temporary, temporary.open("w", newline="", encoding="utf-8") as file:
        writer = csv.writer(file)
        writer.writerow(columns)
        for row in zip(*(values.tolist() for values in columns.values()), strict=True):
            writer.writerow(row)
    return [target]


def write_graphml(graph: SimilarityGraph, target: Path) -> list[Path]:
    """The file written: a node for each patch, each pair of neighbours once per kind of edge.

    References
    ----------
    .. [1] Brandes et al., GraphML progress report, Graph Drawing 2001.
    """
    columns = {k: v for k, v in _all_columns(graph.table).items() if not k.startswith("feature ")}
    with fresh(target) as temporary, temporary.open("w", encoding="utf-8") as file:
        file.write(_HEAD)
        for number, (name, values) in enumerate(columns.items()):
            kind = _TYPES.get(values.dtype.kind, "string")
            file.write(
                f'<key id="n{number}" for="node" attr.name={quoteattr(name)} attr.type="{kind}"/>\n'
            )
        file.write('<key id="weight" for="edge" attr.name="weight" attr.type="double"/>\n')
        file.write('<key id="kind" for="edge" attr.name="kind" attr.type="string"/>\n')
        file.write('<graph edgedefault="undirected">\n')
        file.writelines(_nodes(columns))
        file.writelines(_edges(graph))
        file.write("</graph>\n</graphml>\n")
    return [target]


def _all_columns(table: PatchTable) -> dict[str, NDArray[Any]]:
    columns = table_columns(table)
    centres = table.grid.centres()
    columns |= {f"centre_{axis}": centres[:, i] for i, axis in enumerate("zyx")}
    for name, points in table.maps.items():
        columns |= {f"{name}_{i + 1}": points[:, i] for i in range(points.shape[1])}
    if isinstance(table, EmbeddingTable):
        columns |= {f"feature {i}": table.values[:, i] for i in range(table.values.shape[1])}
    return columns


def _nodes(columns: dict[str, NDArray[Any]]) -> Iterator[str]:
    lists = [values.tolist() for values in columns.values()]
    for row, values in enumerate(zip(*lists, strict=True)):
        data = "".join(f'<data key="n{k}">{_escaped(v)}</data>' for k, v in enumerate(values))
        yield f'<node id="{row}">{data}</node>\n'


def _escaped(value: Any) -> str:
    return quoteattr(str(value).lower() if isinstance(value, bool) else str(value))[1:-1]


def _edges(graph: SimilarityGraph) -> Iterator[str]:
    for kind, edges in graph.edges.items():
        begins = edges.begins()
        forth = begins.astype(np.int64) * len(graph) + edges.ends
        back = edges.ends.astype(np.int64) * len(graph) + begins
        once = (begins < edges.ends) | ~np.isin(back, forth)  # most pairs are stored both ways
        rows = (begins[once].tolist(), edges.ends[once].tolist(), edges.weights[once].tolist())
        for a, b, weight in zip(*rows, strict=True):
            yield (
                f'<edge source="{a}" target="{b}"><data key="weight">{weight:.6g}</data>'
                f'<data key="kind">{_escaped(kind)}</data></edge>\n'
            )
