"""What the Classes dock learns from: the patches of a table, or pictures with a folder a class."""

from __future__ import annotations

import os
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
from napari.layers import Image as ImageLayer
from napari.layers import Layer
from numpy.typing import NDArray
from qtpy.QtCore import Signal
from qtpy.QtWidgets import QButtonGroup, QFileDialog, QRadioButton, QWidget

from napari_simgraph.core.patch_classes import numbered
from napari_simgraph.core.raster import Image, ImageSet
from napari_simgraph.core.tables import EmbeddingTable
from napari_simgraph.io.picture_tables import with_groups
from napari_simgraph.viewer.controls import combo
from napari_simgraph.viewer.footer import flat
from napari_simgraph.viewer.ground import noun_of
from napari_simgraph.viewer.placing import PLUGIN, open_dock
from napari_simgraph.viewer.session import Session
from napari_simgraph.viewer.sheets import sheet_of
from napari_simgraph.viewer.stacking import about
from napari_simgraph.viewer.views.classes_job import Given
from napari_simgraph.viewer.views.parts import column, faint, row

NOTHING = "Give patches or pictures a class, and let a network learn them."
GROUPS_FILE = "groups.csv"  # beside the folders of the classes: image, group
_ITS_OWN = f"Left out, no pictures: {GROUPS_FILE}."  # said of any folder: here it is read
_PICTURES = "pictures"  # how the tables of picture sets are called


