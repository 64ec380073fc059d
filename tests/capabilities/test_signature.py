"""Signatures: taken of any network, grouped, compared, and neurons switched off."""

import numpy as np
import pytest
import torch
from torch import nn

from napari_simgraph import Image, ImageSet, MemoryRoom, Model, run
from napari_simgraph.capabilities import signature
from napari_simgraph.cli import main
from napari_simgraph.core.signatures import CHUNK, layers_of
from napari_simgraph.io.models import load_weights, save_model
from napari_simgraph.io.write import write
from napari_simgraph.learn.signature_settings import Apply
from napari_simgraph.learn.signatures import signatures
from napari_simgraph.learn.state import pack
from napari_simgraph.nets import build
from toy import CLASSES, toy_image, toy_labels, toy_table

ROOM = MemoryRoom()


def unet(**changes):
    """An untrained U-Net of three classes, as a model."""
    options = {"in_channels": 1, "out_channels": 3, "width": 4, "depth": 2} | changes
    network = {"name": "unet", "options": options}
    arrays = pack(build("unet", **options))
    return Model("segmentation", arrays, network, name="toy unet", classes=CLASSES)


def take(model=None, **given):
    config = signature.Apply(patch=16, stride=8, device="cpu", threads=1, background="keep")
    image = given.pop("image", toy_image())
    return run(signature.apply(model or unet(), image, **given, config=config, room=MemoryRoom()))


class Wired(nn.Module):
    """Three classes by brightness: neuron 5 alone sees bright ones, and the answer hangs on it."""

    def __init__(self):
        super().__init__()
        self.hidden = nn.Linear(64, 12)
        self.rectify = nn.ReLU()
        self.head = nn.Linear(12, 2)
        torch.manual_seed(0)
        with torch.no_grad():
            self.hidden.weight.normal_(0, 0.02)
            self.hidden.weight[5] = 1 / 64
            self.hidden.bias[:] = 0.1
            self.hidden.bias[5] = -0.2
            self.head.weight[:] = 0
            self.head.weight[1, 5] = 20.0
            self.head.bias[:] = torch.tensor([1.0, 0.0])

    def forward(self, x):
        return self.head(self.rectify(self.hidden(x.flatten(1))))


def pictures(count=60):
    """8 x 8 noise, every third of them bright."""
    rng = np.random.default_rng(0)
    bright = np.arange(count) % 3 == 0
    pixels = rng.normal(100, 20, (count, 8, 8)) + 80 * bright[:, None, None]
    images = tuple(
        Image(one.clip(0, 255).astype(np.uint8), name=f"p{n}") for n, one in enumerate(pixels)
    )
    return ImageSet(images, tuple(np.where(bright, "bright", "dark").tolist()), name="pictures")


def wired_table(**changes):
    config = Apply(patch=8, device="cpu", threads=1, **changes)
    return signatures(Wired(), pictures(), config=config, classes=("dark", "bright"))


def test_each_patch_has_the_values_of_its_layers():
    table = take(labels=toy_labels())
    assert [one.name for one in table.layers] == ["down.0", "down.1", "narrow.0", "up.0", "head"]
    assert table.values.shape == (121, 3 * (4 + 8 + 4 + 4 + 3))
    assert table.values.dtype == np.float16
    assert table.layer("down.1").shape == (8, 8, 8)
    assert set(table.classes()) == {"stripes", "grain"}
    assert set(table.columns["predicted"]) <= set(CLASSES.names)
    assert np.allclose(table.about["mean"], table.values.astype(np.float32).mean(0), atol=1e-2)


def test_patches_of_a_table_keep_their_numbers():
    known = toy_table().take(np.array([5, 80, 33]))
    found = take(table=known)
    whole = take()
    assert found.patch_id.tolist() == known.patch_id.tolist()
    rows = [whole.patch_id.tolist().index(one) for one in known.patch_id]
    assert np.allclose(found.values, whole.values[rows], atol=2e-2)
    other = Image(np.zeros((96, 96), np.uint8), name="other")
    with pytest.raises(ValueError, match="made from 'toy', which is not among these images"):
        take(table=known, image=other)


