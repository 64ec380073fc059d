"""Every promise of design and ARCHITECTURE.md x every verb of every capability.

Inputs come from the signatures: a new capability is tested by existing.
"""

import json
import shutil
import sys
import threading
import time

import numpy as np
import pytest
import torch

from disks import full_disk, locked_disk
from napari_simgraph import Image, ImageSet, Labels, LabelsSet, MemoryRoom, Model, run
from napari_simgraph.capabilities import NAMES, load
from napari_simgraph.cli import main
from napari_simgraph.core.graph import SimilarityGraph, edges_of
from napari_simgraph.core.job import Progress, Signal
from napari_simgraph.core.objects import Columns
from napari_simgraph.core.raster import each_image
from napari_simgraph.core.signatures import SignatureTable
from napari_simgraph.core.tables import EmbeddingTable, ScoreTable
from napari_simgraph.core.verbs import makes_table, verbs
from napari_simgraph.io.models import save_model
from napari_simgraph.io.read import ReadOptions, read
from napari_simgraph.io.write import write
from napari_simgraph.io.write_table import write_table
from toy import (
    toy_graph,
    toy_image,
    toy_labels,
    toy_pictures,
    toy_scores,
    toy_signatures,
    toy_table,
)

VERBS = [verb for name in NAMES for verb in verbs(load(name)).values()]
TRAINING = [verb for verb in VERBS if verb.result is Model]
SHORT = {"steps": 8, "minutes": 0.0, "device": "cpu", "threads": 1}
# What else makes a run of one of them short, or a question complete.
ALSO = {"classification": {"width": 4, "depth": 2, "batch": 8, "fewer": 2, "sizes": "8,16"}}
ALSO |= {"embedding": {"patch": 24, "batch": 16}, "similarity": {"rows": "0"}}
ALSO["signature"] = {"a": "stripes", "b": "grain", "patch": 32, "resamples": 2, "draws": 1}
ALSO["generation"] = {"patch": 16, "batch": 8, "width": 4, "latents": "2,4", "widths": "4"}
ALSO["generation"] |= {"rows": "0,1", "n": 3}
ALSO["anomaly"] = {"patch": 32, "width": 16, "tile": 8, "batch": 4}
LOOKS_INTO = "segmentation"  # whose model signatures are taken of
GAP_SECONDS = 0.5


def by_id(verb):
    return f"{verb.capability}-{verb.name}"


def needs(verb, *kinds):
    """Whether a verb can't do without a noun of one of these kinds."""
    return any(noun.required and set(noun.types) & set(kinds) for noun in verb.nouns)


def those(wanted):
    """Marks a test that is for some verbs alone."""
    some = [verb for verb in VERBS if wanted(verb)]
    assert some
    return pytest.mark.parametrize("verb", some, ids=by_id)


each_verb = pytest.mark.parametrize("verb", VERBS, ids=by_id)
each_training = pytest.mark.parametrize("verb", TRAINING, ids=by_id)
with_image = those(lambda verb: needs(verb, Image, ImageSet))
PATCHES = (EmbeddingTable, SimilarityGraph, ScoreTable, SignatureTable)
with_patches = those(lambda verb: needs(verb, *PATCHES))


@pytest.fixture(scope="session")
def models():
    """A briefly trained model per capability."""
    made = {}
    for verb in TRAINING:
        made[verb.capability] = run(start(verb, {}))
    return made


def short(verb, **changes):
    known = {item.name for item in verb.config.settings()}
    wanted = SHORT | ALSO.get(verb.capability, {}) | changes
    return verb.config(**{k: v for k, v in wanted.items() if k in known})


def nouns(verb, models):
    toys = {EmbeddingTable: toy_table, SimilarityGraph: toy_graph, ScoreTable: toy_scores}
    toys |= {SignatureTable: toy_signatures, Image: toy_image, Labels: toy_labels}
    toys |= {Model: lambda: models.get(verb.capability) or models[LOOKS_INTO]}
    toys |= {ImageSet: toy_pictures}
    return {noun.name: toys[noun.types[0]]() for noun in verb.nouns if noun.required}


def start(verb, models, room=None, **changes):
    inputs = nouns(verb, models)
    config = short(verb, **changes)
    return verb.call(**inputs, config=config, room=MemoryRoom() if room is None else room)


