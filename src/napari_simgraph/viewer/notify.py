"""What napari's notifications say of jobs."""

from __future__ import annotations

from typing import TYPE_CHECKING

from napari.utils.notifications import show_info, show_warning

if TYPE_CHECKING:
    from napari_simgraph.viewer.session import Session


def notify(session: Session, sentence: str, failed: bool) -> None:
    """Failures in napari's notifications; what went well only where no dock of ours shows."""
    window = getattr(session.viewer, "window", None)
    docks = window.dock_widgets.values() if window is not None else ()
    if failed:
        show_warning(sentence)
    elif not any(getattr(d, "session", None) is session and d.isVisible() for d in docks):
        show_info(sentence)
