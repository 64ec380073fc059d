"""Interest ways: from what was marked to a model, and from a model to scores."""

from __future__ import annotations

from collections.abc import Generator, Mapping
from functools import partial
from typing import Any

import numpy as np
from numpy.typing import NDArray

from napari_simgraph.analysis import click_model, coherence, plainer
from napari_simgraph.analysis.clusters import k_means
from napari_simgraph.analysis.comparing import NO_BETTER, beaten, compare
from napari_simgraph.analysis.few_clicks import (
    FewClicks,
    Judged,
    Scored,
    check,
    judged_of,
)
from napari_simgraph.analysis.marked import Said, said
from napari_simgraph.analysis.neighbours import Points, unit
from napari_simgraph.analysis.spreading import links
from napari_simgraph.core.graph import SIMILARITY, SimilarityGraph
from napari_simgraph.core.job import Note, Progress, Signal, Tick
from napari_simgraph.core.model import Model
from napari_simgraph.core.room import Room
from napari_simgraph.core.tables import check_some
from napari_simgraph.learn import interest_networks as networks
from napari_simgraph.learn import interest_results as results
from napari_simgraph.learn.aside import Aside
from napari_simgraph.learn.device import pick
from napari_simgraph.learn.fit import Plan
from napari_simgraph.learn.held import NETWORK
from napari_simgraph.learn.interest_given import Given, few_of

MANY = 400  # marked patches above which a network is learned; fewer are answered at once
NORMAL, USUAL, MIDDLE = "normal/points", "normal/usual", "groups/middle"
# Of what is learned without labels, beside features of weight 1: on section 11 of VNC, groups of
# what is learned alone score 0.74 to 0.86 AUROC, those of spread features 0.80 to 0.94.
_LEARNED = 0.3
_TRIES = 8  # of clustering: by a single one, synapses of VNC had no group of their own now and then
_MOST_NORMAL = 10_000  # patches of a reference that are kept: 5 MB
OTHER = "The model learned from other features: make this table as that one was made."
NOTHING = "Nothing is marked 'normal': outline a place without anything odd."
UNTESTED = "Rare isn't always interesting: look before you trust it."
Ticks = Generator[Tick, Signal | None, Any]


def learn(given: Given, config: Any, room: Room, aside: Aside) -> Ticks:
    """The model."""
    graph = given.graph
    if len(graph) < 2:
        raise ValueError("One patch alone has no surroundings: embed more patches.")
    known = said(given.marks, graph.table.grid, config.wanted, config.share)
    way = _way(config.way, known)
    place = pick(config.device, config.threads, "full")
    aside.halt.hear((yield place.tick()))
    arrays: Mapping[str, NDArray[Any]]
    network: dict[str, Any] = {"name": way, "options": {}}
    more: dict[str, Any] = {}
    if way == "clicks":
        arrays, more = yield from _from_clicks(given, known, config, aside)
    elif way == "normal":
        arrays = _from_normal(graph, known, config.seed)
        yield Progress(1.0, "looked at the reference")
    else:
        network = networks.network_of(graph, sorted(graph.edges), config, way)
        made = (room, aside, place)
        learner = _groups if way == "groups" else _marked
        arrays, more = yield from learner(given, known, (config, network), made)
    aside.halt.hear((yield Progress(1.0, "learned")))
    return results.model_of(graph, way, network, config, {"arrays": dict(arrays), **more}, known)