class ClassesInput(QWidget):
    """Two ways to say what has classes; `changed` says that the choice is another one."""

    changed = Signal()

    def __init__(self, session: Session) -> None:
        super().__init__()
        self._session = session
        self._sheets: list[Layer] = []
        self._read: ImageSet | None = None  # as it was read …
        self._joined: ImageSet | None = None  # … and with one spelling for each class
        self.patches, self.folder = QRadioButton("Patches of"), QRadioButton("A folder a class")
        self._either = QButtonGroup(self)
        tip = "Patches of an image, or a folder with one folder a class."
        for button in (self.patches, self.folder):
            button.setToolTip(f"{tip}\ncommand line: --table, --image")
            self._either.addButton(button)
        self.tables = combo(f"{tip}\ncommand line: --table", "Patches")
        self.sheets = combo(f"{tip}\ncommand line: --image", "Pictures")
        tip = "A folder with one folder a class.\ncommand line: --image"
        self.open_button = flat("Open…", lambda: self.open_folder(), tip)
        layout = column(self)
        layout.addWidget(_choice(self.patches, self.tables))
        layout.addWidget(_choice(self.folder, self.sheets, self.open_button))
        self.told = faint()
        layout.addWidget(self.told)
        self.patches.setChecked(True)
        self.tables.activated.connect(self._table_chosen)
        self.sheets.activated.connect(self._sheet_chosen)
        self.patches.toggled.connect(self._turned)
        self.changed.connect(self._tell)
        session.tables.changed.connect(self.renew)
        session.selection.table_changed.connect(self.renew)
        for event in ("inserted", "removed"):
            getattr(session.viewer.layers.events, event).connect(self.renew)
        self.renew()

    @property
    def of_pictures(self) -> bool:
        """Whether whole pictures have classes."""
        return bool(self.folder.isChecked())

    @property
    def sheet(self) -> Layer | None:
        """The chosen contact sheet."""
        index = self.sheets.currentIndex()
        return self._sheets[index] if 0 <= index < len(self._sheets) else None

    @property
    def images(self) -> ImageSet | None:
        """The chosen pictures."""
        noun = noun_of(self.sheet) if self.sheet is not None else None
        if not isinstance(noun, ImageSet):
            return None
        if noun is not self._read:
            self._read, self._joined = noun, one_case(noun)
        return self._joined

    @property
    def groups(self) -> Path | None:
        """The file that says which of the pictures show the same thing, where there is one."""
        images = self.images if self.of_pictures else None
        if images is None or not images.images[0].source:
            return None
        folder = Path(images.images[0].source).parent
        there = [one / GROUPS_FILE for one in (folder, folder.parent)]
        return next((file for file in there if file.is_file()), None)

    @property
    def key(self) -> str:
        """The key of the table that is used, or will be."""
        if not self.of_pictures:
            return self._session.selection.key
        return "" if self.sheet is None else f"{self.sheet.name}, {_PICTURES}"

    @property
    def table(self) -> EmbeddingTable | None:
        """The table that is used; of pictures none before something was learned."""
        if not self.of_pictures:
            return self._session.selection.table
        tables = self._session.tables
        return tables.get(self.key) if self.key in tables else None

    def classes(self) -> NDArray[np.str_]:
        """The class of each patch or picture, "" where it has none."""
        if self.table is not None:
            return self.table.classes()
        named = self.images.image_classes if self.images is not None else ()
        return np.array(named, np.str_)

    def layers(self) -> list[Layer]:
        """The layers that are learned from."""
        if self.of_pictures:
            return [self.sheet] if self.sheet is not None else []
        ground = self._session.canvas.ground
        return [] if ground is None else ground.open

    def given(self) -> Given:
        """What to learn from.

        Raises
        ------
        ValueError
            There is nothing, or its images are not open.
        """
        if self.of_pictures:
            if self.images is None:
                raise ValueError("Open a folder with one folder a class.")
            if self.groups is None:
                return Given(self.images, self.table)
            return Given(with_groups(self.images, self.groups)[0], self.table)
        ground, table = self._session.canvas.ground, self._session.selection.table
        if table is None or ground is None:
            raise ValueError("First make patches in Similar.")
        missing = [one is None for one in ground.layers]
        if any(missing):
            source = table.grid.sources[missing.index(True)]
            raise ValueError(f"This table was made from {source.name}: open that image.")
        if ground.sheet is not None:
            return Given(noun_of(ground.layers[0]), table)
        nouns = [noun_of(layer) for layer in ground.open]
        images = [one for one in nouns if isinstance(one, Image)]
        made: Image | ImageSet = images[0]
        return Given(made if len(images) == 1 else ImageSet(images, name=table.name), table)

    def open_folder(self, path: str = "") -> None:
        """Open a folder of pictures as a contact sheet, and take it."""
        found = path or QFileDialog.getExistingDirectory(self, "Folder with one folder a class")
        if found:
            self._session.viewer.open(found, plugin=PLUGIN)
            self.folder.setChecked(True)
            if self._sheets:
                self.sheets.setCurrentIndex(len(self._sheets) - 1)
                self._sheet_chosen()

    def open_similar(self) -> None:
        """Where patches are made."""
        open_dock(self._session.viewer, "Similar")

    def renew(self, *_: object) -> None:
        """List tables and sheets again."""
        front, sheet = self._session.selection.key, self.sheet
        listed = self._session.tables.keys()
        keys = [key for key in listed if not key.endswith(f", {_PICTURES}")]
        _fill(self.tables, keys, max(0, keys.index(front) if front in keys else 0))
        layers = self._session.viewer.layers
        self._sheets = [
            one for one in layers if isinstance(one, ImageLayer) and sheet_of(one) is not None
        ]
        at = self._sheets.index(sheet) if sheet in self._sheets else len(self._sheets) - 1
        _fill(self.sheets, [one.name for one in self._sheets], max(0, at))
        self.tables.setEnabled(bool(keys))
        self.sheets.setEnabled(bool(self._sheets))
        # the other way, where there is nothing left for the chosen one
        if self.of_pictures and keys and not self._sheets:
            self.patches.setChecked(True)
            return
        if not self.of_pictures and self._sheets and not keys:
            self.folder.setChecked(True)
            return
        self.changed.emit()

    def _tell(self) -> None:
        self.told.setText(self._say())
        self.told.setToolTip(self.told.text())
        self.told.setVisible(bool(self.told.text()))

    def _say(self) -> str:
        """What was left out of the folder, and which classes are one."""
        sheet, images = self.sheet, self.images
        if sheet is None or images is None or not self.of_pictures:
            return ""
        folder = str(about(sheet).get("source", ""))
        notes = [str(one) for one in about(sheet).get("notes", ())]
        left = [one for one in notes if one.startswith("Left out") and one != _ITS_OWN]
        assert self._read is not None  # its images are there
        twice = numbered(np.array(self._read.image_classes, np.str_)).joined
        known = {name.casefold(): name for name in images.image_classes}
        joined = [f"'{known[one.casefold()]}' and '{one}' are one class." for one in twice]
        return "\n".join([*(one.replace(f"{folder}{os.sep}", "") for one in left), *joined])

    def close_events(self) -> None:
        """Stop following viewer and session."""
        self._session.tables.changed.disconnect(self.renew)
        self._session.selection.table_changed.disconnect(self.renew)
        for event in ("inserted", "removed"):
            getattr(self._session.viewer.layers.events, event).disconnect(self.renew)

    def _table_chosen(self, _: int = 0) -> None:
        self.patches.setChecked(True)
        self._bring(self.tables.currentText())

    def _sheet_chosen(self, _: int = 0) -> None:
        self.folder.setChecked(True)
        self._bring(self.key)
        self.changed.emit()

    def _turned(self) -> None:
        self._bring(self.key if self.of_pictures else self.tables.currentText())
        self.changed.emit()

    def _bring(self, key: str) -> None:
        """Bring a table to the front, so that all views show it."""
        tables, chosen = self._session.tables, self._session.selection
        if key in tables and key != chosen.key:
            chosen.show_table(tables.get(key), key)


def one_case(images: ImageSet) -> ImageSet:
    """The same pictures; classes that differ in upper and lower case alone are one."""
    known = numbered(np.array(images.image_classes, np.str_))
    if not known.joined:
        return images
    names = ("", *known.table.names)
    return replace(images, image_classes=tuple(names[one + 1] for one in known.numbers))


def _choice(button: QRadioButton, *widgets: QWidget) -> QWidget:
    line = row("", *widgets)
    line.layout().itemAt(0).widget().hide()
    line.layout().insertWidget(0, button)
    return line


def _fill(menu: Any, words: list[str], at: int) -> None:
    menu.blockSignals(True)
    menu.clear()
    menu.addItems(words)
    menu.setCurrentIndex(at if words else -1)
    menu.blockSignals(False)