def prints(result):
    """What identifies a result: the fingerprints of its nouns."""
    if result is None or isinstance(result, str | int | float):
        return result
    if isinstance(result, ImageSet | LabelsSet):
        return tuple(one.fingerprint for one in result)
    if hasattr(result, "fingerprint"):
        return result.fingerprint
    return tuple(prints(part) for part in result)


def drive(job, on_tick=None):
    return run(job, on_tick)


@each_verb
def test_ticks_at_least_every_half_second(verb, models):
    drive(start(verb, models))  # libraries are loaded and kernels chosen once
    gaps, last = [], time.monotonic()

    def on_tick(tick):
        nonlocal last
        gaps.append(time.monotonic() - last)
        last = time.monotonic()

    drive(start(verb, models), on_tick)
    gaps.append(time.monotonic() - last)
    assert len(gaps) > 3
    assert max(gaps) < GAP_SECONDS


@each_verb
def test_progress_grows_to_its_end(verb, models):
    seen = []
    drive(start(verb, models), seen.append)
    done = [tick.done for tick in seen if isinstance(tick, Progress) and tick.done >= 0]
    assert done == sorted(done)
    assert done[-1] == pytest.approx(1.0)


def arrays_of(noun):
    if isinstance(noun, ImageSet):
        return [one.data[0] for one in noun]
    if isinstance(noun, SimilarityGraph):
        noun = noun.table
    if isinstance(noun, EmbeddingTable | SignatureTable):
        return [noun.values, noun.grid.x]
    if isinstance(noun, ScoreTable):
        return [noun.score, noun.grid.x]
    return noun.levels if hasattr(noun, "levels") else noun.arrays.values()


@each_verb
def test_inputs_are_never_changed(verb, models):
    inputs = nouns(verb, models)
    for noun in inputs.values():
        for array in arrays_of(noun):
            array.setflags(write=False)
    before = {name: prints(noun) for name, noun in inputs.items()}
    drive(verb.call(**inputs, config=short(verb), room=MemoryRoom()))
    for name, noun in inputs.items():
        fresh = noun.replace() if isinstance(noun, Image | Labels) else noun
        assert prints(fresh) == before[name], name


@each_verb
def test_same_seed_same_result_whatever_the_global_generator(verb, models):
    results = []
    for seed in (1, 2):
        torch.manual_seed(seed)
        np.random.seed(seed)
        before = torch.get_rng_state()
        results.append(prints(drive(start(verb, models))))
        assert torch.equal(torch.get_rng_state(), before)
    assert results[0] == results[1]


@each_training
def test_another_seed_another_model(verb, models):
    assert prints(drive(start(verb, models, seed=1))) != prints(models[verb.capability])


@each_verb
@pytest.mark.parametrize("ticks", [1, 2, 3, 7, 12])
def test_may_be_closed_at_any_tick(verb, models, ticks):
    threads = set(threading.enumerate())
    job = start(verb, models)
    for _ in range(ticks):
        if next(job, None) is None:
            break
    job.close()
    left = [thread for thread in threading.enumerate() if thread not in threads]
    assert not [thread for thread in left if thread.is_alive()]
    assert torch.is_grad_enabled()


@each_verb
def test_stop_returns_what_there_is(verb, models):
    ticks = 0

    def stop_at_third(tick):
        nonlocal ticks
        ticks += 1
        return Signal.STOP if ticks >= 3 else None

    result = drive(start(verb, models, steps=10_000), stop_at_third)
    assert result is not None
    whole = verb.result if isinstance(verb.result, type) else object
    assert isinstance(result, whole)
    assert ticks < 100


@each_verb
def test_yields_stand_outside_contexts_that_change_state(verb, models):
    def on_tick(tick):
        assert torch.is_grad_enabled()
        assert not torch.is_inference_mode_enabled()
        assert not torch.is_autocast_enabled("cpu")

    drive(start(verb, models), on_tick)


@each_verb
def test_prints_nothing_and_writes_no_file(verb, models, tmp_path, monkeypatch, capfd):
    monkeypatch.chdir(tmp_path)
    drive(start(verb, models))
    assert capfd.readouterr() == ("", "")
    assert not list(tmp_path.iterdir())


