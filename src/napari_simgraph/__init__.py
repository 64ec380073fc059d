"""napari-simgraph: pixels, patches, embeddings, graphs and areas of interest, in napari."""

from __future__ import annotations

from napari_simgraph.core.classes import ClassRow, ClassTable
from napari_simgraph.core.job import run
from napari_simgraph.core.model import Model
from napari_simgraph.core.raster import Image, ImageSet, Labels, LabelsSet
from napari_simgraph.core.room import MemoryRoom

__version__ = "0.1.0"
__all__ = [
    "ClassRow",
    "ClassTable",
    "Image",
    "ImageSet",
    "Labels",
    "LabelsSet",
    "MemoryRoom",
    "Model",
    "run",
]
