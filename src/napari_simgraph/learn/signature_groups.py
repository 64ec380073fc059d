"""Groups of signatures and what tells them apart: jobs without a network."""

from __future__ import annotations

from functools import partial
from typing import Any

import numpy as np
from numpy.typing import NDArray

from napari_simgraph.analysis import signature_clusters as clusters
from napari_simgraph.analysis import unlike
from napari_simgraph.analysis.neurons import Pair, ranked, sides, words_of
from napari_simgraph.analysis.probes import Parted, part_at, probe
from napari_simgraph.analysis.signature_paths import CLUSTER, column_of
from napari_simgraph.analysis.signature_points import Axes, wanted_layers
from napari_simgraph.core.job import Job, Note, Progress
from napari_simgraph.core.signatures import Layer, NeuronTable, SignatureTable
from napari_simgraph.core.tables import ScoreTable, check_some
from napari_simgraph.learn.aside import Aside

OTHER_LAYERS = "The two tables have other layers: record both with the same kind of network."
DISTANCE = "distance"


def grouped(table: SignatureTable, config: Any, aside: Aside) -> Job[SignatureTable]:
    """See `capabilities.signature.cluster`."""
    check_some(table)
    say = partial(Progress, 0.0, "looking at the layers")
    aside.halt.hear((yield say()))
    which = wanted_layers(table, config.layer)
    points = yield from aside.wait(partial(_points, table, which, config.seed), say)
    told: dict[str, Any] = {"layer": config.layer}
    number = config.number
    if not number:
        suggestion = yield from _suggestion(points, config, aside)
        number = suggestion.number
        told |= {**vars(suggestion), "said": suggestion.sentence}
        aside.halt.hear((yield Note(suggestion.sentence, warning=not suggestion.stable)))
    columns: dict[str, NDArray[Any]] = {}
    parts = [(CLUSTER, which), *((column_of(one.name), (one,)) for one in table.layers)]
    for at, (name, several) in enumerate(parts):
        say = partial(Progress, 0.5 + 0.5 * at / len(parts), f"grouping {name}")
        if at:
            points = yield from aside.wait(partial(_points, table, several, config.seed), say)
        call = partial(clusters.k_means, points, number, config.seed)
        columns[name] = yield from aside.wait(call, say)
        aside.halt.hear((yield say()))
        if aside.halt.stopped:
            break
    told |= {"number": number}
    told |= yield from _against(table.classes(), columns[CLUSTER], config, aside)
    means = yield from aside.wait(partial(cluster_means, table, columns[CLUSTER]), say)
    yield Progress(1.0, f"{number} groups")
    return table.replace(
        columns={**table.columns, **columns},
        about={**table.about, CLUSTER: means},
        made={**table.made, "clusters": told},
    )


def compared(
    table: SignatureTable, other: SignatureTable | None, config: Any, aside: Aside
) -> Job[NeuronTable]:
    """See `capabilities.signature.compare`."""
    aside.halt.hear((yield Progress(0.0, "comparing")))
    if other is not None:
        check_layers(table, other)
    pair = between(table, other, config)
    until = 0.5 if other is None else 1.0
    neurons = yield from ranked((table, other or table), pair, config.seed, until)
    rest = "the rest" if other is None else f"{config.a or 'all'} of the other"
    summary: dict[str, Any] = {"a": config.a, "b": config.b or rest}
    summary |= {"patches_a": len(pair.a), "patches_b": len(pair.b)}
    if other is None:
        curve = yield from curve_of(table, pair, aside, 0.5)
        summary["layers"] = [one._asdict() for one in curve]
        at = part_at(curve)
        summary["part_at"] = at.layer if at else ""
        aside.halt.hear((yield Note(part_sentence(summary["a"], summary["b"], curve))))
    yield Progress(1.0, "compared")
    return NeuronTable(neurons.columns, summary=summary)


def between(table: SignatureTable, other: SignatureTable | None, config: Any) -> Pair:
    """The patches of A and B, in one table or in two.

    Raises
    ------
    ValueError
        A or B is not there.
    """
    if other is None:
        return sides(table, config.a, config.b, config.by)
    parts = []
    for one, word in ((table, config.a), (other, config.b or config.a)):
        words = words_of(one, config.by)
        rows = np.flatnonzero(words == word) if word else np.arange(len(one))
        if len(rows) < 2:
            raise ValueError(f"Either side needs two patches or more; '{word}' has {len(rows)}.")
        parts.append(rows)
    return Pair(*parts)


def curve_of(table: SignatureTable, pair: Pair, aside: Aside, begun: float) -> Job[list[Parted]]:
    """How well A and B part at each layer; progress goes from `begun` to 1."""
    rows = np.concatenate(pair)
    names = np.repeat(np.array(["a", "b"]), [len(pair.a), len(pair.b)])
    order = np.argsort(rows, kind="stable")
    found = []
    for number, layer in enumerate(table.layers):
        done = begun + (1 - begun) * number / len(table.layers)
        say = partial(Progress, done, f"telling A from B at {layer.name}")
        call = partial(probe, table, layer, rows[order], names[order])
        found.append((yield from aside.wait(call, say)))
        aside.halt.hear((yield say()))
        if aside.halt.stopped:
            break
    return found


