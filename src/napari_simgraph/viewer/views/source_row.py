"""``vnc.tif is not where it was. [Find it…] [Go on without]``: one question after the other."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

from qtpy.QtWidgets import QFileDialog

from napari_simgraph.io.read import split_key
from napari_simgraph.viewer.question import Answer, Question
from napari_simgraph.viewer.restore import accept, find_again, go_on_without
from napari_simgraph.viewer.session import Session

_FOLDERS = (".zarr", "")  # what a person chooses as a folder


class SourceRow(Question):
    """Asks about pictures of a workspace that are gone, then about those that have changed.

    Parameters
    ----------
    session
        Of the viewer; its keeper knows what is to be asked.
    say
        Told how an answer went: whether well, and a sentence.
    """

    def __init__(self, session: Session, say: Callable[[bool, str], object]) -> None:
        super().__init__()
        self._session, self._say = session, say
        self.renew()

    def renew(self) -> None:
        """Show the next question; nothing where there is none."""
        keeper = self._session.keeper
        missing = [told for told in keeper.missing if told.get("kind") == "image"]
        changed = list(keeper.changed)
        self.setVisible(bool(missing or changed))
        rest = len(missing) + len(changed) - 1
        more = f" And {rest} more." if rest > 0 else ""
        if missing:
            self._ask_missing(missing[0], more)
        elif changed:
            self._ask_changed(changed[0], more)

    def ask_where(self, told: dict[str, Any]) -> None:
        """Let a person find a picture."""
        path = split_key(self._session.keeper.images.get(told["id"], {}).get("path", ""))[0]
        title = f"Find {told['look']['name']}"
        if path.suffix in _FOLDERS:
            chosen = QFileDialog.getExistingDirectory(self, title)
        else:
            chosen, _ = QFileDialog.getOpenFileName(self, title)
        if chosen:
            found = Path(chosen)
            self._try(lambda: find_again(self._session, told, found), f"Found {found.name}.")

    def _ask_missing(self, told: dict[str, Any], more: str) -> None:
        path = str(self._session.keeper.images.get(told["id"], {}).get("path", ""))
        name = split_key(path)[0].name or str(told["look"]["name"])
        without = lambda: go_on_without(self._session, told)  # noqa: E731
        self.ask(
            f"{name} is not where it was.{more}",
            Answer("Find it…", "Choose where it lies now.", lambda: self.ask_where(told)),
            Answer(
                "Go on without",
                "Results of it stay.",
                lambda: self._try(without, f"Without {name}."),
            ),
            path,
        )

    def _ask_changed(self, key: str, more: str) -> None:
        path = str(self._session.keeper.images.get(key, {}).get("path", ""))
        keep = lambda: accept(self._session, key)  # noqa: E731
        close = lambda: accept(self._session, key, keep=False)  # noqa: E731
        self.ask(
            self._session.keeper.changed[key] + more,
            Answer("Keep", "Use it as it is now.", lambda: self._try(keep, "Used as it is now.")),
            Answer("Close it", "Results of it stay.", lambda: self._try(close, "Closed.")),
            path,
        )

    def _try(self, act: Callable[[], object], said: str) -> None:
        try:
            act()
        except (ValueError, OSError) as error:
            self._say(False, str(error))
            return
        self.renew()
        self._say(True, said)
