"""``Go on with vnc_larva? 214 strokes, yesterday 17:42. [Go on] [Not now]`` above a dock."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from pathlib import Path

from qtpy.QtCore import QObject
from qtpy.QtWidgets import QWidget

from napari_simgraph.viewer.jobs import Ending
from napari_simgraph.viewer.notify import notify
from napari_simgraph.viewer.placing import open_dock
from napari_simgraph.viewer.question import Answer, Question
from napari_simgraph.viewer.restore import bring, reading
from napari_simgraph.viewer.session import Session
from napari_simgraph.viewer.views.workspace_rows import say_found

_BACK = "Brings back layers, strokes, results and models; it is saved there from then on."


class OfferRow(Question):
    """Asks whether to go on in the last workspace, as long as no dock was answered.

    Parameters
    ----------
    session
        Of the viewer; its offer is shared by all docks.
    go_on
        Opens the workspace in this folder.
    """

    def __init__(self, session: Session, go_on: Callable[[Path], object]) -> None:
        super().__init__()
        self._session, self._go_on = session, go_on
        session.offer.changed.connect(self.renew)
        self.renew()

    def renew(self) -> None:
        """Show the question as long as it stands."""
        folder = self._session.offer.folder
        self.setVisible(folder is not None)
        if folder is not None:
            self.ask(
                f"Go on with {folder.name}? {say_found(folder)}".strip(),
                Answer("Go on", _BACK, self._yes),
                Answer("Not now", "Begins anew; the workspace stays.", self._session.offer.answer),
            )

    def leave(self) -> None:
        """Ask no more; for a dock that closes."""
        self._session.offer.changed.disconnect(self.renew)

    def _yes(self) -> None:
        folder = self._session.offer.folder
        self._session.offer.answer()
        if folder is not None:
            self._go_on(folder)


class Opening(QObject):
    """Reads a workspace in a thread and brings it into the viewer; a dock goes on meanwhile.

    A QObject of the dock, so that Qt cuts its connection when a closed window takes the dock.
    """

    def __init__(self, dock: QWidget, session: Session) -> None:
        super().__init__(dock)
        self._session = session

    def open(self, folder: Path) -> None:
        """Open it; what could not be brought back is told, and found again in its own dock."""
        job = partial(reading, folder)
        task = self._session.jobs.submit(f"Open {folder.name}", job, lane="now")
        task.ended.connect(self._opened)

    def _opened(self, ending: Ending) -> None:
        if ending.result is None:  # stopped, or failed and told so
            return
        asked = ending.result.missing or ending.result.changed
        for note in bring(self._session, ending.result):
            notify(self._session, note, failed=True)
        if asked:
            open_dock(self._session.viewer, "Workspace")
