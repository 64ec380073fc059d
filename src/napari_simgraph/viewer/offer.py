"""The workspace that one could go on with: asked in every dock until it is answered."""

from __future__ import annotations

from pathlib import Path

from psygnal import Signal

from napari_simgraph.io.workspace import latest


class Offer:
    """What was found where workspaces begin by themselves.

    Attributes
    ----------
    folder
        The workspace that was written last and that no window has; None once it is answered, or
        where there is none.
    """

    changed = Signal()

    def __init__(self) -> None:
        self.folder: Path | None = latest()

    def answer(self) -> None:
        """Ask no more, in no dock: yes, no, or another workspace has begun."""
        if self.folder is not None:
            self.folder = None
            self.changed.emit()
