"""`rerun`: a result says what made it, is made again, and is compared."""

import json
import os
import shutil

import numpy as np
import pytest
import tifffile

from napari_simgraph import Image
from napari_simgraph.cli import main
from napari_simgraph.core.recipe import Recipe
from napari_simgraph.io.compare import compare
from napari_simgraph.io.recipes import read_recipe
from napari_simgraph.io.write import write
from toy import toy_image, toy_labels


@pytest.fixture(scope="module")
def trained(tmp_path_factory):
    """A folder with images, labels and a briefly trained model."""
    folder = tmp_path_factory.mktemp("made")
    (folder / "images").mkdir()
    for name in ("a", "b"):
        write(toy_image().replace(name=name), folder / "images" / f"{name}.tif")
    write(toy_labels(), folder / "y.tif")
    words = ["segmentation", "train", "--image", str(folder / "images" / "a.tif"), "--labels"]
    words += [str(folder / "y.tif"), "--model", str(folder / "m"), "--steps", "4", "--width", "4"]
    assert main([*words, "--threads", "1", "--device", "cpu", "--progress", "none"]) == 0
    return folder


@pytest.fixture
def made(trained, tmp_path):
    """A copy of it, from which results can be taken away."""
    shutil.copytree(trained, tmp_path / "made")
    return tmp_path / "made"


def apply(folder, image, out, *more):
    words = ["segmentation", "apply", "--model", str(folder / "m"), "--image", str(image)]
    words += ["--out", str(out), "--average", "none", "--progress", "none", *more]
    assert main(words) == 0
    return out


def rerun(result, *more):
    return main(["rerun", str(result), "--progress", "none", *more])


def test_a_model_and_its_result_are_the_same_again(made, capsys):
    result = apply(made, made / "images" / "a.tif", made / "p.tif")
    assert rerun(made / "m") == 0
    assert capsys.readouterr().out == "m was made again, the same.\n"
    assert rerun(result) == 0
    assert capsys.readouterr().out == "p.tif was made again, the same.\n"


def test_another_model_gives_exit_code_3_and_says_how_much(made, capsys):
    result = apply(made, made / "images" / "a.tif", made / "p.tif", "--output", "classes")
    pixels = tifffile.imread(result)
    recipe = read_recipe(result)
    changed = write(toy_image().replace(data=255 - toy_image().read()), made / "images" / "a.tif")
    assert rerun(result) == 3
    told = capsys.readouterr()
    assert told.out.startswith("p.tif was made again and differs: section 0: ")
    assert f"of {pixels.size} values" in told.out
    assert changed
    assert recipe.settings["output"] == "classes"


def test_inputs_that_were_moved_are_found_beside_or_named(made, tmp_path, capsys):
    result = apply(made, made / "images" / "a.tif", made / "p.tif")
    (made / "images" / "a.tif").rename(tmp_path / "elsewhere.tif")
    assert rerun(result) == 2
    told = capsys.readouterr().err
    assert "a.tif is not where it was: say --with image=PATH" in told
    assert rerun(result, "--with", f"image={tmp_path / 'elsewhere.tif'}") == 0
    assert rerun(result, "--with", "picture=x.tif") == 2
    assert "it was made from model, image" in capsys.readouterr().err
    (tmp_path / "elsewhere.tif").rename(made / "a.tif")
    assert rerun(result) == 0


def test_a_folder_of_results_is_made_again_file_by_file(made, capsys):
    apply(made, made / "images", made / "out")
    assert rerun(made / "out") == 0
    said = capsys.readouterr().out.splitlines()
    assert said == ["a.tif was made again, the same.", "b.tif was made again, the same."]
    assert rerun(made / "out" / "b.tif", "--out", str(made / "kept")) == 0
    assert [path.name for path in (made / "kept").iterdir()] == ["b.tif"]
    assert rerun(made / "out" / "b.tif", "--out", str(made / "kept")) == 2
    assert "holds files already" in capsys.readouterr().err


