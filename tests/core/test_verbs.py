import pytest

from napari_simgraph import Image, Labels, Model, capabilities
from napari_simgraph.core.verbs import verbs


def test_signatures_are_the_interface():
    found = verbs(capabilities.load("segmentation"))
    train, apply = found["train"], found["apply"]
    assert [(n.name, n.types[0], n.required) for n in train.nouns] == [
        ("image", Image, True),
        ("labels", Labels, True),
    ]
    assert train.result is Model
    assert train.resumes
    assert not apply.resumes
    assert train.help.endswith(".")


def test_an_unknown_capability_is_told():
    with pytest.raises(ValueError, match="no capability 'x'"):
        capabilities.load("x")
