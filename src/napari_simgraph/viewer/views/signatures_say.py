"""Sentences of the Signatures dock."""

from __future__ import annotations

from napari_simgraph.analysis.probes import part_at
from napari_simgraph.core.signatures import AblationTable, SignatureTable
from napari_simgraph.viewer.signatures.book import Compared
from napari_simgraph.viewer.words import say_about, say_bytes

EMPTY = "See what a network does on the way to its answer. First, a model."
NO_IMAGE = "Choose the picture that the network looks at."
_SPEED = 4e6  # pixels of patches a second on two cores, before anything was measured
_BEGIN = 5.0  # s: a process that loads torch


def say_ready(patches: int, layers: int, columns: int, side: int) -> str:
    """What recording will take: ``24 patches x 6 layers, about 3 s, 31 MB.``"""
    seconds = _BEGIN + patches * side**2 / _SPEED
    size = say_bytes(2 * patches * columns)
    many = f"{patches:,} patch{'es' if patches != 1 else ''}"
    return f"{many} × {layers} layer{'s' if layers != 1 else ''}, {say_about(seconds)}, {size}."


def say_recorded(table: SignatureTable, compared: Compared | None) -> str:
    """What recording showed."""
    told = table.made.get("clusters", {})
    if compared is not None:
        return f"Recorded. {say_parted(compared)}"
    if told.get("said"):
        return f"Recorded {len(table):,} patches. {told['said']}"
    return f"Recorded {len(table):,} patches in {len(table.layers)} layers."


def say_parted(compared: Compared) -> str:
    """Where A and B part: ``1 and 7 part at conv3 (0.96).``"""
    at = part_at(compared.curve)
    if not compared.curve:
        return say_best(compared)
    if at is None:
        return f"{compared.a} and {compared.b} don't part in any layer."
    return f"{compared.a} and {compared.b} part at {at.layer} ({at.score:.2f})."


def say_best(compared: Compared) -> str:
    """Which neuron tells A from B best."""
    found = compared.neurons
    if not len(found) or found["q"][0] > 0.05:
        return f"No neuron tells {compared.a} from {compared.b} beyond chance."
    many = int((found["q"] < 0.05).sum())
    best_score = max(found["auroc"][0], 1 - found["auroc"][0])
    best = f"neuron {found['neuron'][0]} of {found['layer'][0]}"
    return f"{many:,} neurons tell them apart, {best} best ({best_score:.2f})."


def say_off(table: AblationTable) -> str:
    """What switching off did, so that it fits two lines."""
    told, count = table.summary, int(table["neurons_off"].max())
    if "a_random_off" not in told:
        return "Stopped before all was counted."
    parts = [
        f"{told[key]} {told[f'{key}_all_on']:.2f} → {told[f'{key}_top_off']:.2f}"
        for key in ("a", "b")
    ]
    random = [f"{told[key]} {told[f'{key}_random_off']:.2f}" for key in ("a", "b")]
    return f"{count} off: {', '.join(parts)}; {count} random: {', '.join(random)}."