def test_bad_input_is_one_sentence():
    colours = Image(np.zeros((96, 96, 3), np.uint8), axes="YXC")
    with pytest.raises(ValueError, match="wants grey pictures, the image has 3 colours"):
        take(image=colours)
    with pytest.raises(ValueError, match="'conv9' gave no values for this input; layers are"):
        run(signature.apply(unet(), toy_image(), config=Apply(layers="conv9"), room=ROOM))
    graph = Model("interest", {}, {"name": "graph", "options": {}}, name="areas")
    with pytest.raises(ValueError, match="'areas' looks at graphs, not at pictures"):
        take(graph)
    table = take()
    with pytest.raises(ValueError, match="200 groups need at least 200 patches; there are 121"):
        run(signature.cluster(table, config=signature.Cluster(number=200), room=ROOM))
    with pytest.raises(ValueError, match="other layers"):
        run(signature.unlike(table, wired_table(), config=signature.Unlike(), room=ROOM))


def test_a_network_of_several_sections_sees_them():
    stack = Image(np.random.default_rng(0).integers(0, 255, (3, 32, 32), np.uint8))
    table = take(unet(in_channels=3), image=stack)
    assert len(table) == 3 * 9
    assert len(np.unique(table.values[:, 0])) > 20


@pytest.mark.parametrize("rows", [1, 50])
def test_values_are_the_same_in_whatever_pieces_they_are_written(monkeypatch, rows):
    whole = take().values.copy()
    monkeypatch.setattr("napari_simgraph.learn.signatures.CHUNK", (rows, CHUNK[1]))
    assert np.array_equal(take().values, whole)


def test_a_wired_neuron_ranks_first_and_without_it_its_class_is_gone():
    table = wired_table()
    config = signature.Compare(a="bright", b="dark")
    found = run(signature.compare(table, config=config, room=ROOM))
    assert (found["layer"][0], found["neuron"][0]) == ("rectify", 5)
    assert found.summary["part_at"] == "rectify"
    assert "head" not in found["layer"]  # the answer itself is no news
    wide = {**found.told()}
    assert wide["neurons"][0]["q"] < 0.01
    model = Model("file", {}, {"name": "", "options": {}})
    from napari_simgraph.learn import ablation
    from napari_simgraph.learn.aside import Aside
    from napari_simgraph.learn.signature_model import Looked

    aside = Aside()
    looked = Looked(Wired(), ("dark", "bright"))
    asked = signature.Ablate(a="bright", b="dark", top=1, draws=3, device="cpu", threads=1)
    try:
        job = ablation.switched_off(looked, (model, pictures(), table), asked, aside)
        off = run(job)
    finally:
        aside.close()
    assert off["run"].tolist() == ["all neurons on", "top", "random 1", "random 2", "random 3"]
    assert off["found_a"].tolist() == [1, 0, 1, 1, 1]
    assert off["found_b"].tolist() == [1, 1, 1, 1, 1]
    told = ablation.sentence(off)
    assert told.startswith("1 neurons switched off: bright 1.00 → 0.00, dark 1.00 → 1.00; 1 random")


def test_groups_stand_in_columns_beside_classes():
    table = wired_table()
    notes = []

    def hear(tick):
        notes.append(getattr(tick, "text", ""))

    config = signature.Cluster(number=2, shuffles=99)
    found = run(signature.cluster(table, config=config, room=ROOM), hear)
    assert {"cluster", "cluster rectify", "cluster head"} <= found.columns.keys()
    assert found.made["clusters"]["information"] > 0.9
    assert found.made["clusters"]["chance"] <= 0.01
    assert found.about["cluster"].shape == (14, 2)
    assert any(text.startswith("Groups against classes: purity 1.00") for text in notes)


def test_another_table_can_be_b():
    table = wired_table()
    louder = table.replace(values=(table.values + np.float16(90)).astype(np.float16))
    config = signature.Compare()
    found = run(signature.compare(louder, table, config=config, room=ROOM))
    assert found["auroc"].min() == 1


