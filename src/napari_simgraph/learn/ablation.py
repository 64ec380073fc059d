"""Ablation: some neurons are switched off, and it is counted what is still found."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any, NamedTuple

import numpy as np
import torch
from numpy.typing import NDArray

from napari_simgraph.analysis.neurons import Pair, ranked, sides
from napari_simgraph.analysis.signature_points import some
from napari_simgraph.core.job import Job
from napari_simgraph.core.model import Model
from napari_simgraph.core.signatures import AblationTable, Layer, NeuronTable, SignatureTable
from napari_simgraph.learn.aside import Aside
from napari_simgraph.learn.device import Place, pick
from napari_simgraph.learn.embedder import features, share_of
from napari_simgraph.learn.hooks import Recorder, silenced
from napari_simgraph.learn.patchwork import Patchwork
from napari_simgraph.learn.recording import chances_of
from napari_simgraph.learn.signature_model import Looked
from napari_simgraph.learn.signatures import Given, work_of

OTHER_MODEL = "These signatures were taken with '{}': choose that model."
INTACT, TOP, RANDOM = "all neurons on", "top", "random"

Off = Mapping[str, NDArray[np.intp]]  # neurons by the name of their layer


class Run(NamedTuple):
    """One time through the network: what it is called, and what is switched off."""

    name: str
    off: Off


@dataclass(frozen=True)
class Asked:
    """What is asked of the network: patches of A and B, and what they are called."""

    work: Patchwork
    pair: Pair
    a: str
    b: str


def top_neurons(table: NeuronTable, layer: str, count: int) -> Off:
    """The neurons that tell A from B best, by layer."""
    rows = np.arange(len(table))
    if layer:
        rows = rows[table["layer"] == layer]
    return _by_layer(table["layer"][rows[:count]], table["neuron"][rows[:count]])


def random_neurons(layers: Sequence[Layer], like: Off, rng: np.random.Generator) -> Off:
    """As many neurons of the same layers, others where there are enough."""
    found = {}
    for layer in layers:
        if layer.name in like:
            left = np.setdiff1d(np.arange(layer.neurons), like[layer.name])
            count = len(like[layer.name])
            pool = left if len(left) >= count else np.arange(layer.neurons)
            found[layer.name] = np.sort(rng.choice(pool, count, replace=False))
    return found


def runs(table: SignatureTable, neurons: NeuronTable, config: Any) -> list[Run]:
    """Intact, the top neurons off, and as many random ones off, several times.

    Raises
    ------
    ValueError
        The layer has no neurons in the table.
    """
    if config.layer:
        table.layer(config.layer)
    top = top_neurons(neurons, config.layer, config.top)
    rng = np.random.default_rng(config.seed)
    drawn = [random_neurons(table.inner, top, rng) for _ in range(config.draws)]
    several = [Run(f"{RANDOM} {number}", off) for number, off in enumerate(drawn, 1)]
    return [Run(INTACT, {}), Run(TOP, top), *several]


def switched_off(
    looked: Looked, given: tuple[Model, Any, SignatureTable], config: Any, aside: Aside
) -> Job[AblationTable]:
    """See `capabilities.signature.ablate`.

    Raises
    ------
    ValueError
        Model, image and table don't belong together, or A or B is not there.
    """
    model, image, table = given
    place = pick(config.device, config.threads, config.precision)
    aside.halt.hear((yield place.tick()))
    known = table.made.get("model_fingerprint", "")
    if known and known != model.fingerprint:
        raise ValueError(OTHER_MODEL.format(table.made.get("model", "another model")))
    pair = sides(table, config.a, config.b, config.by)
    neurons = yield from ranked((table, table), pair, config.seed, 0.2)
    work = yield from work_of(looked, Given(image, model, table=table), config, aside)
    asked = Asked(work, pair, config.a, config.b)
    several = runs(table, neurons, config)
    return (
        yield from ablated(looked, asked, several, table.layers[-1], (place, config.most, aside))
    )


def ablated(
    looked: Looked,
    asked: Asked,
    several: Sequence[Run],
    layer: Layer,
    how: tuple[Place, int, Aside],
) -> Job[AblationTable]:
    """Shares of A and of B that are still found in each run; `layer` is the last one recorded.

    A network that tells A and B by their names is asked itself; of others a line is drawn between
    A and B through the values of the last layer, on one half of the patches, judged on the other.
    """
    place, most, aside = how
    a, b = (rows[some(len(rows), most)] for rows in asked.pair)
    rows = np.concatenate([a, b])
    is_a = np.arange(len(rows)) < len(a)
    network = looked.network.to(place.device)
    names = {asked.a} | ({asked.b} if asked.b else set())
    itself = names <= set(looked.classes)
    probe: Any = None
    found: list[tuple[str, int, float, float]] = []
    for number, one in enumerate(several):
        seeing = _Seeing(network, place, layer, looked.classes if itself else (), one.off)
        job = features(asked.work, rows, seeing, aside, None)
        told = yield from share_of(job, number, len(several))
        if len(told) < len(rows) and found:
            break
        told = np.concatenate([told, np.repeat(told[-1:], len(rows) - len(told), 0)])
        if itself:
            right = _named(told, looked.classes, asked, is_a)
            judge = np.ones(len(rows), np.bool_)
        else:
            judge = np.arange(len(rows)) % 2 == 1
            probe = probe or (yield from aside.wait(partial(_line, told[~judge], is_a[~judge])))
            right = probe.predict(told) == is_a
        count = sum(map(len, one.off.values()))
        shares = [float(right[judge & side].mean()) for side in (is_a, ~is_a)]
        found.append((one.name, count, *shares))  # type: ignore[arg-type]
    return table_of(found, asked, "the network's answers" if itself else f"a line at {layer.name}")


def table_of(
    found: Sequence[tuple[str, int, float, float]], asked: Asked, judged: str
) -> AblationTable:
    """The runs as a table, with what they come to."""
    names, counts, a, b = (np.array(part) for part in zip(*found, strict=True))
    random = np.char.startswith(names, RANDOM)
    summary: dict[str, Any] = {"a": asked.a, "b": asked.b or "the rest", "judged_by": judged}
    for key, values in (("a", a), ("b", b)):
        summary[f"{key}_all_on"] = float(values[0])
        if len(values) > 1:
            summary[f"{key}_top_off"] = float(values[1])
        if random.any():
            summary[f"{key}_random_off"] = float(values[random].mean())
    columns = {"run": names, "neurons_off": counts, "found_a": a, "found_b": b}
    return AblationTable(columns, summary=summary)


def sentence(table: AblationTable) -> str:
    """What switching off did, in words."""
    told, count = table.summary, int(table["neurons_off"][min(1, len(table) - 1)])
    if "a_top_off" not in told:
        return f"All on: {told['a']} {told['a_all_on']:.2f}, {told['b']} {told['b_all_on']:.2f}."
    parts = [
        f"{told[key]} {told[f'{key}_all_on']:.2f} → {told[f'{key}_top_off']:.2f}"
        for key in ("a", "b")
    ]
    said = f"{count} neurons switched off: {', '.join(parts)}"
    if "a_random_off" in told:
        random = [f"{told[key]} {told[f'{key}_random_off']:.2f}" for key in ("a", "b")]
        said += f"; {count} random ones: {', '.join(random)}"
    return f"{said}."


@dataclass(frozen=True)
class _Seeing:
    """What the network answers, or what its last layer gives, with some neurons off."""

    network: Any
    place: Place
    layer: Layer
    classes: tuple[str, ...]
    off: Off

    def __call__(self, inputs: NDArray[np.float32]) -> NDArray[np.float32]:
        tensor = torch.from_numpy(inputs).to(self.place.device)
        with self.place.computing(), torch.no_grad(), silenced(self.network, self.off):
            tensor = tensor.contiguous(memory_format=torch.channels_last)
            # silenced first, recorded then: hooks are called in this order
            values, answer = Recorder(self.network, [self.layer])(tensor)
        told = chances_of(answer, len(self.classes))
        return values if told is None else told


def _named(
    told: NDArray[np.float32], classes: tuple[str, ...], asked: Asked, is_a: NDArray[np.bool_]
) -> NDArray[np.bool_]:
    """Whether each patch is found: A as A, B as B (or, without a B, as anything but A)."""
    named = np.array(classes)[told.argmax(1)]
    found_b = named == asked.b if asked.b else named != asked.a
    right: NDArray[np.bool_] = np.where(is_a, named == asked.a, found_b)
    return right


def _line(values: NDArray[np.float32], is_a: NDArray[np.bool_]) -> Any:
    from sklearn.linear_model import LogisticRegression
    from sklearn.pipeline import make_pipeline
    from sklearn.preprocessing import StandardScaler

    made = make_pipeline(
        StandardScaler(), LogisticRegression(max_iter=500, class_weight="balanced")
    )
    return made.fit(values, is_a)


def _by_layer(layers: NDArray[np.str_], neurons: NDArray[Any]) -> Off:
    return {name: np.sort(neurons[layers == name]) for name in np.unique(layers).tolist()}