@each_training
def test_resumed_from_a_checkpoint_it_ends_as_if_never_broken_off(verb, models):
    class Forgetful(MemoryRoom):
        """Remembers each checkpoint."""

        def __init__(self):
            super().__init__()
            self.states = []

        def checkpoint(self, state):
            super().checkpoint(state)
            self.states.append(self.state)

    room = Forgetful()
    whole = drive(start(verb, models, room))
    assert room.states, "no checkpoint was kept"
    again = MemoryRoom()
    again.state = room.states[0]
    assert prints(drive(start(verb, models, again))) == prints(whole)


def is_finite(array):
    return bool(np.isfinite(np.asarray(array, np.float64)).all())


def sound(result):
    """Whether there is nothing in a result that is no number."""
    if result is None or isinstance(result, str | int | float):
        return True
    if isinstance(result, Image | Labels):
        return is_finite(result.read())
    if isinstance(result, ImageSet | LabelsSet):
        return all(sound(one) for one in result)
    if isinstance(result, Model):
        return all(is_finite(array) for array in result.arrays.values())
    if isinstance(result, SimilarityGraph):
        return sound(result.table) and all(is_finite(e.weights) for e in result.edges.values())
    if isinstance(result, EmbeddingTable | SignatureTable):
        return is_finite(result.values)
    if isinstance(result, ScoreTable):
        return is_finite(result.score)
    return all(sound(part) for part in result) if isinstance(result, tuple) else True


def told_or_sound(verb, inputs, name):
    """A result without holes, or one sentence that a biologist can act on."""
    said = ""
    try:
        result = drive(verb.call(**inputs, config=short(verb, steps=2), room=MemoryRoom()))
    except ValueError as error:
        said = str(error)
        assert 10 < len(said) < 200, (name, said)
        assert said.endswith("."), (name, said)
    assert said or result is not None, name
    assert said or sound(result), f"{name}: the result is not finite"


ODD_PIXELS = {
    "four channels": lambda pixels: np.stack([pixels] * 4, -1),
    "nan": lambda pixels: np.full(pixels.shape, np.nan, np.float32),
    "some nan": lambda pixels: np.where(pixels > pixels.mean(), pixels, np.float32(np.nan)),
    "infinite": lambda pixels: np.full(pixels.shape, np.inf),
    "some infinite": lambda pixels: np.where(pixels > pixels.mean(), pixels, np.float32(-np.inf)),
    "constant": lambda pixels: np.full(pixels.shape, 7, np.uint8),
    "big-endian": lambda pixels: pixels.astype(">u2"),
    "bool": lambda pixels: pixels > 128,
    "int32": lambda pixels: pixels.astype(np.int32) - 1000,
    "float64": lambda pixels: pixels / 255,
    "one row": lambda pixels: pixels[..., :1, :],
    "one column": lambda pixels: pixels[..., :1],
    "one pixel": lambda pixels: pixels[..., :1, :1],
    "one section": lambda pixels: pixels[None],
}


@with_image
def test_images_of_other_kinds_are_told_or_taken(verb, models):
    """Other types, not finite, constant, as thin as can be: a sound result or one sentence."""
    inputs = nouns(verb, models)
    image = each_image(inputs["image"])[0]
    for name, change in ODD_PIXELS.items():
        axes = image.axes + "C" if name == "four channels" else ""
        told_or_sound(verb, inputs | {"image": Image(change(image.read()), axes)}, name)


@with_image
@pytest.mark.parametrize("axes", ["TZYX", "TCZYX", "NYX"])
def test_four_and_five_axes_are_read_as_was_said(verb, models, axes, tmp_path):
    inputs = nouns(verb, models)
    pixels = each_image(inputs["image"])[0].read()
    lengths = [2 if letter in "TN" else 1 for letter in axes[:-2]]
    np.save(tmp_path / "a.npy", np.broadcast_to(pixels, (*lengths, *pixels.shape)))
    if len(axes) > 3:
        with pytest.raises(ValueError, match="axes"):
            read(tmp_path / "a.npy")
    channel = 0 if "C" in axes else None
    found = read(tmp_path / "a.npy", options=ReadOptions(axes, channel=channel)).image
    assert len(found) == 2
    told_or_sound(verb, inputs | {"image": found}, axes)


