"""Interest: areas of interest on a graph of patches, from no labels, a few clicks or many marks."""

from __future__ import annotations

from collections.abc import Callable, Generator
from dataclasses import dataclass
from functools import partial
from importlib import import_module
from typing import Any, NamedTuple, TypeVar

import numpy as np

from napari_simgraph.core.clicks import Event, Reply
from napari_simgraph.core.config import Config, setting
from napari_simgraph.core.graph import SimilarityGraph
from napari_simgraph.core.job import Job, Note, Progress, Signal
from napari_simgraph.core.marks import Marks
from napari_simgraph.core.model import Model
from napari_simgraph.core.raster import Image, ImageSet, Labels, LabelsSet
from napari_simgraph.core.room import Room
from napari_simgraph.core.tables import EmbeddingTable, ScoreTable
from napari_simgraph.learn.aside import Aside, Inbox
from napari_simgraph.learn.interest_settings import Linked, Outlining, Shown, Wanted, Way
from napari_simgraph.learn.settings import Computing

R = TypeVar("R")


@dataclass(frozen=True)
class Features(Computing, Config):
    """Settings of `features`."""

    weight: float = setting(
        1.0, "Weight of the other features.", 0, 100, 0.1, label="Weight of the others", first=True
    )
    statistics: float = setting(
        1.0,
        "Weight of grey value and texture, where the table keeps them; 0 leaves them out.",
        0,
        100,
        0.1,
        label="Weight of grey value and texture",
    )


@dataclass(frozen=True)
class Train(Computing, Linked, Wanted, Way):
    """Settings of `train`."""


@dataclass(frozen=True)
class Apply(Computing, Linked, Wanted, Shown):
    """Settings of `apply`."""


@dataclass(frozen=True)
class Regions(Outlining):
    """Settings of `regions`."""


@dataclass(frozen=True)
class Score(Wanted):
    """Settings of `score`."""


class Outlined(NamedTuple):
    """Areas as outlines or as labels, whichever was asked for."""

    outlines: Marks | None
    labels: Labels | LabelsSet | None


def features(
    table: EmbeddingTable,
    more: EmbeddingTable | None = None,
    model: Model | None = None,
    image: Image | ImageSet | None = None,
    *,
    config: Features,
    room: Room,
) -> Job[EmbeddingTable]:
    """Features of several kinds side by side, so that links and areas come from all of them.

    Parameters
    ----------
    table
        An embedding; one made with ``--compare`` brings grey value and texture along.
    more
        Another table of the same patches.
    model, image
        A segmentation, and the images of the table: what its network sees in each patch.
    config
        Weights.
    room
        Not used.

    Raises
    ------
    ValueError
        The tables have no patch in common, or the image is another one.
    """
    aside = Aside()
    try:
        yield Progress(0.0, "putting features side by side")
        beside: Any = yield from aside.wait(
            partial(import_module, "napari_simgraph.learn.feature_parts")
        )
        given = beside.Given(table, more, model, image)
        made: EmbeddingTable = yield from beside.put_together(given, config, aside)
        return made
    finally:
        aside.close()


def train(
    graph: SimilarityGraph,
    marks: Marks | Labels | LabelsSet | None = None,
    *,
    start: Model | None = None,
    config: Train,
    room: Room,
) -> Job[Model]:
    """Learn what is of interest: by itself, from a few clicks, or from many marks.

    Parameters
    ----------
    graph
        Patches with their links.
    marks
        Clicks, areas and classes, or painted labels; without, groups are found by themselves.
    start
        Clicks of an earlier model on the same patches count, too.
    config
        Settings.
    room
        Keeps the checkpoints.

    Raises
    ------
    ValueError
        There is only one kind of mark, or none where some are needed.
    """

    def learn(ways: Any, aside: Aside) -> Job[Model]:
        return ways.learn(ways.Given(graph, marks, start), config, room, aside)  # type: ignore[no-any-return]

    return (yield from _by(learn))


