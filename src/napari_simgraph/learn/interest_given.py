"""What interest begins with: a graph, what was said of it, and how it is made ready for clicks."""

from __future__ import annotations

from collections.abc import Generator
from functools import partial
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from napari_simgraph.analysis.few_clicks import FewClicks, Ground, ground
from napari_simgraph.core.graph import SimilarityGraph
from napari_simgraph.core.job import Progress, Signal, Tick
from napari_simgraph.core.marks import Marks
from napari_simgraph.core.model import Model
from napari_simgraph.core.raster import Labels, LabelsSet
from napari_simgraph.learn.aside import Aside

Ticks = Generator[Tick, Signal | None, Any]


class Given(NamedTuple):
    """What a verb was given."""

    graph: SimilarityGraph
    marks: Marks | Labels | LabelsSet | None
    start: Model | None


def few_of(
    graph: SimilarityGraph, matrix: Any, aside: Aside, centre: NDArray[np.float32] | None = None
) -> Ticks:
    """The graph made ready for clicks."""
    steps = ground(graph.table.values, matrix, centre)
    tick = partial(Progress, text="spreading features over the graph")
    prepared: Ground | None = None
    while prepared is None:
        prepared = yield from aside.wait(partial(next, steps), tick)
        aside.halt.hear((yield tick()))
    return FewClicks(prepared)