def test_networks_that_tell_other_classes_are_compared_by_what_lies_before():
    table = wired_table()
    head = table.layer("head")
    wider = [table.layer("rectify"), head._replace(neurons=3, shape=(3,))]
    values = np.concatenate([table.values, table.values[:, -1:]], axis=1)
    other = table.replace(values=values, layers=layers_of(wider), about={})
    found = run(signature.compare(table, other, config=signature.Compare(), room=ROOM))
    assert set(found["layer"]) == {"rectify"}
    assert np.allclose(found["auroc"], 0.5)
    assert found.summary["b"] == "all of the other"
    config = signature.Unlike(layer="head")
    with pytest.raises(ValueError, match="other layers"):
        run(signature.unlike(table, other, config=config, room=ROOM))


def test_the_command_line_records_groups_and_compares(tmp_path, capsys):
    save_model(unet(), tmp_path / "m")
    write(toy_image(), tmp_path / "toy.tif")
    write(toy_labels(), tmp_path / "y.tif")
    many = ["--patch", "16", "--device", "cpu", "--threads", "1", "--progress", "none"]
    names = ["--classes", "stripes,grain,disc"]
    words = ["--model", tmp_path / "m", "--image", tmp_path / "toy.tif"]
    words += ["--labels", tmp_path / "y.tif", "--out", tmp_path / "s.zarr", *many, *names]
    assert main(["signature", "apply", *map(str, words)]) == 0
    table = str(tmp_path / "s.zarr")
    asked = ["--table", table, "--number", "3", "--out", table, "--progress", "none"]
    assert main(["signature", "cluster", *asked]) == 0
    capsys.readouterr()
    asked = ["--table", table, "--a", "stripes", "--b", "grain", "--progress", "none"]
    assert main(["signature", "compare", *asked]) == 0
    import json

    told = json.loads(capsys.readouterr().out)
    assert told["a"] == "stripes"
    assert len(told["neurons"]) == 4 + 8 + 4 + 4
    assert next(one["layer"] for one in told["layers"]) == "down.0"
    assert main(["signature", "compare", "--table", table, "--a", "1", "--progress", "none"]) == 2
    assert "There is no '1' in the column class" in capsys.readouterr().err


def test_weights_in_a_file_need_the_name_of_their_network(tmp_path, capsys):
    from safetensors.numpy import save_file

    network = build("unet", in_channels=1, out_channels=2, width=4, depth=2)
    save_file(pack(network), tmp_path / "w.safetensors")
    write(toy_image(), tmp_path / "toy.tif")
    words = ["signature", "layers", "--model", str(tmp_path / "w.safetensors")]
    words += ["--progress", "none"]
    assert main(words) == 2
    assert "Say which network the weights belong to" in capsys.readouterr().err
    ours = "unet:in_channels=1,out_channels=2,width=4,depth=2"
    assert main([*words, "--builder", ours]) == 0
    assert '"down.0"' in capsys.readouterr().out
    assert main([*words, "--builder", "resnet18"]) == 2
    assert "weights don't fit" in capsys.readouterr().err
    assert main([*words, "--builder", "resnet"]) == 2
    told = "There is no network 'resnet'; names like it are resnet50, resnet34, resnet18."
    assert told in capsys.readouterr().err


def test_weights_of_torchvision_tell_their_classes_in_whatever_order_they_lie(tmp_path):
    from safetensors.numpy import save_file
    from torchvision.models import resnet18

    save_file(pack(resnet18(num_classes=5)), tmp_path / "w.safetensors")
    config = signature.Layers(builder="resnet18")
    weights = load_weights(tmp_path / "w.safetensors")
    found = run(signature.layers(weights, config=config, room=ROOM))
    rows = dict(zip(found["layer"].tolist(), found["neurons"].tolist(), strict=True))
    assert (rows["layer4.1"], rows["fc"]) == (512, 5)
    config = signature.Layers(builder="resnet34")
    with pytest.raises(ValueError, match="weights don't fit this network"):
        run(signature.layers(weights, config=config, room=ROOM))
    config = signature.Apply(builder="resnet18", patch=32)
    with pytest.raises(ValueError, match="the image is grey: choose another image"):
        run(signature.apply(weights, toy_image(), config=config, room=ROOM))
