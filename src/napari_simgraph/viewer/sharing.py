"""Sharing: the one Session of the docks of a viewer."""

from __future__ import annotations

from typing import Any
from weakref import WeakSet

from napari_simgraph.viewer.session import Session

_SESSIONS: WeakSet[Session] = WeakSet()  # a job that goes on holds its own


def session_of(viewer: Any) -> Session:
    """The Session that the docks of a viewer share.

    Where no dock of ours is open it is the one whose jobs still run, else a new one.
    """
    window = getattr(viewer, "window", None)
    for widget in window.dock_widgets.values() if window is not None else ():
        found = getattr(widget, "session", None)
        if isinstance(found, Session):
            return found
    for one in list(_SESSIONS):
        running = any(not task.state.over for task in one.jobs.tasks)
        if running and _bare(one.viewer) is _bare(viewer):
            return one
    made = Session(viewer)
    _SESSIONS.add(made)
    return made


def _bare(viewer: Any) -> Any:
    """The viewer itself; each dock is given a proxy of its own."""
    return getattr(viewer, "__wrapped__", viewer)
