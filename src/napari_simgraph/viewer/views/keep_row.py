"""Keep what I painted: a model's answer over the whole stack leaves painted pixels as they are."""

from __future__ import annotations

from contextlib import suppress

from qtpy.QtWidgets import QCheckBox

from napari_simgraph.core.model import Model
from napari_simgraph.core.raster import Labels
from napari_simgraph.viewer.session import Session
from napari_simgraph.viewer.views.painting import Painting
from napari_simgraph.viewer.views.parts import ImageRow, ModelCombo


class KeepRow(QCheckBox):
    """A box to tick, shown where something is painted on the image that is to be segmented.

    Full masks are no corrections: they are not kept.

    Parameters
    ----------
    session, painting
        What is painted, and on which image.
    image, model
        What is segmented, and by what.
    """

    def __init__(
        self, session: Session, painting: Painting, image: ImageRow, model: ModelCombo
    ) -> None:
        super().__init__("keep what I painted")
        self._session, self._painting, self._image, self._model = session, painting, image, model
        self.setChecked(True)
        self.setToolTip("Painted pixels stay as you left them.\ncommand line: --keep")
        self.hide()
        for changed in (painting.changed, image.changed, model.chosen):
            changed.connect(self.renew)

    def renew(self) -> None:
        """Be there where there is something to keep."""
        model = None
        with suppress(ValueError, OSError):  # said by the page
            model = self._session.model(self._model.name) if self._model.name else None
        self.setVisible(model is not None and self._fits(model))

    def labels(self, model: Model) -> Labels | None:
        """What is to stay, fixed at this moment; None for nothing."""
        return self._painting.labels() if self.isChecked() and self._fits(model) else None

    def _fits(self, model: Model) -> bool:
        painting = self._painting
        if painting.layer is None or painting.image != self._image.layer or not model.exclusive:
            return False
        if painting.zero.isChecked() or painting.overlap.isChecked() or painting.numbering.ranked:
            return False
        known = {name.casefold() for name in model.classes.names}
        ours = {name.casefold() for name in painting.classes.table.names}
        painted = bool(painting.count.pixels) or len(painting.painted_layers) > 1
        return painted and bool(known & ours)