def use(model: Model, given: Given, config: Any, aside: Aside) -> Ticks:
    """The scores."""
    graph = given.graph
    way = str(model.data.get("way", ""))
    if model.capability != "interest" or not way:
        raise ValueError(f"'{model.name}' knows no areas of interest: choose another model.")
    if int(model.data["features"]) != graph.table.values.shape[1]:
        raise ValueError(OTHER)
    known = said(given.marks, graph.table.grid, config.wanted, config.share)
    check_some(graph)
    place = pick(config.device, config.threads, "full")
    aside.halt.hear((yield place.tick()))
    matrix = yield from aside.wait(partial(links, graph, config.shares))
    columns: dict[str, NDArray[Any]] = {}
    if way == "normal":
        normal = model.arrays[NORMAL], float(model.arrays[USUAL][0])
        far = yield from aside.wait(
            partial(coherence.unlike_normal, unit(graph.table.values), *normal),
            partial(Progress, text="comparing with the reference"),
        )
        score = far / (1 + far)  # one half where it is as unlike as the odd one in the reference
        scored = Scored(score.astype(np.float32), (1 - np.abs(2 * score - 1)).astype(np.float32))
    elif way == "clicks":
        few = yield from few_of(graph, matrix, aside, model.arrays[click_model.CENTRE])
        judged = click_model.clicks_in(model.arrays, graph.table.grid, known)
        call = partial(click_model.apply_clicks, model, few, judged)
        scored = yield from aside.wait(call, partial(Progress, text="scoring"))
        columns = yield from _plainer(model, graph, (matrix, judged), aside)
    else:
        scored, columns = yield from _by_network(
            model, given, (matrix, known), config, (aside, place)
        )
    yield from results.tell_alone(matrix)
    return results.table_of(
        graph, scored, matrix, columns, {"model": model.name, **config.to_json()}
    )


def _way(wanted: str, known: Said) -> str:
    if wanted == "normal" and not len(known.normal):
        raise ValueError(NOTHING)
    if wanted in ("clicks", "sage", "gat"):
        check(judged_of(known.like, known.unlike))
    if wanted != "auto":
        return wanted
    if len(known):
        check(judged_of(known.like, known.unlike))
        return "sage" if len(known) >= MANY else "clicks"
    return "normal" if len(known.normal) else "groups"


def _from_clicks(given: Given, known: Said, config: Any, aside: Aside) -> Ticks:
    graph = given.graph
    matrix = yield from aside.wait(partial(links, graph, config.shares))
    few = yield from few_of(graph, matrix, aside)
    judged = judged_of(known.like, known.unlike)
    if given.start is not None and click_model.IDS in given.start.arrays:
        judged = click_model.clicks_in(given.start.arrays, graph.table.grid, known)
    yield from results.tell_alone(matrix)
    call = partial(compare, few, judged, graph.table)
    metrics = yield from aside.wait(call, partial(Progress, text="comparing"))
    if metrics and beaten(metrics):
        yield Note(NO_BETTER)
    arrays = yield from aside.wait(partial(click_model.arrays_of, few, judged, graph.table.grid))
    return arrays | plainer.heads(graph.table, judged), {"metrics": metrics}


def _from_normal(graph: SimilarityGraph, known: Said, seed: int) -> dict[str, NDArray[Any]]:
    rng = np.random.default_rng(seed)
    rows = np.sort(rng.permutation(known.normal)[:_MOST_NORMAL])
    points = unit(graph.table.values)
    usual = coherence.usual_distance(points, rows, graph.table.grid, seed)
    return {NORMAL: points[rows], USUAL: np.array([usual], np.float32)}


def _groups(given: Given, known: Said, how: Any, made: Any) -> Ticks:
    """Network that learned by itself, and the groups of what it sees."""
    (config, network), (room, aside, place) = how, made
    network["seed"] = config.seed
    seen = networks.surroundings(given.graph, network["options"]["kinds"])
    plan = _plan(given.graph, config)
    fitted = yield from networks.learn_alone(seen, network, plan, place, (room, aside))
    arrays = {NETWORK + key: value for key, value in fitted.arrays.items()}
    sketch = Model("interest", arrays, network)
    points, _ = yield from _quietly(networks.embed(sketch, seen, aside, place))
    matrix = yield from aside.wait(partial(links, given.graph, config.shares))
    few = yield from _quietly(few_of(given.graph, matrix, aside))
    points = _beside(points, few)
    tries = 1 if aside.halt.stopped else _TRIES
    number = yield from _quietly(k_means(points, config.groups, config.seed, tries))
    groups = coherence.rank(points, number, given.graph)
    yield Note(UNTESTED)
    parts = ("centres", "compact", "together", "share")
    ranked = {f"groups/{name}": getattr(groups, name) for name in parts}
    ranked[MIDDLE] = few.ground.centre
    return arrays | ranked, {"steps": fitted.steps, "history": fitted.history}