def part_sentence(a: str, b: str, curve: list[Parted]) -> str:
    """Where A and B part, in words."""
    at = part_at(curve)
    if at is None:
        return f"{a} and {b} don't part in any layer."
    return f"{a} and {b} part at {at.layer} ({at.score:.2f})."


def unusual(
    table: SignatureTable, reference: SignatureTable, config: Any, aside: Aside
) -> Job[ScoreTable]:
    """See `capabilities.signature.unlike`."""
    check_some(table)
    check_some(reference)
    aside.halt.hear((yield Progress(0.0, "learning what is usual")))
    check_layers(table, reference)
    layer = table.layer(config.layer) if config.layer else unlike.last_but_one(table)
    if _kind(layer) != _kind(reference.layer(layer.name)):
        raise ValueError(OTHER_LAYERS)
    say = partial(Progress, 0.0, "learning what is usual")
    call = partial(unlike.points_of, reference, layer, config.method, config.seed)
    given = yield from aside.wait(call, say)
    points = yield from aside.wait(partial(given, reference, None), say)
    how = (config.method, config.k, config.seed)
    seen = yield from aside.wait(partial(unlike.learn, points, reference.classes(), how), say)
    scores: list[NDArray[np.float64]] = []
    distances: list[NDArray[np.float64]] = []
    for rows in table.blocks():
        say = partial(Progress, rows.start / len(table), f"patch {rows.start} of {len(table)}")
        there = np.arange(rows.start, rows.stop)
        part = yield from aside.wait(partial(given, table, there), say)
        distance, score = yield from aside.wait(partial(seen.unlike, part), say)
        scores.append(score)
        distances.append(distance)
        aside.halt.hear((yield say()))
        if aside.halt.stopped:
            break
    found = np.concatenate(scores).astype(np.float32)
    grid = table.grid if len(found) == len(table) else table.grid.take(np.arange(len(found)))
    yield Progress(1.0, "compared")
    columns = {DISTANCE: np.concatenate(distances).astype(np.float32)}
    told = {"layer": layer.name, "reference": reference.name, **config.to_json()}
    name = f"{table.name} · unlike the training"
    return ScoreTable(grid, found, columns=columns, name=name, made={**table.made, **told})


def check_layers(table: SignatureTable, other: SignatureTable) -> None:
    """Nothing, where two tables have the same layers; their answers may be other classes.

    Raises
    ------
    ValueError
        They have others.
    """
    if [_kind(one) for one in table.inner] != [_kind(one) for one in other.inner]:
        raise ValueError(OTHER_LAYERS)


def _kind(layer: Layer) -> tuple[object, ...]:
    """All of a layer but its shape, which goes with the side of patches."""
    return layer[:2] + layer[3:]


def cluster_means(table: SignatureTable, cluster: NDArray[np.int32]) -> NDArray[np.float32]:
    """The mean of each column in each cluster ``(S, K)``."""
    k = int(cluster.max()) + 1
    total = np.zeros((k, table.values.shape[1]))
    for rows in table.blocks():
        member = np.eye(k, dtype=np.float32)[cluster[rows]]
        total += member.T @ np.asarray(table.values[rows], np.float32)
    count = np.maximum(np.bincount(cluster, minlength=k), 1)
    return (total / count[:, None]).T.astype(np.float32)


def _suggestion(points: Any, config: Any, aside: Aside) -> Job[clusters.Suggestion]:
    calls, tried = clusters.suggestion_steps(points, config.resamples, config.seed)
    figures: list[tuple[float, float]] = []
    for number, call in enumerate(calls):
        text = f"trying {tried[number]} groups"
        say = partial(Progress, 0.5 * number / len(calls), text)
        figures.append((yield from aside.wait(call, say)))
        aside.halt.hear((yield say()))
        if aside.halt.stopped:
            break
    return clusters.suggested(tried, figures)


def _against(
    classes: NDArray[np.str_], cluster: NDArray[Any], config: Any, aside: Aside
) -> Job[dict[str, Any]]:
    """How groups agree with classes; empty where no patch has one."""
    if not (classes != "").any():
        return {}
    call = partial(clusters.against, cluster, classes, config.shuffles, config.seed)
    say = partial(Progress, 0.99, "comparing groups with classes")
    found = yield from aside.wait(call, say)
    aside.halt.hear((yield Note(_said(found))))
    return {**vars(found), "counts": found.counts.tolist()}


def _points(table: SignatureTable, layers: Any, seed: int) -> NDArray[np.float32]:
    return Axes.fit(table, layers, seed).points(table)


def _said(found: clusters.Against) -> str:
    chance = f"p = {found.chance:.3f}" if found.chance > 0.001 else "p ≤ 0.001"
    return (
        f"Groups against classes: purity {found.purity:.2f}, "
        f"information {found.information:.2f} (adjusted), {chance}."
    )
