"""From command-line options to nouns and settings."""

from __future__ import annotations

from argparse import Namespace
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any, TypeVar

from napari_simgraph.core.classified import Classified
from napari_simgraph.core.config import Config
from napari_simgraph.core.graph import SimilarityGraph
from napari_simgraph.core.marks import Marks
from napari_simgraph.core.model import Model
from napari_simgraph.core.raster import Image, ImageSet, Labels, each_image
from napari_simgraph.core.signatures import SignatureTable
from napari_simgraph.core.tables import PatchTable, ScoreTable
from napari_simgraph.core.verbs import noun_types
from napari_simgraph.io.anndata_read import is_table, read_graph, read_noun
from napari_simgraph.io.geojson import is_marks, read_geojson
from napari_simgraph.io.industrial import normal_part, read_maps, searched_part
from napari_simgraph.io.labels import LabelOptions, read_class_masks, read_labels
from napari_simgraph.io.many import Along
from napari_simgraph.io.models import load_model, load_weights
from napari_simgraph.io.own import OwnOptions, is_own, read_own
from napari_simgraph.io.pair import read_paired
from napari_simgraph.io.picture_tables import read_chances, with_groups
from napari_simgraph.io.read import ReadOptions, is_zarr, read

C = TypeVar("C", bound=Config)
Say = Callable[[str], None]


def read_config(asked: Namespace, config: type[C]) -> C:
    """The settings that were given, the rest by default."""
    given = {item.name: getattr(asked, f"setting_{item.name}") for item in config.settings()}
    return config(**{name: value for name, value in given.items() if value is not None})


def read_options(asked: Namespace) -> ReadOptions:
    """How to read images.

    Raises
    ------
    ValueError
        ``--spacing`` holds no numbers, or no unit was given with it.
    """
    try:
        spacing = tuple(float(part) for part in asked.spacing.split(",") if part)
    except ValueError:
        raise ValueError(f"--spacing wants numbers like 50,4,4, not '{asked.spacing}'.") from None
    if spacing and not asked.unit:
        raise ValueError("Say the unit of the spacing too: --unit nm.")
    return ReadOptions(asked.axes, spacing, asked.unit, asked.channel, asked.level)


def read_nouns(asked: Namespace, say: Say) -> dict[str, Any]:
    """The inputs of a verb by parameter name; folders of images and labels are paired by name."""
    kinds = {noun.types[0]: noun.name for noun in asked.verb.nouns if noun.required}
    paired = {Image, Labels} <= kinds.keys() and asked.labels and not asked.class_masks
    if paired:
        found = read_paired(
            asked.image,
            asked.labels,
            options=read_options(asked),
            label_options=_label_options(asked),
        )
        for note in found.notes:
            say(note)
        _ask_spacing(found.image, say)
        return {kinds[Image]: found.image, kinds[Labels]: found.labels}
    return {
        noun.name: _noun(noun.types, noun.name, asked, say)
        for noun in asked.verb.nouns
        if noun.required or getattr(asked, noun.name) is not None
    }


def read_pair(asked: Namespace) -> tuple[Any, Any]:
    """Prediction (a probability map or labels) and truth."""
    if asked.command == "anomaly":
        return read_maps(asked.prediction, asked.truth)
    if Classified in noun_types(asked.call, "prediction"):
        return read_chances(asked.prediction), _pictures(asked.truth, asked, _quiet)
    if ScoreTable in noun_types(asked.call, "prediction"):
        return _scores(asked.prediction), _marks(asked.truth, asked, _quiet)
    if is_table(asked.prediction) or hasattr(asked, "positions"):
        graph = SimilarityGraph in noun_types(asked.call, "prediction")
        found = _table(asked.prediction, asked, _quiet, graph=graph)
        return found, asked.truth and _table(asked.truth, asked, _quiet, graph=False)
    truth = _labels(asked.truth, asked, _quiet)
    prediction = read(asked.prediction, options=read_options(asked))
    if _is_probability(prediction.image):
        return prediction.image, truth
    if prediction.info.get("classes"):  # --classes name the truth; these know their own
        asked = Namespace(**vars(asked) | {"classes": ""})
    found = _labels(asked.prediction, asked, _quiet, by_class=False)
    known = [len(one.classes) for one in (found, truth) if isinstance(one, Labels)]
    if len(known) == 2 and known[0] > known[1] > 0:  # more values than classes: object numbers
        asked.labels_are = "objects"
        found = _labels(asked.prediction, asked, _quiet, by_class=False)
    return found, truth


def _quiet(sentence: str) -> None:
    """Scores speak on stdout alone."""


def _is_probability(prediction: Any) -> bool:
    first = prediction if isinstance(prediction, Image) else prediction.images[0]
    return first.dtype.kind == "f"