def _marked(given: Given, known: Said, how: Any, made: Any) -> Ticks:
    """Network that learned from marks, judged on patches of its own beside plainer ways."""
    (config, network), (room, aside, place) = how, made
    graph = given.graph
    marked = networks.kept_aside(judged_of(known.like, known.unlike), graph.table.grid, config.seed)
    seen = networks.surroundings(graph, network["options"]["kinds"])
    matrix = yield from aside.wait(partial(links, graph, config.shares))
    yield from results.tell_alone(matrix)
    plan = _plan(graph, config)
    asked = (room, aside, marked, config)
    fitted, best, ours = yield from networks.learn_marked(seen, network, plan, place, asked)
    call = partial(networks.figures, graph, matrix, marked, ours)
    metrics = yield from aside.wait(call, partial(Progress, 1.0, "comparing"))
    if beaten(metrics):
        yield Note(NO_BETTER)
    arrays = {NETWORK + key: value for key, value in best.items()}
    told = plainer.few_enough(marked[0])
    arrays |= click_model.told(told, graph.table.grid) | plainer.heads(graph.table, told)
    return arrays, {"metrics": metrics, "steps": fitted.steps, "history": fitted.history}


def _by_network(
    model: Model, given: Given, known: tuple[Any, Said], config: Any, how: tuple[Aside, Any]
) -> Ticks:
    """Scores and further columns of a graph network."""
    (matrix, marks), (aside, place), graph = known, how, given.graph
    options = model.network["options"]
    seen = networks.surroundings(graph, list(options["kinds"]))
    points, score = yield from networks.embed(model, seen, aside, place)
    if not options["infomax"]:
        judged = click_model.clicks_in(model.arrays, graph.table.grid, marks)
        columns = yield from _plainer(model, graph, (matrix, judged), aside)
        return Scored(score, (1 - np.abs(2 * score - 1)).astype(np.float32)), columns
    few = yield from _quietly(few_of(graph, matrix, aside, model.arrays[MIDDLE]))
    points = _beside(points, few)
    groups = coherence.nearest_group(points, model.arrays["groups/centres"])
    judged = coherence.speak_for(groups, config.group - 1, model.seed)
    speakers = dict(zip(judged.rows.tolist(), judged.like.tolist(), strict=True))
    members = np.flatnonzero(groups == config.group - 1)
    yield from aside.wait(partial(few.follow, members, speakers))
    if len(marks.like) or len(marks.unlike):
        judged = _corrected(judged, marks)
    scored = yield from aside.wait(partial(few.answer, judged), partial(Progress, 1.0, "scoring"))
    columns = yield from _plainer(model, graph, (matrix, judged), aside)
    columns["group"] = groups + 1
    if SIMILARITY in graph.edges:
        columns["rare"] = coherence.rare(graph)
    return scored, columns


def _plainer(
    model: Model, graph: SimilarityGraph, known: tuple[Any, Judged], aside: Aside
) -> Ticks:
    """What plainer ways say from the same marks, as columns."""
    matrix, judged = known
    call = partial(plainer.columns, model.arrays, graph.table, matrix, judged)
    return (yield from aside.wait(call, partial(Progress, 1.0, "scoring by plainer ways")))


def _beside(learned: Points, few: FewClicks) -> Points:
    """What a network learned by itself beside the spread features: alone it says less (VNC)."""
    return unit(np.concatenate([_LEARNED * learned, few.ground.points], axis=1))


def _corrected(judged: Judged, marks: Said) -> Judged:
    """Clicks count instead of what was taken for granted on the same patches."""
    like = np.setdiff1d(judged.rows[judged.like], marks.unlike)
    unlike = np.setdiff1d(judged.rows[~judged.like], marks.like)
    return judged_of(np.union1d(like, marks.like), np.union1d(unlike, marks.unlike))


def _quietly(job: Ticks) -> Ticks:
    """The same job as a part of another, whose progress stays at its end."""
    signal: Signal | None = None
    try:
        tick = next(job)
        while True:
            said_now = Progress(1.0, tick.text) if isinstance(tick, Progress) else tick
            signal = yield said_now
            tick = job.send(signal)
    except StopIteration as end:
        return end.value
    finally:
        job.close()


def _plan(graph: SimilarityGraph, config: Any) -> Plan:
    key = f"{config} {graph.fingerprint}"
    return Plan(config.steps, 60 * config.minutes, config.batch, config.rate, key)