@with_patches
def test_no_patches_at_all_are_told(verb, models):
    inputs = nouns(verb, models)
    tables = {name: noun for name, noun in inputs.items() if hasattr(noun, "grid")}
    graphs = {name: noun for name, noun in inputs.items() if isinstance(noun, SimilarityGraph)}
    assert tables or graphs
    none = {name: table.take(np.arange(0)) for name, table in tables.items()}
    for name, graph in graphs.items():
        few = edges_of(*(np.zeros(0, np.int32),) * 2, np.zeros(0, np.float32), 0)
        bare = graph.table.take(np.arange(0))
        none[name] = graph.replace(table=bare, edges=dict.fromkeys(graph.edges, few))
    told_or_sound(verb, inputs | none, "no patches")


@with_image
def test_a_picture_that_goes_while_it_is_looked_at_is_told(verb, models, tmp_path):
    inputs = nouns(verb, models)
    write(each_image(inputs["image"])[0], tmp_path / "slices")
    seen = read(tmp_path / "slices").image
    job = verb.call(**inputs | {"image": seen}, config=short(verb, steps=2), room=MemoryRoom())
    said = ""
    try:
        next(job, None)
        shutil.rmtree(tmp_path / "slices")
        drive(job)
    except ValueError as error:
        said = str(error)
    assert not said or said.endswith("is no longer there."), said


class Short:
    """Convolutions where memory is short: the largest inputs of a first run fail in a second."""

    def __init__(self):
        self.compute = torch.nn.functional.conv2d
        self.most, self.limit, self.failed = 0, np.inf, 0

    def __call__(self, inputs, *rest, **named):
        size = inputs.shape[0] * inputs.shape[-2] * inputs.shape[-1]
        if size > self.limit:
            self.failed += 1
            raise torch.OutOfMemoryError("CUDA out of memory. Tried to allocate 2 GiB.")
        self.most = max(self.most, size)
        return self.compute(inputs, *rest, **named)


CONVOLVING = ("segmentation", "embedding", "classification", "generation", "signature", "anomaly")
OVER_ALL = ("train", "apply", "reconstruct")
# How often toys are set side by side to be larger than a tile; anomalies are seen from farther off.
WIDER = dict.fromkeys(CONVOLVING, (3, 3)) | {"anomaly": (4, 4)}


@those(lambda verb: verb.name in OVER_ALL and verb.capability in CONVOLVING)
def test_memory_that_is_short_in_mid_job_costs_no_result(verb, models, monkeypatch):
    inputs = nouns(verb, models)
    looks = verb.name != "train" or verb.capability == "anomaly"  # at what it learned from, too
    if isinstance(inputs["image"], Image) and looks:
        inputs["image"] = Image(np.tile(inputs["image"].read(), WIDER[verb.capability]))
    short_of = Short()
    monkeypatch.setattr(torch.nn.functional, "conv2d", short_of)
    how = {"config": short(verb, steps=2), "room": MemoryRoom()}
    drive(verb.call(**inputs, **how))
    short_of.limit = short_of.most - 1
    how["room"] = MemoryRoom()
    assert sound(drive(verb.call(**inputs, **how)))
    assert short_of.failed > 0


def refused(verb, inputs):
    """It says in one sentence what is wrong with these."""
    with pytest.raises(ValueError, match=r"\.$"):
        drive(verb.call(**inputs, config=short(verb), room=MemoryRoom()))


@those(lambda verb: needs(verb, Model) and needs(verb, Image, ImageSet))
def test_model_and_image_that_do_not_fit(verb, models):
    inputs = nouns(verb, models)
    image = each_image(inputs["image"])[0]
    colour = Image(np.zeros((*image.shape, 3), np.uint8), axes=image.axes + "C")
    refused(verb, inputs | {"image": colour})


@those(lambda verb: needs(verb, Model) and needs(verb, SimilarityGraph))
def test_model_and_graph_that_do_not_fit(verb, models):
    inputs = nouns(verb, models)
    graph = inputs["graph"]
    narrow = graph.table.replace(values=graph.table.values[:, :2])
    refused(verb, inputs | {"graph": graph.replace(table=narrow)})


