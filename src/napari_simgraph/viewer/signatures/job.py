"""What the Signatures dock computes: record, group and compare, each in the process of jobs."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from napari_simgraph.analysis.probes import Parted
from napari_simgraph.analysis.signature_points import as_points
from napari_simgraph.capabilities import signature
from napari_simgraph.core.job import Job, Progress
from napari_simgraph.core.model import Model
from napari_simgraph.core.raster import Image, ImageSet
from napari_simgraph.core.room import Room
from napari_simgraph.core.signatures import NeuronTable, SignatureTable
from napari_simgraph.core.tables import EmbeddingTable
from napari_simgraph.io.anndata_read import read_noun
from napari_simgraph.io.anndata_write import write_anndata
from napari_simgraph.viewer.chain import part
from napari_simgraph.viewer.jobs import JobRunner
from napari_simgraph.viewer.signatures.book import Compared


@dataclass(frozen=True)
class Given:
    """What is recorded: patches of images in a network, and where it is kept."""

    model: Model
    image: Image | ImageSet
    patches: EmbeddingTable | None
    target: Path


class Recorded(NamedTuple):
    """Signatures, and the same patches as points for search and map."""

    table: SignatureTable
    points: EmbeddingTable
    compared: Compared | None = None


def record(
    jobs: JobRunner, given: Given, how: signature.Apply, groups: signature.Cluster, room: Room
) -> Job[Recorded]:
    """Record and group, and compare the two largest classes; kept before it is shown."""
    nouns = (given.model, given.image, None, given.patches)
    job = jobs.apart(signature.apply, *nouns, config=how, room=room)
    table = yield from part(job, 0.0, 0.6, "recording")
    if len(table) > max(3, groups.number):
        job = jobs.apart(signature.cluster, table, config=groups, room=room)
        table = yield from part(job, 0.6, 0.85, "grouping")
    made = yield from kept(table, given.target)
    largest = two_largest(table.classes())
    if not largest:
        return made
    asked = signature.Compare(a=largest[0], b=largest[1])
    compared = yield from part(compare(jobs, made.table, asked, room), 0.9, 1.0, "comparing")
    return made._replace(compared=compared)


def two_largest(words: NDArray[np.str_]) -> tuple[str, ...]:
    """The two words that most patches have, the largest first; none where there are fewer."""
    names, counts = np.unique(words[words != ""], return_counts=True)
    found = names[np.argsort(-counts, kind="stable")][:2].tolist()
    return tuple(sorted(found)) if len(found) == 2 and counts.min() > 1 else ()


def kept(table: SignatureTable, target: Path) -> Job[Recorded]:
    """The signatures on disk, and their points."""
    yield Progress(0.86, "keeping the signatures")
    target.parent.mkdir(parents=True, exist_ok=True)
    write_anndata(table, target)
    found: Any = read_noun(target)
    yield Progress(0.88, "keeping the signatures")
    points = as_points(found)
    yield Progress(0.9, "recorded")
    return Recorded(found, points)


def compare(
    jobs: JobRunner,
    table: SignatureTable,
    how: signature.Compare,
    room: Room,
    other: SignatureTable | None = None,
) -> Job[Compared]:
    """A against B, in other signatures or in the same."""
    job = jobs.apart(signature.compare, table, other, config=how, room=room)
    found: NeuronTable = yield from job
    told = found.summary
    curve = [Parted(**one) for one in told.get("layers", [])]
    return Compared(str(told["a"]), str(told["b"]), curve, found)
