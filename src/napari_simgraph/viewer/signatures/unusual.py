"""The layer "unlike": how unlike the training each patch is, from 0 to 100, over the picture."""

from __future__ import annotations

from typing import Any

import numpy as np
from napari.layers import Image as ImageLayer
from napari.layers import Layer
from numpy.typing import NDArray

from napari_simgraph.viewer.cells import placed_cells
from napari_simgraph.viewer.ground import Ground
from napari_simgraph.viewer.looks import layer_name, ramp_look
from napari_simgraph.viewer.stacking import about, hide_oldest, put_in, take_out

THING = "unlike"
_RAMP = "magma"


class Unusual:
    """Draws percentiles over the images of a ground, anew each time."""

    def __init__(self, viewer: Any) -> None:
        self._viewer = viewer

    @property
    def layers(self) -> list[Layer]:
        """Our layers, as far as they are in the viewer."""
        return [one for one in self._viewer.layers if about(one).get("thing") == THING]

    def show(self, ground: Ground, percent: NDArray[np.float32]) -> list[Layer]:
        """The layers that show percentiles, one a patch; what is not known stays clear."""
        self.hide()
        for source in ground.open:
            rows = np.flatnonzero(np.isfinite(percent))
            if ground.sheet is None:
                rows = rows[ground.grid.image[rows] == ground.layers.index(source)]
            if not len(rows):
                continue
            picture, place = placed_cells(ground, source, rows, percent[rows])
            look = ramp_look(_RAMP) | {"contrast_limits": (0.0, 100.0)}
            layer = ImageLayer(picture, name=layer_name(source.name, THING), **look, **place)
            layer.metadata["simgraph"] = {"thing": THING, "fleeting": True}
            put_in(self._viewer.layers, layer, source)
            hide_oldest(self._viewer.layers, [layer])
        return self.layers

    def hide(self) -> None:
        """Take our layers out."""
        take_out(self._viewer.layers, self.layers)
