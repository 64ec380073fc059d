"""What a workspace holds, as rows of a tree."""

from __future__ import annotations

import time
from dataclasses import dataclass, field
from datetime import date, datetime
from pathlib import Path
from typing import Any

from napari_simgraph.core.job import say_time
from napari_simgraph.io.workspace import Workspace
from napari_simgraph.viewer.provenance import sentence
from napari_simgraph.viewer.session import Session
from napari_simgraph.viewer.stacking import about

PARTS = ("Images", "Painted", "Models", "Results", "Runs")
_ENDINGS = {
    "done": "done",
    "stopped": "stopped, kept",
    "failed": "failed",
    "cancelled": "cancelled",
}


@dataclass(frozen=True)
class Row:
    """One thing of the workspace.

    `layer` is its layer's name while it is open, `key` the result it shows, `missing` what was
    noted of a picture that is not where it was.
    """

    part: str
    name: str
    fact: str = ""
    layer: str = ""
    folder: str = ""
    tip: str = ""
    command: str = ""
    key: str = ""
    missing: dict[str, Any] = field(default_factory=dict)


def rows(session: Session, workspace: Workspace) -> list[Row]:
    """All that the workspace holds, part by part."""
    found = [_missing(told) for told in session.keeper.missing]
    for layer in reversed(list(session.viewer.layers)):
        if "result" in about(layer):
            found.append(_result(workspace, layer))
        elif "id" in about(layer):
            found.append(_kept(session, workspace, layer))
    opened = {row.key for row in found}
    found += [_closed(workspace, key) for key in workspace.results() if key not in opened]
    found += [_model(workspace, name) for name in session.models()]
    found += [_run(workspace, run) for run in reversed(workspace.runs())]
    return sorted(found, key=lambda row: PARTS.index(row.part))


def _missing(told: dict[str, Any]) -> Row:
    name = str(told.get("look", {}).get("name", "?"))
    tip = f"{name} is not where it was.\nDouble-click to find it."
    return Row("Images", name, "not found", tip=tip, missing=told)


def _kept(session: Session, workspace: Workspace, layer: Any) -> Row:
    key = str(about(layer)["id"])
    image = session.keeper.images.get(key, {})
    if key.startswith("p"):
        folder = workspace.folder / "painted" / key
        return Row("Painted", layer.name, "", layer.name, str(folder), "Saved at each stroke.")
    if "copy" in image:
        folder, fact = workspace.folder / image["copy"], "copied"
        return Row("Images", layer.name, fact, layer.name, str(folder), "Kept in the workspace.")
    path = str(image.get("path", ""))
    fact = "in place" if path else "not kept"
    fact = "has changed" if key in session.keeper.changed else fact
    tip = path or "Too large to copy: save it to a file, then open that file."
    return Row("Images", layer.name, fact, layer.name, str(Path(path).parent) if path else "", tip)


def _result(workspace: Workspace, layer: Any) -> Row:
    told = about(layer)
    key, folder = str(told["result"]), str(workspace.folder / "results")
    command = str(told.get("command", ""))
    when = str(told.get("time", ""))[11:16]
    return Row("Results", layer.name, when, layer.name, folder, sentence(told), command, key)


def _closed(workspace: Workspace, key: str) -> Row:
    info = (workspace.versions(key) or [{}])[-1].get("info", {})
    folder, command = str(workspace.folder / "results"), str(info.get("command", ""))
    name = key.partition(" ")[2] or key
    told = "Double-click to show it."
    return Row("Results", name, "closed", "", folder, told, command, key)


def _model(workspace: Workspace, name: str) -> Row:
    folder = workspace.model_folder(name)
    return Row("Models", name, "", "", str(folder), "In the model menus of the docks.")


def _run(workspace: Workspace, run: dict[str, Any]) -> Row:
    fact = "can go on" if run["can_go_on"] else _ENDINGS.get(str(run.get("state", "")), "")
    folder, command = str(workspace.run_folder(run["id"])), str(run.get("command", ""))
    name = str(run.get("title", run["id"]))
    return Row("Runs", name, fact, "", folder, str(run.get("sentence", "")), command)


def say_strokes(count: int) -> str:
    """How many, or nothing where there are none."""
    return f"{count} stroke{'s' if count != 1 else ''}" if count else ""


def say_ago(seconds: float) -> str:
    """How long ago, no finer than one looks at it."""
    return "just now" if seconds < 2 else f"{say_time(seconds - seconds % 60 or seconds)} ago"


def say_size(size: int) -> str:
    """Bytes as people say them."""
    for power, unit in ((1, "kB"), (2, "MB"), (3, "GB")):
        if size < 999 * 1000**power:
            return f"{max(1.0, size / 1000**power):.2g} {unit}"
    return f"{size / 1e12:.2g} TB"


def short_path(folder: Path) -> str:
    """A path from the user's home on, where it lies there."""
    try:
        return str(folder.relative_to(Path.home()))
    except ValueError:
        return str(folder)


def say_saved(saved: float, strokes: int, size: int) -> str:
    """How a workspace stands on disk: ``✔ Saved 2 s ago · 214 strokes · 312 MB``.

    `saved` is a time of the monotonic clock, 0 where nothing was saved yet.
    """
    when = f"✔ Saved {say_ago(time.monotonic() - saved)}" if saved else ""
    parts = (when, say_strokes(strokes), say_size(size) if size else "")
    return " · ".join(part for part in parts if part)


def say_found(folder: Path) -> str:
    """What is in a workspace that could be opened: ``214 strokes, yesterday 17:42.``"""
    try:
        workspace = Workspace(folder, look_only=True)
        when = datetime.fromisoformat(workspace.state["saved"])
    except (ValueError, KeyError, TypeError):
        return ""
    days = (date.today() - when.date()).days
    day = {0: "today", 1: "yesterday"}.get(days, f"{when.day} {when:%b}")
    return ", ".join(filter(None, (say_strokes(workspace.strokes()), f"{day} {when:%H:%M}.")))
