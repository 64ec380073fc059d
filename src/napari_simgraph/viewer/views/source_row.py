"""``vnc.tif is not where it was. [Find it…] [Go on without]``: one question after the other."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

from qtpy.QtWidgets import QFileDialog, QHBoxLayout, QLabel, QVBoxLayout, QWidget

from napari_simgraph.io.read import split_key
from napari_simgraph.viewer.footer import button
from napari_simgraph.viewer.restore import accept, find_again, go_on_without
from napari_simgraph.viewer.session import Session

_FOLDERS = (".zarr", "")  # what a person chooses as a folder


class SourceRow(QWidget):
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
        self._act: tuple[Callable[[], object], Callable[[], object]] = (bool, bool)
        self.sentence = QLabel()
        self.sentence.setWordWrap(True)
        self.first = button("Find it…", lambda: self._act[0]())
        self.second = button("Go on without", lambda: self._act[1]())
        row = QHBoxLayout()
        row.setSpacing(6)
        row.addStretch(1)
        row.addWidget(self.first)
        row.addWidget(self.second)
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 4)
        column.setSpacing(4)
        column.addWidget(self.sentence)
        column.addLayout(row)
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
        self._show(f"{name} is not where it was.{more}", path)
        without = lambda: go_on_without(self._session, told)  # noqa: E731
        self._buttons(
            ("Find it…", "Choose where it lies now.", lambda: self.ask_where(told)),
            (
                "Go on without",
                "Results of it stay.",
                lambda: self._try(without, f"Without {name}."),
            ),
        )

    def _ask_changed(self, key: str, more: str) -> None:
        image = self._session.keeper.images.get(key, {})
        self._show(self._session.keeper.changed[key] + more, str(image.get("path", "")))
        keep = lambda: accept(self._session, key)  # noqa: E731
        close = lambda: accept(self._session, key, keep=False)  # noqa: E731
        self._buttons(
            ("Keep", "Use it as it is now.", lambda: self._try(keep, "Used as it is now.")),
            ("Close it", "Results of it stay.", lambda: self._try(close, "Closed.")),
        )

    def _show(self, sentence: str, path: str) -> None:
        self.sentence.setText(sentence)
        self.sentence.setToolTip(path)

    def _buttons(self, *each: tuple[str, str, Callable[[], object]]) -> None:
        for widget, (text, tip, _) in zip((self.first, self.second), each, strict=True):
            widget.setText(text)
            widget.setAccessibleName(text)
            widget.setToolTip(f"{text}\n{tip}")
        self._act = (each[0][2], each[1][2])

    def _try(self, act: Callable[[], object], said: str) -> None:
        try:
            act()
        except (ValueError, OSError) as error:
            self._say(False, str(error))
            return
        self.renew()
        self._say(True, said)