def apply(
    model: Model,
    graph: SimilarityGraph,
    marks: Marks | Labels | LabelsSet | None = None,
    *,
    config: Apply,
    room: Room,
) -> Job[ScoreTable]:
    """Score each patch: how surely it is of interest, and how unsure that is.

    Parameters
    ----------
    model
        From `train`.
    graph
        The same patches or those of other slides and stacks, with the same features.
    marks
        Further clicks here.
    config
        Settings.
    room
        Not used.

    Raises
    ------
    ValueError
        The graph has other features than the model learned from.
    """

    def use(ways: Any, aside: Aside) -> Job[ScoreTable]:
        return ways.use(model, ways.Given(graph, marks, None), config, aside)  # type: ignore[no-any-return]

    return (yield from _by(use))


def live(
    graph: SimilarityGraph,
    marks: Marks | None = None,
    *,
    start: Model | None = None,
    config: Train,
    room: Room,
) -> Generator[Reply, Event | Signal | None, Model]:
    """Answer each click with scores of all patches, and ask for the patch that teaches most.

    Parameters
    ----------
    graph
        Patches with their links.
    marks, start
        Clicks of before.
    config
        Settings.
    room
        Not used.

    Raises
    ------
    ValueError
        It was stopped before there were clicks of both kinds.
    """

    def answer(ways: Any, aside: Aside) -> Generator[Reply, Event | Signal | None, Model]:
        session = ways.Session(ways.Given(graph, marks, start), config, aside)
        return session.run()  # type: ignore[no-any-return]

    return (yield from _by(answer, "interest_live", Inbox()))


def regions(table: ScoreTable, *, config: Regions, room: Room) -> Job[Outlined]:
    """Outline areas of high score, the one with most of it first.

    Raises
    ------
    ValueError
        No patch scores that high.
    """
    from napari_simgraph.analysis.areas import as_labels, as_marks, find_areas

    yield Progress(0.0, "outlining areas")
    areas = find_areas(table, config.above, config.least)
    yield Progress(0.5, f"{len(areas)} areas")
    if not areas:
        highest = float(np.nanmax(table.score, initial=0))
        raise ValueError(f"No area scores above {config.above:g}; the highest is {highest:.2f}.")
    yield Note(f"{len(areas)} areas, {sum(len(one.rows) for one in areas)} patches.")
    if config.output == "labels":
        made = Outlined(None, as_labels(areas, table.grid))
    else:
        made = Outlined(as_marks(areas, table.grid, config.name), None)
    yield Progress(1.0, f"{len(areas)} areas")
    return made


def score(
    prediction: ScoreTable, truth: Marks | Labels | LabelsSet, config: Score | None = None
) -> dict[str, float]:
    """How well scores find what is marked: ``auroc``, average precision ``ap``, ``prevalence``.

    The same of each plainer way that `apply` kept beside them: ``auroc logistic regression``.

    Raises
    ------
    ValueError
        Nothing is marked on these patches, or one kind only.
    """
    from napari_simgraph.analysis.few_clicks import check, judged_of
    from napari_simgraph.analysis.marked import said
    from napari_simgraph.analysis.plainer import WAYS
    from napari_simgraph.analysis.ranking import auroc, average_precision

    how = config or Score()
    known = said(truth, prediction.grid, how.wanted, how.share)
    judged = judged_of(known.like, known.unlike)
    check(judged)
    there = np.isfinite(prediction.score[judged.rows])
    rows, like = judged.rows[there], judged.like[there]
    found = {"prevalence": float(like.mean()), "patches": float(len(like))}
    kept = {f" {way}": prediction.columns[way] for way in WAYS if way in prediction.columns}
    for name, scores in {"": prediction.score, **kept}.items():
        found |= {f"auroc{name}": auroc(scores[rows], like)}
        found |= {f"ap{name}": average_precision(scores[rows], like)}
    return found


def _by(
    work: Callable[[Any, Aside], Generator[Any, Any, R]],
    name: str = "interest_ways",
    inbox: Inbox | None = None,
) -> Generator[Any, Any, R]:
    """What `work` gives, called with the ways to learn and a thread.

    What is sent meanwhile waits in the inbox.
    """
    aside = Aside(inbox)
    try:
        ways = yield from aside.wait(partial(import_module, f"napari_simgraph.learn.{name}"))
        return (yield from work(ways, aside))
    finally:
        aside.close()
