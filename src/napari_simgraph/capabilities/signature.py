"""Signature: what a network does on the way to its answer, and which of it matters."""

from __future__ import annotations

from functools import partial
from typing import Any

from napari_simgraph.core.job import Job, Note, Progress
from napari_simgraph.core.model import Model
from napari_simgraph.core.raster import Image, ImageSet, Labels, LabelsSet
from napari_simgraph.core.room import Room
from napari_simgraph.core.signatures import (
    AblationTable,
    LayerTable,
    NeuronTable,
    SignatureTable,
)
from napari_simgraph.core.tables import EmbeddingTable, ScoreTable
from napari_simgraph.learn.aside import Aside, with_module
from napari_simgraph.learn.signature_groups import compared, grouped, unusual
from napari_simgraph.learn.signature_settings import Ablate as Ablate
from napari_simgraph.learn.signature_settings import Apply as Apply
from napari_simgraph.learn.signature_settings import Cluster as Cluster
from napari_simgraph.learn.signature_settings import Compare as Compare
from napari_simgraph.learn.signature_settings import Layers as Layers
from napari_simgraph.learn.signature_settings import Unlike as Unlike

_MODULE = "napari_simgraph.learn.signatures"  # brings torch
_GROUPS = "napari_simgraph.learn.signature_groups"


def layers(
    model: Model, image: Image | ImageSet | None = None, *, config: Layers, room: Room
) -> Job[LayerTable]:
    """List the layers of a network: what each gives for a patch, and which are recorded.

    Parameters
    ----------
    model
        Of any capability, or weights in a file.
    image
        Whose patches it is shown; without one a patch of nothing.
    config
        Settings.
    room
        Not used.

    Raises
    ------
    ValueError
        The weights don't fit the network, or the network not the image.
    """
    return with_module(_MODULE, partial(_layers, model, image, config))


def apply(
    model: Model,
    image: Image | ImageSet,
    labels: Labels | LabelsSet | None = None,
    table: EmbeddingTable | None = None,
    *,
    config: Apply,
    room: Room,
) -> Job[SignatureTable]:
    """Record what a network sees in each patch: the values of its layers.

    Parameters
    ----------
    model
        Of any capability, or weights in a file.
    image
        Where the patches lie.
    labels
        Classes painted on it: each patch gets the one that covers most of it.
    table
        Whose patches are looked at, instead of all; they keep their numbers and classes.
    config
        Settings.
    room
        Holds the result, ``signatures``.

    Raises
    ------
    ValueError
        Network, image, table and layers don't fit together.
    """
    return with_module(_MODULE, partial(_apply, (model, image, labels, table), config, room))


def cluster(table: SignatureTable, *, config: Cluster, room: Room) -> Job[SignatureTable]:
    """Group patches by what the network does with them, in each layer and in all together.

    The groups become the columns ``cluster`` and ``cluster LAYER``; how many there are, how stable
    they are and how they agree with classes stands in ``made["clusters"]``.

    Raises
    ------
    ValueError
        There are fewer patches than groups, or no such layer.
    """
    return with_module(_GROUPS, partial(grouped, table, config))


def compare(
    table: SignatureTable,
    other: SignatureTable | None = None,
    *,
    config: Compare,
    room: Room,
) -> Job[NeuronTable]:
    """Rank neurons by how well each alone tells A from B, and say where A and B part.

    Parameters
    ----------
    table
        Signatures; A is a class or a group in it.
    other
        Signatures in which B is looked for instead: of other images, or of another model of the
        same kind.
    config
        Settings; they say what A and B are.
    room
        Not used.

    Raises
    ------
    ValueError
        A or B is not there, or the two tables have other layers.
    """
    return with_module(_GROUPS, partial(compared, table, other, config))


def ablate(
    model: Model,
    image: Image | ImageSet,
    table: SignatureTable,
    *,
    config: Ablate,
    room: Room,
) -> Job[AblationTable]:
    """Switch off the neurons that tell A from B best, and count how many of both are still found.

    Beside it as many random neurons are switched off.

    Parameters
    ----------
    model, image
        Those that the signatures were taken with.
    table
        The signatures.
    config
        Settings; they say what A and B are.
    room
        Not used.

    Raises
    ------
    ValueError
        Model, image and table don't belong together, or A or B is not there.
    """
    return with_module(_MODULE, partial(_ablate, (model, image, table), config))


def unlike(
    table: SignatureTable, reference: SignatureTable, *, config: Unlike, room: Room
) -> Job[ScoreTable]:
    """Tell how unlike anything the network was trained on each patch is, from 0 to 100.

    Parameters
    ----------
    table
        Signatures of what is asked about.
    reference
        Signatures of what the network was trained on, or of anything that counts as usual.
    config
        Settings.
    room
        Not used.

    Raises
    ------
    ValueError
        The two tables have other layers, or there is too little to compare with.
    """
    return with_module(_GROUPS, partial(unusual, table, reference, config))


def _layers(
    model: Model, image: Image | ImageSet | None, config: Layers, aside: Aside
) -> Job[LayerTable]:
    from napari_simgraph.learn.signature_model import look_into
    from napari_simgraph.learn.signatures import listed

    yield Progress(0.0, "looking into the network")
    looked = yield from aside.wait(partial(look_into, model, image, config.builder))
    yield Progress(0.5, "looking into the network")
    found = yield from aside.wait(partial(listed, looked, model, config.patch))
    yield Progress(1.0, f"{len(found)} layers")
    return found


def _apply(given: tuple[Any, ...], config: Apply, room: Room, aside: Aside) -> Job[SignatureTable]:
    from napari_simgraph.learn.signature_model import look_into
    from napari_simgraph.learn.signatures import Given, record

    model, image, labels, table = given
    looked = yield from aside.wait(partial(look_into, model, image, config.builder))
    return (yield from record(looked, Given(image, model, labels, table), config, room, aside))


def _ablate(given: tuple[Any, ...], config: Ablate, aside: Aside) -> Job[AblationTable]:
    from napari_simgraph.learn.ablation import sentence, switched_off
    from napari_simgraph.learn.signature_model import look_into

    model, image, table = given
    looked = yield from aside.wait(partial(look_into, model, image, config.builder))
    found = yield from switched_off(looked, (model, image, table), config, aside)
    aside.halt.hear((yield Note(sentence(found))))
    yield Progress(1.0, "counted")
    return found
