"""What a workspace holds and how it stands, in lines of text."""

from __future__ import annotations

from pathlib import Path

from napari_simgraph.io.lock import holder, is_held
from napari_simgraph.io.sources import Source, sources
from napari_simgraph.io.workspace import LOCK, STATE, Workspace

_STATES = {
    "same": "in place",
    "changed": "has changed since; results may not fit",
    "gone": "not where it was",
}


def is_workspace(folder: Path) -> bool:
    """Whether a folder is a workspace."""
    return (folder / STATE).is_file()


def workspace_facts(folder: Path) -> list[tuple[str, str]]:
    """Pairs of name and value; nothing of it is locked or written.

    Raises
    ------
    ValueError
        It was made by a newer version.
    """
    workspace = Workspace(folder, look_only=True)
    pictures = sources(workspace.state, workspace.folder)
    unfinished = [run for run in workspace.runs() if run["can_go_on"]]
    state = workspace.state
    pairs = [("Workspace", str(workspace.folder)), ("Format", str(state.get("format", 0)))]
    pairs += [("Saved", str(state.get("saved", "never")))]
    pairs += [(f"Image, {one.name}", _say(one)) for one in pictures]
    pairs += [("Strokes", str(workspace.strokes())), ("Models", ", ".join(workspace.models()))]
    pairs += [("Results", ", ".join(workspace.results()))]
    pairs += [("Can go on", str(run.get("title", run["id"]))) for run in unfinished]
    if is_held(folder / LOCK):
        pairs.append(("In use", f"Another window has this workspace{holder(folder / LOCK)}."))
    return [(name, told) for name, told in pairs if told] + [("Note", n) for n in workspace.notes]


def _say(one: Source) -> str:
    place = one.path or "a copy in the workspace"
    return f"{place}: {_STATES[one.state]}"
