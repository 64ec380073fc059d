"""``apply`` on a folder: one result for each file, and a table."""

from __future__ import annotations

from argparse import Namespace
from pathlib import Path

from napari_simgraph.cli.progress import Driver
from napari_simgraph.core.model import Model
from napari_simgraph.core.raster import Image
from napari_simgraph.core.verbs import Verb, makes_table

_DONE, _ALL_FAILED, _CANCELLED = 0, 2, 130


def takes_folders(verb: Verb) -> bool:
    """Whether the verb makes something of one image with a model, so that it can of many."""
    if makes_table(verb):  # a folder of images has one table
        return False
    kinds = [noun.types[0] for noun in verb.nouns if noun.required]
    return kinds == [Model, Image] and not (verb.result is Model or verb.resumes)


def wants_folder(asked: Namespace) -> bool:
    """Whether each file of a folder is to be done for itself.

    A folder that goes into one file (``--out p.tif``) is one image, and so are the slices that we
    wrote, and flat slices whose axes begin with Z.
    """
    from napari_simgraph.io.read import is_zarr
    from napari_simgraph.io.sidecar import SIDECAR

    if not takes_folders(asked.verb):
        return False
    folder, out = Path(asked.image).expanduser(), Path(asked.out).expanduser()
    if not folder.is_dir() or is_zarr(folder) or (folder / SIDECAR).is_file():
        return False
    into_folder = not out.suffix or (out.is_dir() and not is_zarr(out))
    return into_folder and not (asked.axes.upper().startswith("Z") and _is_flat(folder, out))


def run_on_folder(asked: Namespace, driver: Driver, many: bool = False) -> int:
    """Exit code: 0 done (also where some files could not be), 2 none could be, 130 stopped.

    `many` says that a cluster computes the blocks of the images.
    """
    from napari_simgraph.cli.inputs import read_config, read_options
    from napari_simgraph.cli.recipes import recipe_of
    from napari_simgraph.io.industrial import SCORES, scores_of, searched_part, write_scores
    from napari_simgraph.io.models import load_model
    from napari_simgraph.io.run_table import TABLE
    from napari_simgraph.scale.cluster import folder_on_cluster
    from napari_simgraph.scale.folder import FolderRun, run_folder

    _check_single(asked)
    target, config = Path(asked.out).expanduser(), read_config(asked, asked.verb.config)
    odd = asked.command == "anomaly"
    source = searched_part(asked.image) if odd else Path(asked.image).expanduser()
    run = FolderRun(
        source.absolute() if many else source,
        target,
        f"{asked.command} {asked.verb_name}",
        asked.verb.call,
        load_model(asked.model),
        config,
        read_options(asked),
        asked.again,
        recipe=recipe_of(asked, config),
    )
    table = driver.run(folder_on_cluster(asked.cluster, run) if many else run_folder(run))
    if odd:
        driver.say(f"Wrote {write_scores(scores_of(table), target / SCORES)}")
    done, failed = table.count("done"), table.count("failed")
    before = f", {table.passed} of them in an earlier run" if table.passed else ""
    warned = f", {failed} could not be" if failed else ""
    driver.say(f"{done} of {len(table.files)} files are done{before}{warned}: {target / TABLE}")
    if driver.stopped:
        return _CANCELLED
    return _ALL_FAILED if failed and not done else _DONE


def _check_single(asked: Namespace) -> None:
    """What belongs to one image is not given for a folder."""
    for noun in asked.verb.nouns:
        if not noun.required and getattr(asked, noun.name, None):
            raise ValueError(f"--{noun.name} belongs to one image: leave it out for a folder.")


def _is_flat(folder: Path, out: Path) -> bool:
    """Whether the first picture is one plane."""
    from napari_simgraph.io.image_files import image_files
    from napari_simgraph.io.read import read_raw

    first = image_files(folder, out)[0][0].path
    try:
        return read_raw(first, "").axes in ("YX", "YXC")
    except ValueError:
        return False
