import json

import numpy as np
import pytest

from napari_simgraph import ClassTable, Image, ImageSet, Labels, Model
from napari_simgraph.io.describe import describe
from napari_simgraph.io.models import load_model, save_model
from napari_simgraph.io.write import write


@pytest.fixture
def model():
    rng = np.random.default_rng(0)
    return Model(
        capability="segmentation",
        arrays={"a.weight": rng.random((4, 3), np.float32), "b": np.arange(5)},
        network={"name": "unet", "options": {"width": 16, "depth": 4}},
        name="larva",
        settings={"patch": 256, "note": "a|b"},
        classes=ClassTable.of(["membrane", "cell"]),
        boundary="membrane",
        spacing=(50, 4, 4),
        unit="nm",
        metrics={"agreement": 0.87654},
        history={"loss": [[1, 0.5]]},
        versions={"torch": "2"},
        steps=120,
    )


def test_model_comes_back(tmp_path, model):
    folder = save_model(model, tmp_path / "m", preview=np.zeros((8, 8, 3), np.uint8))
    names = {"model.json", "weights.safetensors", "card.md", "preview.png"}
    assert {f.name for f in folder.iterdir()} == names
    back = load_model(folder)
    assert back.to_json() == model.to_json()
    assert back.fingerprint == model.fingerprint
    save_model(model.replace(name="second"), folder)
    assert load_model(folder).name == "second"
    assert [f.name for f in tmp_path.iterdir()] == ["m"]


def test_old_model_stays_when_saving_fails(tmp_path, model):
    save_model(model, tmp_path / "m")
    broken = model.replace(settings={"x": object()})
    with pytest.raises(TypeError):
        save_model(broken, tmp_path / "m")
    assert load_model(tmp_path / "m").name == "larva"
    assert [f.name for f in tmp_path.iterdir()] == ["m"]


def test_foreign_folder_is_not_replaced(tmp_path, model):
    (tmp_path / "thesis.txt").write_text("!")
    with pytest.raises(ValueError, match="other files"):
        save_model(model, tmp_path)
    assert (tmp_path / "thesis.txt").exists()


def test_broken_models_are_told(tmp_path, model):
    with pytest.raises(ValueError, match="not there"):
        load_model(tmp_path / "no")
    with pytest.raises(ValueError, match="no model"):
        load_model(tmp_path)
    folder = save_model(model, tmp_path / "m")
    weights, told = folder / "weights.safetensors", folder / "model.json"
    whole, text = weights.read_bytes(), told.read_text()
    for length in (0, 5, len(whole) // 2, len(whole) - 1):
        weights.write_bytes(whole[:length])
        with pytest.raises(ValueError, match="weights"):
            load_model(folder)
    weights.unlink()
    with pytest.raises(ValueError, match="missing"):
        load_model(folder)
    weights.write_bytes(whole)
    for broken in ("", text[: len(text) // 2], "[]", "{}", text.replace('"value"', '"worth"')):
        told.write_text(broken)
        with pytest.raises(ValueError, match="m"):
            load_model(folder)
    told.write_text(json.dumps(json.loads(text) | {"format": 99}))
    with pytest.raises(ValueError, match="newer version"):
        load_model(folder)


def test_card_and_description_say_what_matters(tmp_path, model):
    folder = save_model(model, tmp_path / "m")
    card = (folder / "card.md").read_text()
    for text in (card, describe(folder)):
        for word in ("larva", "membrane", "0.8765", "unet", "4 nm, sections 50 nm", "segmentation"):
            assert word in text


def test_description_of_images_and_labels(tmp_path):
    image = Image(np.zeros((3, 8, 9), np.uint16), spacing=(50, 4, 4), unit="nm")
    write(image, tmp_path / "a.tif", info={"model": "larva"})
    told = describe(tmp_path / "a.tif")
    for word in ("3 x 8 x 9", "ZYX", "4 nm, sections 50 nm", "uint16", "kB", "larva"):
        assert word in told
    labels = Labels(np.ones((8, 9), np.uint8), classes=ClassTable.of(["cell"]))
    write(labels, tmp_path / "b.tif")
    assert "1 cell" in describe(tmp_path / "b.tif")
    write(ImageSet((image, image)), tmp_path / "set")
    assert "Number: 2" in describe(tmp_path / "set")