@pytest.mark.parametrize("name", ["p.ome.tif", "p.ome.zarr", "p.npy", "p.npz", "p.h5", "slices"])
def test_every_format_carries_how_it_was_made(made, name):
    kind = "classes" if name == "slices" else "probability"
    assert rerun(apply(made, made / "images" / "a.tif", made / name, "--output", kind)) == 0


def test_what_does_not_say_how_it_was_made_costs_one_line(made, tmp_path, capsys):
    write(Image(np.zeros((8, 8), np.uint8)), tmp_path / "bare.tif")
    for path in (tmp_path / "bare.tif", tmp_path / "nowhere.tif", made / "images"):
        assert rerun(path) == 2
        assert len(capsys.readouterr().err.strip().splitlines()) == 1


@pytest.mark.parametrize(
    ("change", "part"),
    [
        ({"capability": "os", "verb": "system"}, "nothing that we can do"),
        ({"verb": "load_model"}, "nothing that we can do"),
        ({"options": {"nonsense": "1"}}, "--nonsense"),
        ({"format": 99}, "newer version"),
        ({"inputs": 5}, "not written in a way we know"),
        ({"stopped": True}, "stopped before its end"),
    ],
)
def test_a_recipe_of_a_stranger_runs_nothing_but_verbs(made, capsys, change, part):
    path = made / "m" / "model.json"
    told = json.loads(path.read_text())
    told["origin"] |= change
    path.write_text(json.dumps(told))
    assert rerun(made / "m") == 2
    err = capsys.readouterr().err
    assert part in err
    assert len(err.strip().splitlines()) == 1


def test_time_is_told_as_steps(trained):
    from napari_simgraph.cli.recipes import of_model
    from napari_simgraph.io.models import load_model

    model, recipe = load_model(trained / "m"), read_recipe(trained / "m")
    timed = Recipe(**vars(recipe) | {"settings": {**recipe.settings, "steps": 0, "minutes": 2.0}})
    settings = of_model(timed, model).settings
    assert (settings["minutes"], settings["steps"]) == (0, 4)
    assert of_model(recipe, model) == recipe


def test_fractions_are_compared_with_room_for_rounding(tmp_path):
    values = np.random.default_rng(0).random((3, 8, 8)).astype(np.float32)
    for name, pixels in {"a": values, "b": values * (1 + 1e-5), "c": values + 0.1}.items():
        write(Image(pixels), tmp_path / f"{name}.tif")
    near = compare(tmp_path / "a.tif", tmp_path / "b.tif")
    assert near.same
    assert near.sentence.startswith("the same but for rounding, at most ")
    far = compare(tmp_path / "a.tif", tmp_path / "c.tif")
    assert not far.same
    assert "by at most 0.1" in far.sentence
    write(Image(values[:2]), tmp_path / "d.tif")
    assert not compare(tmp_path / "a.tif", tmp_path / "d.tif").same


def test_csv_is_compared_by_number(tmp_path):
    (tmp_path / "a.csv").write_text("id,area\n1,2.00000\n2,\n")
    (tmp_path / "b.csv").write_text("id,area\n1,2.00001\n2,\n")
    (tmp_path / "c.csv").write_text("id,area\n1,2.5\n2,\n")
    assert compare(tmp_path / "a.csv", tmp_path / "b.csv").same
    told = compare(tmp_path / "a.csv", tmp_path / "c.csv")
    assert not told.same
    assert told.sentence.startswith("area: 1 of 2 values")


def test_touching_an_input_is_no_change(made, capsys):
    result = apply(made, made / "images" / "a.tif", made / "p.tif")
    os.utime(made / "images" / "a.tif", (1, 1))
    assert main(["rerun", str(result), "--progress", "bar"]) == 0
    assert "has changed since" not in capsys.readouterr().err
