"""Sharing: the one Session of the docks of a viewer."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from napari_simgraph.viewer.session import Session


def session_of(viewer: Any) -> Session:
    """The Session that the docks of a viewer share.

    Where no dock of ours is open it is the one whose jobs still run, else a new one.
    """
    window = getattr(viewer, "window", None)
    for widget in window.dock_widgets.values() if window is not None else ():
        found = getattr(widget, "session", None)
        if isinstance(found, Session):
            return found
    for one in _listening(viewer):
        if any(not task.state.over for task in one.jobs.tasks):
            return one
    return Session(viewer)


def _listening(viewer: Any) -> Iterator[Session]:
    """The sessions that hear of a viewer's layers: napari holds them weakly, their jobs do not."""
    for known in viewer.layers.events.inserted.callbacks:
        one = known[0]() if isinstance(known, tuple) else None
        if isinstance(one, Session):
            yield one
