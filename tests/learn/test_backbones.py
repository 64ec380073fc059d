"""Networks that an embedding may begin with: weights of ImageNet, and those of other models."""

import hashlib
import io

import pytest
import torch
import torchvision

from file_server import file_server
from napari_simgraph import MemoryRoom, run
from napari_simgraph.capabilities import embedding
from napari_simgraph.learn.embedding_model import fresh
from napari_simgraph.learn.imagenet import imagenet
from napari_simgraph.nets import build, folded
from toy import toy_image

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
