"""The model card: what a model is, on one page that a person can read."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from napari_simgraph.core.geometry import PIXEL, say_spacing
from napari_simgraph.core.model import Model

_BASELINE = (
    "Baseline: each pixel gets the class that is commonest at its grey value (or colour) among the "
    "labels learned from, scored on the same squares. What the network adds is the difference."
)


def card(model: Model) -> str:
    """The page as Markdown."""
    parts = [
        f"# {model.name}",
        f"A {model.capability} model of napari-simgraph. Nothing in this folder can run: "
        "the weights are plain numbers (`weights.safetensors`), the description is text "
        "(`model.json`).",
        _table("In short", dict(facts(model))),
        _table("Scores on what was kept aside", _rounded(model.metrics)),
        _BASELINE if "baseline" in model.metrics else "",
        _table("Settings", model.settings),
        _table("Learned from", model.data),
        _table("Made with", model.versions),
        f"Use it:\n\n```\nnapari-simgraph {model.capability} apply --model FOLDER "
        "--image IMAGE --out RESULT\n```",
    ]
    return "\n\n".join(part for part in parts if part) + "\n"


def facts(model: Model) -> list[tuple[str, str]]:
    """What there is to say about a model in a few lines: name and value."""
    classes = ", ".join(f"{row.value} {row.name}" for row in model.classes)
    size = say_spacing(model.spacing, model.unit) if model.spacing else "size unknown"
    network = f"{model.network.get('name', '?')} ({_options(model.network)})"
    bytes_ = sum(array.nbytes for array in model.arrays.values())
    pairs = [
        ("Capability", model.capability),
        ("Network", network),
        ("Weights", f"{model.parameters:,} numbers, {bytes_ / 1e6:.1f} MB"),
        ("Classes", classes + ("" if model.exclusive else " (may overlap)") if classes else ""),
        ("Boundary", model.boundary),
        ("Channels", str(model.channels)),
        ("Pixel size", size if model.unit != PIXEL else "unknown"),
        ("Steps", f"{model.steps:,}, seed {model.seed}"),
        ("Made", model.made),
    ]
    return [(name, value) for name, value in pairs if value]


def _options(network: Mapping[str, Any]) -> str:
    options = dict(network.get("options", {}))
    return ", ".join(f"{key} {value}" for key, value in options.items()) or "no options"


def _rounded(values: Mapping[str, Any]) -> dict[str, Any]:
    return {k: f"{v:.4f}" if isinstance(v, float) else v for k, v in values.items()}


def _table(title: str, values: Mapping[str, Any]) -> str:
    if not values:
        return ""
    rows = "\n".join(f"| {_cell(key)} | {_cell(value)} |" for key, value in values.items())
    return f"## {title}\n\n| | |\n|---|---|\n{rows}"


def _cell(value: Any) -> str:
    return str(value).replace("|", "\\|").replace("\n", " ")