def _noun(kinds: tuple[type, ...], name: str, asked: Namespace, say: Say) -> Any:
    path, kind = getattr(asked, name), kinds[0]
    if issubclass(kind, Labels):
        return _labels(path, asked, say, by_class=name == "labels")
    if issubclass(kind, Marks):
        return _marks(path, asked, say)
    if issubclass(kind, Model):
        return load_weights(path) if path.endswith(".safetensors") else load_model(path)
    if issubclass(kind, SignatureTable):
        return _signatures(path)
    if issubclass(kind, ScoreTable):
        return _scores(path)
    if issubclass(kind, PatchTable):
        return _table(path, asked, say, graph=SimilarityGraph in kinds)
    if issubclass(kind, SimilarityGraph):
        return read_graph(path)
    if asked.command == "anomaly":
        part = normal_part if asked.verb_name == "train" else searched_part
        return _pictures(str(part(path)), asked, say)
    if issubclass(kind, ImageSet):
        return _pictures(path, asked, say)
    opened = read(path, options=read_options(asked))
    for note in opened.notes:
        say(note)
    _ask_spacing(opened.image, say)
    return opened.image


def _pictures(path: str, asked: Namespace, say: Say) -> Image | ImageSet:
    """The pictures of a folder or an array, each for itself, with their groups if given."""
    options = read_options(asked)
    file = Path(path).expanduser()
    if file.is_dir() and not is_zarr(file) and not options.axes:
        options = replace(options, axes="N")  # pictures of one size are no stack here
    opened = read(path, options=options)
    notes, images = list(opened.notes), opened.image
    if getattr(asked, "groups", ""):
        if isinstance(images, Image):
            raise ValueError("One image has no groups of pictures: leave out --groups.")
        images, told = with_groups(images, asked.groups)
        notes += told
    for note in notes:
        say(note)
    return images


def _table(path: str, asked: Namespace, say: Say, *, graph: bool) -> Any:
    """A table of ours, or features of another program over the images that were named."""
    if not is_own(path):
        found = read_noun(path)
        return found if graph or isinstance(found, PatchTable) else found.table
    if not asked.image:
        raise ValueError("Say which images the rows of the table lie in: --image PATH.")
    opened = read(asked.image, options=read_options(asked))
    _ask_spacing(opened.image, say)
    patch, stride = (
        int(getattr(asked, name, 0) or getattr(asked, f"setting_{name}", 0) or 0)
        for name in ("patch", "stride")
    )
    options = OwnOptions(asked.positions, patch, stride)
    return read_own(path, opened.image, options)


def _scores(path: str) -> ScoreTable:
    found = read_noun(path)
    if not isinstance(found, ScoreTable):
        raise ValueError(f"{path} holds no scores: make them with interest apply.")
    return found


def _signatures(path: str) -> SignatureTable:
    found = read_noun(path)
    if not isinstance(found, SignatureTable):
        raise ValueError(f"{path} holds no signatures: make them with signature apply.")
    return found


def _marks(path: str, asked: Namespace, say: Say) -> Any:
    """Marks, or labels that were painted instead."""
    return read_geojson(path) if is_marks(path) else _labels(path, asked, say, by_class=False)


def _ask_spacing(image: Image | ImageSet, say: Say) -> None:
    images = each_image(image)
    some = images[:1] if isinstance(images, Along) else images  # those of one array are alike
    if not all(one.has_scale for one in some):
        say("The file doesn't say how large a pixel is; --spacing 50,4,4 --unit nm sets it.")


def _labels(path: str | None, asked: Namespace, say: Say, *, by_class: bool = True) -> Any:
    if asked.class_masks and by_class:
        pairs = [text.partition("=") for text in asked.class_masks]
        if not all(name and mask for name, _, mask in pairs):
            raise ValueError("--class wants NAME=PATH, for example --class synapse=syn.tif.")
        masks = {name: mask for name, _, mask in pairs}
        opened = read_class_masks(masks, options=_label_options(asked))
    elif path is None:
        given = "truth" if asked.verb_name == "score" else "labels"
        raise ValueError(f"Give the {given}: --{given} PATH, or --class NAME=PATH for each class.")
    else:
        opened = read_labels(path, options=_label_options(asked))
    for note in opened.notes:
        say(note)
    return opened.labels


def _label_options(asked: Namespace) -> LabelOptions:
    names = tuple(name.strip() for name in asked.classes.split(",") if name.strip())
    axes = asked.axes.upper().replace("C", "")  # of the image; labels have no colours
    size = read_options(asked)
    found = asked.labels_are
    if found == "auto" and asked.command == "objects":  # what is not marked is no object
        found = "marked"
    if found == "auto" and asked.verb_name == "score":
        found = "either"
    return LabelOptions(
        axes=axes,
        spacing=size.spacing,
        unit=size.unit,
        level=size.level,
        classes=names,
        labels_are=found,
    )
