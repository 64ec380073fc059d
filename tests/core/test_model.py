import numpy as np
import pytest

from napari_simgraph import ClassTable, Model


def some_model(**changes):
    fields = {
        "capability": "segmentation",
        "arrays": {"w": np.arange(6, dtype=np.float32)},
        "network": {"name": "unet", "options": {"width": 8}},
        "classes": ClassTable.of(["a", "b"]),
        "spacing": (4.0, 4.0),
        "unit": "nm",
        "metrics": {"dice": np.float64(0.5)},
    }
    return Model(**fields | changes)


def test_json_round_trip():
    model = some_model()
    again = Model.from_json(model.to_json(), model.arrays)
    assert again.to_json() == model.to_json()
    assert again.fingerprint == model.fingerprint
    assert again.parameters == 6


def test_fingerprint_sees_weights_and_network():
    model = some_model()
    assert some_model(arrays={"w": np.zeros(6, np.float32)}).fingerprint != model.fingerprint
    assert some_model(network={"name": "unet", "options": {}}).fingerprint != model.fingerprint


def test_newer_and_foreign_descriptions_are_refused():
    info = some_model().to_json()
    with pytest.raises(ValueError, match="newer version"):
        Model.from_json(info | {"format": 99}, {})
    with pytest.raises(ValueError, match="no napari-simgraph model"):
        Model.from_json({"name": "x"}, {})
