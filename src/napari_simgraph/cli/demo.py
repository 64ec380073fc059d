"""The whole chain on the sample data, without a window."""

from __future__ import annotations

import json
import time
from pathlib import Path

from napari_simgraph.cli.progress import Driver
from napari_simgraph.core.job import say_time
from napari_simgraph.core.raster import Image, Labels
from napari_simgraph.core.room import Room

DONE, CANCELLED = 0, 130


def run_demo(out: str, driver: Driver, minutes: float) -> int:
    """Exit code, after larva was learned, segmented, scored and written to `out`."""
    from napari_simgraph.core.raster import each_image
    from napari_simgraph.io.labels import read_labels
    from napari_simgraph.io.read import read
    from napari_simgraph.io.samples import sample_folder

    started = time.monotonic()
    folder = Path(out)
    folder.mkdir(parents=True, exist_ok=True)
    image = each_image(read(sample_folder() / "larva.tif").image)[0]
    truth = read_labels(sample_folder() / "larva_labels.tif").labels
    assert isinstance(truth, Labels)
    scores = _segment(image, truth, folder, (driver, minutes))
    (folder / "scores.json").write_text(json.dumps(scores, indent=2) + "\n", encoding="utf-8")
    driver.say(f"Wrote {folder} in {say_time(time.monotonic() - started)}.")
    return CANCELLED if driver.stopped else DONE


def _segment(
    image: Image, truth: Labels, folder: Path, how: tuple[Driver, float]
) -> dict[str, float]:
    """Scores of a U-Net on the last quarter of the stack, learned from the rest."""
    from napari_simgraph.capabilities import segmentation
    from napari_simgraph.io.folder_room import FolderRoom
    from napari_simgraph.io.models import save_model
    from napari_simgraph.io.write import write

    driver, minutes = how
    kept = f"{image.sections * 3 // 4}-{image.sections - 1}"
    driver.say(f"Learns membranes, mitochondria and synapses; sections {kept} are kept aside.")
    room = FolderRoom(folder / "room.partial")
    train = segmentation.Train(minutes=minutes, holdout=kept)
    model = driver.run(segmentation.train(image, truth, config=train, room=room))
    save_model(model.replace(name="larva"), folder / "larva_model")
    room.clean()
    made = driver.run(
        segmentation.apply(model, image, config=segmentation.Apply(output="both"), room=room)
    )
    for noun, name in ((made.classes, "larva_classes.tif"), (made.probability, "larva_sure.tif")):
        if noun is not None:
            write(noun, folder / name, info={"model": "larva"})
    assert made.probability is not None  # both were asked for
    if isinstance(made.classes, Labels):
        _measure(made.classes, image, folder, (driver, room))
    scores = segmentation.score(made.probability, truth, segmentation.Score(sections=kept))
    room.clean()
    room.close()
    return scores


def _measure(classes: Labels, image: Image, folder: Path, how: tuple[Driver, Room]) -> None:
    """Write the table of all mitochondria that were found."""
    from napari_simgraph.capabilities import objects
    from napari_simgraph.io.tables import write_csv

    driver, room = how
    config = objects.Measure(only="mitochondrion")
    table = driver.run(objects.measure(classes, image, config=config, room=room))
    write_csv(table, folder / "objects.csv")
    driver.say(f"Measured {len(table)} mitochondria.")
