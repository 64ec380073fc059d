"""Results of the small stack `vnc`, and what is in a viewer."""

import numpy as np

from napari_simgraph.core.classes import ClassTable
from napari_simgraph.core.raster import Image, Labels

CLASSES = ClassTable.of(["membrane", "cytoplasm"])
SHAPE = (3, 40, 50)


def classes(value, table=CLASSES):
    return Labels(np.full(SHAPE, value, np.uint8), classes=table)


def sure(value):
    return Image(np.full((*SHAPE, 2), value, np.float32), classes=CLASSES)


def names(viewer):
    return [layer.name for layer in viewer.layers]