@pytest.fixture(scope="session")
def files(tmp_path_factory, models):
    """The toy inputs as files, by parameter name."""
    folder = tmp_path_factory.mktemp("toy")
    write(toy_image(), folder / "image.tif")
    write_table(toy_table(), folder / "table.h5ad")
    write_table(toy_graph(), folder / "graph.h5ad")
    write_table(toy_scores(), folder / "scores.h5ad")
    write_table(toy_signatures(), folder / "signatures.zarr")
    write(toy_labels(), folder / "labels.tif")
    pictures = toy_pictures()
    for one, name in zip(pictures, pictures.image_classes, strict=True):
        (folder / "pictures" / name).mkdir(parents=True, exist_ok=True)
        write(one, folder / "pictures" / name / f"{one.name}.tif")
    for name, model in models.items():
        save_model(model, folder / f"model-{name}")
    return folder


FILES = {Image: "image.tif", Labels: "labels.tif", ImageSet: "pictures"}
FILES |= {SignatureTable: "signatures.zarr"}
FILES |= {EmbeddingTable: "table.h5ad", SimilarityGraph: "graph.h5ad", ScoreTable: "scores.h5ad"}


def suffix(verb):
    """What the file of a result ends in."""
    if verb.result is Model:
        return ""
    if makes_table(verb):
        return ".h5ad"
    if verb.capability == "interest":
        return ".geojson"
    alone = isinstance(verb.result, type)
    return ".csv" if alone and issubclass(verb.result, Columns) else ".tif"


def command(verb, files, out):
    words = [verb.capability, verb.name, "--progress", "json"]
    for noun in verb.nouns:
        if noun.required:
            kind = noun.types[0]
            own = verb.capability in {one.capability for one in TRAINING}
            path = FILES.get(kind, f"model-{verb.capability if own else LOOKS_INTO}")
            words += [f"--{noun.name}", str(files / path)]
    words += ["--model" if verb.result is Model else "--out", str(out)]
    for name, value in short(verb).changed().items():
        words += [f"--{name}", str(value)]
    return words


@each_verb
def test_the_command_line_does_the_same(verb, models, files, tmp_path, capfd):
    out = tmp_path / f"made{suffix(verb)}"
    code = main(command(verb, files, out))
    told = capfd.readouterr().err
    assert code == 0, told
    assert out.exists()
    assert not list(tmp_path.glob("*.partial"))
    progress = [json.loads(line) for line in told.splitlines()]
    assert any(line.get("done") == 1.0 for line in progress)
    made = out if out.exists() else next(tmp_path.glob(f"{out.stem}_*"))
    assert main(["rerun", str(made), "--progress", "none"]) == 0, capfd.readouterr().out


@each_verb
def test_a_missing_file_costs_one_line_and_exit_code_2(verb, models, files, tmp_path, capfd):
    words = command(verb, files, tmp_path / f"made{suffix(verb)}")
    first = verb.nouns[0].name
    words[words.index(f"--{first}") + 1] = str(tmp_path / "nowhere.tif")
    assert main(words) == 2
    told = capfd.readouterr().err
    assert len(told.strip().splitlines()) == 1
    assert "nowhere.tif" in told
    assert not list(tmp_path.glob("made*"))


# One verb for each kind of result: what writes it is the same for all.
BY_RESULT = list({(suffix(verb), verb.result is Model): verb for verb in VERBS}.values())


@pytest.mark.skipif(sys.platform == "win32", reason="its disks can't be filled here")
@pytest.mark.parametrize("verb", BY_RESULT, ids=by_id)
@pytest.mark.parametrize("disk", [full_disk, locked_disk], ids=["full", "locked"])
def test_a_disk_that_takes_nothing_costs_one_line(verb, disk, models, files, tmp_path, capfd):
    with disk(tmp_path / "disk") as folder:
        code = main(command(verb, files, folder / f"made{suffix(verb)}"))
        told = capfd.readouterr().err
        left = [path.name for path in folder.iterdir() if path.name != "filler"]
    *_, last = told.strip().splitlines()
    assert code in (1, 2), told
    assert last.startswith("napari-simgraph: "), told
    assert last.endswith("."), told
    assert "Traceback" not in told
    assert left == []
