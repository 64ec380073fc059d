"""Every promise of design and ARCHITECTURE.md x every verb of every capability.

Inputs come from the signatures: a new capability is tested by existing.
"""

import json
import threading
import time

import numpy as np
import pytest
import torch

from napari_simgraph import Image, ImageSet, Labels, LabelsSet, MemoryRoom, Model, run
from napari_simgraph.capabilities import NAMES, load
from napari_simgraph.cli import main
from napari_simgraph.core.graph import SimilarityGraph
from napari_simgraph.core.job import Progress, Signal
from napari_simgraph.core.objects import Columns
from napari_simgraph.core.raster import each_image
from napari_simgraph.core.signatures import SignatureTable
from napari_simgraph.core.tables import EmbeddingTable, ScoreTable
from napari_simgraph.core.verbs import makes_table, verbs
from napari_simgraph.io.models import save_model
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


each_verb = pytest.mark.parametrize("verb", VERBS, ids=by_id)
each_training = pytest.mark.parametrize("verb", TRAINING, ids=by_id)


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


@each_verb
def test_images_of_other_kinds_are_told_or_taken(verb, models):
    """4-channel pictures, NaN, constant, tiny, 16-bit, big-endian: a result or one sentence."""
    inputs = nouns(verb, models)
    if "image" not in inputs:
        pytest.skip("takes no image")
    image = each_image(inputs["image"])[0]
    shape = image.shape
    odd = {
        "four channels": Image(np.zeros((*shape, 4), np.uint8), axes=image.axes + "C"),
        "nan": Image(np.full(shape, np.nan, np.float32)),
        "constant": Image(np.full(shape, 7, np.uint8)),
        "big-endian": Image(image.read().astype(">u2")),
        "infinite": Image(np.full(shape, np.inf)),
        "bool": Image(image.read() > 128),
        "int32": Image(image.read().astype(np.int32)),
    }
    for name, strange in odd.items():
        config = short(verb, steps=2)
        job = verb.call(**inputs | {"image": strange}, config=config, room=MemoryRoom())
        try:
            assert drive(job) is not None, name
        except ValueError as error:
            sentence = str(error)
            assert 10 < len(sentence) < 200, name
            assert sentence.endswith("."), name


@each_verb
def test_model_and_image_that_do_not_fit(verb, models):
    if "model" not in {noun.name for noun in verb.nouns if noun.required}:
        pytest.skip("takes no model")
    inputs = nouns(verb, models)
    if not {"image", "graph"} & inputs.keys():
        pytest.skip("takes the model alone")
    if "image" not in inputs:
        if "graph" not in inputs:
            pytest.skip("looks at nothing but the model")
        narrow = inputs["graph"].table.replace(values=inputs["graph"].table.values[:, :2])
        with pytest.raises(ValueError, match=r"\.$"):
            drive(
                verb.call(
                    **inputs | {"graph": inputs["graph"].replace(table=narrow)},
                    config=short(verb),
                    room=MemoryRoom(),
                )
            )
        return
    image = each_image(inputs["image"])[0]
    colour = Image(np.zeros((*image.shape, 3), np.uint8), axes=image.axes + "C")
    with pytest.raises(ValueError, match=r"\.$"):
        drive(verb.call(**inputs | {"image": colour}, config=short(verb), room=MemoryRoom()))


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
