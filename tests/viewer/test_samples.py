"""Public data in the window: licence, loading, and what opens."""

import hashlib
import io
import json

import numpy as np
import pytest
from npe2 import PluginManifest
from PIL import Image as Picture
from test_manifest import NAME, manifest

from napari_simgraph.io import fetch_sets
from napari_simgraph.viewer.views.samples import SamplesDock

TOLD = {"what": "Small.", "licence": "CC0 for toys", "cite": ["Me 2026"], "repository": "o/r"}
TOLD |= {"commit": "c0", "spacing": [50, 4, 4], "unit": "nm"}


@pytest.fixture
def toy(server, tmp_path, monkeypatch):
    """A stack with truth under the name of ISBI 2012, and two flat pictures."""
    files = {}
    for z in range(2):
        stream = io.BytesIO()
        Picture.fromarray(np.full((8, 9), 255 * z, np.uint8)).save(stream, "PNG")
        files[f"x/{z}.png"] = stream.getvalue()
    made = [
        {"file": "x.tif", "slices": "x/*.png"},
        {"file": "y.tif", "slices": "x/*.png", "classes": {"wall": [0], "cell": [255]}},
    ]
    stack = TOLD | {"title": "Toy", "made": made, "opens": [{"image": "x.tif", "truth": "y.tif"}]}
    copies = [{"file": f"{z}.png", "copy": f"x/{z}.png"} for z in range(2)]
    flat = TOLD | {"title": "Flat", "made": copies}
    flat["opens"] = [{"image": "0.png"}, {"image": "1.png"}]
    (tmp_path / "sets.json").write_text(json.dumps({"isbi2012": stack, "slides": flat}))
    rows = [f"{hashlib.sha256(b).hexdigest()}\t{len(b)}\t{path}\n" for path, b in files.items()]
    for name in ("isbi2012", "slides"):
        (tmp_path / f"{name}.tsv").write_text("".join(rows))
    monkeypatch.setattr(fetch_sets, "_REGISTRY", tmp_path)
    monkeypatch.setenv("SIMGRAPH_DATA_HOME", str(tmp_path / "data"))
    monkeypatch.setenv("SIMGRAPH_MIRROR", server.url)
    server.files.update({f"o/r/c0/{path}": content for path, content in files.items()})


@pytest.fixture
def dock(toy, viewer):
    made = SamplesDock(viewer)
    viewer.window.add_dock_widget(made, name="Samples", area="right")
    yield made
    made.session.jobs.close()


def sentence(dock):
    return dock.footer.sentence.text()


def test_the_licence_stands_above_the_button_and_loading_opens(dock, viewer, server, qtbot):
    assert "CC0 for toys" in dock._lines["licence"].text()
    assert "Me 2026" in dock._lines["cite"].text()
    assert dock.footer.main.text().startswith("Load ")
    assert server.asked == []
    dock.run_main()
    qtbot.waitUntil(lambda: "Opened 2 layers" in sentence(dock), timeout=20_000)
    image, truth = viewer.layers
    assert (image.name, truth.name) == ("x", "x · truth")
    assert (tuple(image.scale), truth.visible) == ((50, 4, 4), False)
    assert set(np.unique(truth.data)) == {1, 2}
    assert dock.footer.main.text() == "Open"
    asked = len(server.asked)
    dock.choose("slides")
    dock.run_main()
    qtbot.waitUntil(lambda: "Opened 2 layers" in sentence(dock), timeout=20_000)
    left, right = viewer.layers[-2:]
    assert right.translate[-1] > left.translate[-1] + left.data.shape[1] - 1  # side by side
    assert len(server.asked) == asked + 2
    assert dock.inside.minimumSizeHint().width() <= 356


def test_what_can_not_be_had_is_told_and_tried_again(dock, viewer, server, qtbot):
    kept = server.files.pop("o/r/c0/x/1.png")
    dock.run_main()
    qtbot.waitUntil(lambda: "is no longer at" in sentence(dock), timeout=20_000)
    server.files["o/r/c0/x/1.png"] = kept
    dock.load()
    qtbot.waitUntil(lambda: len(viewer.layers) == 2, timeout=20_000)
    assert [path for path, _ in server.asked].count("o/r/c0/x/0.png") == 1


def test_cancel_leaves_the_button(dock, server, qtbot):
    server.slow = 1.0
    dock.run_main()
    qtbot.waitUntil(lambda: dock.busy and bool(server.asked), timeout=20_000)
    dock._tasks["isbi2012"].cancel()
    qtbot.waitUntil(lambda: "is kept" in sentence(dock), timeout=2000)
    assert dock.footer.main.isEnabled()


def test_open_sample_shows_the_dock_until_the_set_is_here(
    toy, make_napari_viewer_proxy, npe2pm, monkeypatch, qtbot
):
    with npe2pm.tmp_plugin(manifest=manifest()):
        viewer = make_napari_viewer_proxy()
        monkeypatch.setattr("napari.current_viewer", lambda: viewer)
        with pytest.raises(ValueError, match="Samples dock"):
            viewer.open_sample(NAME, "slides")
        (dock,) = (w for t, w in viewer.window.dock_widgets.items() if t.startswith("Samples"))
        assert dock.chosen.name == "slides"
        dock.run_main()
        qtbot.waitUntil(lambda: len(viewer.layers) == 2, timeout=20_000)
        assert len(viewer.open_sample(NAME, "slides")) == 2
        dock.session.jobs.close()


def test_the_manifest_names_every_public_set():
    told: PluginManifest = manifest()
    keys = {sample.key for sample in told.contributions.sample_data}
    assert fetch_sets.public_sets().keys() <= keys
