"""Two rows: the folder of images and the folder for results; the images are listed aside."""

from __future__ import annotations

from concurrent.futures import Future
from pathlib import Path

from qtpy.QtCore import Qt, QTimer, Signal
from qtpy.QtWidgets import QFileDialog, QHBoxLayout, QLabel, QSizePolicy, QWidget

from napari_simgraph.io.image_files import image_files
from napari_simgraph.io.workspace import home
from napari_simgraph.viewer.footer import flat
from napari_simgraph.viewer.session import Session
from napari_simgraph.viewer.views.parts import column, row
from napari_simgraph.viewer.views.workspace_rows import short_path

_LOOK_MS = 50  # between looks whether the folder is listed


class FolderChoice(QWidget):
    """Where images come from and where results go.

    `changed` says that another folder was chosen, `listed` brings the names of the images and a
    note: what was left out, or why there are none.
    """

    changed = Signal()
    listed = Signal(list, str)

    def __init__(self, session: Session) -> None:
        super().__init__()
        self._session = session
        self.source, self.target = Path(), Path()
        self._listing: Future[tuple[list[str], str]] | None = None
        self._texts = (_Path(), _Path())
        self._timer = QTimer(self)
        self._timer.setInterval(_LOOK_MS)
        self._timer.timeout.connect(self._look)
        source = flat("Choose…", self.ask, "The folder of images.\ncommand line: --image")
        target = flat("Choose…", self._ask_target, "Where results go.\ncommand line: --out")
        layout = column(self)
        layout.addWidget(row("Folder", self._texts[0], source))
        layout.addWidget(row("Results in", self._texts[1], target))

    @property
    def chosen(self) -> bool:
        """Whether there is a folder of images."""
        return self.source != Path()

    @property
    def listing(self) -> bool:
        """Whether the images are still looked for."""
        return self._listing is not None

    def ask(self) -> bool:
        """Ask for the folder of images; whether one was chosen."""
        path = QFileDialog.getExistingDirectory(self, "Folder of images")
        if path:
            self.choose(Path(path))
        return bool(path)

    def choose(self, source: Path, target: Path | None = None) -> None:
        """Take a folder of images, and one for the results."""
        self.source, self.target = source, target or home() / f"{source.name} segmented"
        for label, path in zip(self._texts, (self.source, self.target), strict=True):
            label.show_path(path)
        # In the writing thread: a folder on the network may take a while.
        self._listing = self._session.keeper.ask(_files, self.source, self.target)
        self._timer.start()
        self.changed.emit()

    def close_events(self) -> None:
        """Look no more."""
        self._timer.stop()

    def _ask_target(self) -> None:
        path = QFileDialog.getExistingDirectory(self, "Folder for the results")
        if path and self.chosen:
            self.choose(self.source, Path(path))

    def _look(self) -> None:
        if self._listing is not None and self._listing.done():
            self._timer.stop()
            files, said = self._listing.result()
            self._listing = None
            self.listed.emit(files, said)


class _Path(QLabel):
    """A path, cut in its middle where it is too long."""

    def __init__(self) -> None:
        super().__init__()
        self.setSizePolicy(QSizePolicy.Policy.Ignored, QSizePolicy.Policy.Preferred)
        self._path = ""

    def show_path(self, path: Path) -> None:
        """Show it from the home folder on."""
        self._path = short_path(path)
        self.setToolTip(str(path))
        self._cut()

    def resizeEvent(self, event: object) -> None:
        """As much of it as there is room for."""
        self._cut()

    def _cut(self) -> None:
        middle = Qt.TextElideMode.ElideMiddle
        self.setText(self.fontMetrics().elidedText(self._path, middle, self.width() - 4))


def left(widget: QWidget) -> QWidget:
    """A widget at the left of a row of its own."""
    line = QWidget()
    across = QHBoxLayout(line)
    across.setContentsMargins(0, 0, 0, 0)
    across.addWidget(widget)
    across.addStretch(1)
    return line


def _files(source: Path, target: Path) -> tuple[list[str], str]:
    """Names of the images, and what was left out; or no names, and why."""
    try:
        files, notes = image_files(source, target)
    except (ValueError, OSError) as error:
        return [], str(error)
    return [file.name for file in files], " ".join(notes)
