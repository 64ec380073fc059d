"""What the Areas dock computes: links, groups, what marks teach, one after the other."""

from __future__ import annotations

from typing import Any, NamedTuple

from napari_simgraph.analysis.comparing import STATISTICS
from napari_simgraph.capabilities import embedding, interest, similarity
from napari_simgraph.core.graph import SimilarityGraph
from napari_simgraph.core.job import Job
from napari_simgraph.core.marks import Marks
from napari_simgraph.core.model import Model
from napari_simgraph.core.raster import Image, ImageSet, Labels, LabelsSet
from napari_simgraph.core.room import Room
from napari_simgraph.core.tables import EmbeddingTable, ScoreTable, join
from napari_simgraph.learn.similarity_settings import Apply as Join
from napari_simgraph.viewer.chain import part
from napari_simgraph.viewer.jobs import JobRunner

_LEARNING = 0.8  # of the bar; scoring is the rest


class Given(NamedTuple):
    """What to learn from; with `use` that model scores, and nothing is learned."""

    graph: SimilarityGraph
    marks: Marks | Labels | LabelsSet | None = None
    use: Model | None = None


class Found(NamedTuple):
    """A model and the scores it gives."""

    model: Model
    table: ScoreTable


class Described(NamedTuple):
    """Patches to join, and what else may tell of them.

    Parameters
    ----------
    table
        The patches.
    image
        The images that they lie in; None where these are not open.
    plain
        The embedding that made the table: it knows how grey value and texture are told.
    seen
        A segmentation: what its network sees is added.
    """

    table: EmbeddingTable
    image: Image | ImageSet | None = None
    plain: Model | None = None
    seen: Model | None = None


def learn(
    jobs: JobRunner, given: Given, settings: tuple[interest.Train, interest.Apply], room: Room
) -> Job[Found]:
    """Learn and score, each in the process of jobs; without marks groups are found."""
    (train, apply), model, begun = settings, given.use, 0.0
    if model is None:
        begun = _LEARNING
        learning = jobs.apart(interest.train, given.graph, given.marks, config=train, room=room)
        model = yield from part(learning, 0.0, begun, "learning")
    scoring = jobs.apart(interest.apply, model, given.graph, config=apply, room=room)
    table = yield from part(scoring, begun, 1.0, "scoring")
    return Found(model, table)


def link(jobs: JobRunner, given: Described, config: Join, room: Room) -> Job[SimilarityGraph]:
    """Join patches by all that is known of them, each step in the process of jobs."""
    table, begun = given.table, 0.0
    if given.plain is not None and STATISTICS not in table.beside:
        told = {"features": STATISTICS, "background": "keep"}
        told |= {name: table.made[name] for name in ("stride", "scale") if name in table.made}
        how = embedding.Apply.from_json(told)
        job = jobs.apart(embedding.apply, given.plain, given.image, config=how, room=room)
        looked = yield from part(job, 0.0, 0.4, "grey value and texture")
        table, begun = _beside(table, looked), 0.4
    if given.seen is not None:
        nouns = (table, None, given.seen, given.image)
        job = jobs.apart(interest.features, *nouns, config=interest.Features(), room=room)
        table = yield from part(job, begun, 0.8, "what the model sees")
        begun = 0.8
    joining: Any = jobs.apart(similarity.apply, table, config=config, room=room)
    graph: SimilarityGraph = yield from part(joining, begun, 1.0, "joining")
    return graph


def _beside(table: EmbeddingTable, looked: EmbeddingTable) -> EmbeddingTable:
    """The table with plain figures of its patches; as it is where some are not known."""
    pairs = join(table, looked)
    if len(pairs.left) < len(table):
        return table
    values = looked.values[pairs.right]
    return table.replace(beside={**table.beside, STATISTICS: values})
