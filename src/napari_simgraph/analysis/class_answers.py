"""Class answers: predicted classes against those of pictures, matched by name."""

from __future__ import annotations

from pathlib import PurePath

import numpy as np

from napari_simgraph.analysis.class_report import report
from napari_simgraph.core.classified import Classified, names_of_pictures, picture_names
from napari_simgraph.core.raster import ImageSet


def answers(prediction: Classified, truth: ImageSet) -> dict[str, float]:
    """The figures of a prediction by name; see `capabilities.classification.score`.

    Pictures of classes that the prediction doesn't know count as wrong.

    Raises
    ------
    ValueError
        No picture is in both, or none has a class.
    """
    if not any(truth.image_classes):
        raise ValueError("The truth has no classes: use a folder with a folder for each class.")
    said = dict(zip(names_of_pictures(truth), truth.image_classes, strict=True))
    known = np.array(picture_names(prediction.grid.sources))[prediction.grid.image].tolist()
    if not set(known) & set(said):  # one was in folders and the other not: their files may do
        said = {PurePath(name).name: one for name, one in said.items()}
        known = [PurePath(name).name for name in known]
    rows = [row for row, name in enumerate(known) if said.get(name)]
    if not rows:
        raise ValueError("Prediction and truth have no picture in common: compare their names.")
    wanted = [said[known[row]] for row in rows]
    places = {name.casefold(): number for number, name in enumerate(prediction.names)}
    others = sorted({one for one in wanted if one.casefold() not in places})
    names = [*prediction.names, *others]
    places |= {name.casefold(): number for number, name in enumerate(names)}
    chances = np.zeros((len(rows), len(names)))
    chances[:, : len(prediction.names)] = prediction.chances[rows]
    numbers = [places[one.casefold()] for one in wanted]
    return report(chances, numbers, names).summary() | {"pictures": float(len(rows))}
