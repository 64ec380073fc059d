"""What a person gets who installs the wheel, the source archive or a checkout."""

import json
import os
import shutil
import subprocess
import sys
import tarfile
import zipfile
from pathlib import Path
from sysconfig import get_path

import pytest
import yaml

ROOT = Path(__file__).parents[1]
LEFT_OUT = shutil.ignore_patterns(
    ".*", "__pycache__", "dist", "build", "demo_output", "*.partial", "napari_simgraph/napari.yaml"
)
# Run in the new environment: what napari will find there, as JSON.
PROBE = """
import importlib, json
import napari_simgraph
from npe2 import PluginManager

manager = PluginManager.instance()
manager.discover()
manifest = manager.get_manifest("napari-simgraph")
said = manifest.contributions
missing = []
for command in said.commands or []:
    module, _, name = command.python_name.partition(":")
    if not hasattr(importlib.import_module(module), name):
        missing.append(command.python_name)
samples = said.sample_data or []

def tried(sample):
    try:
        return [len(layer) for layer in sample.open()]
    except ValueError as error:
        return str(error)

opened = {sample.key: tried(sample) for sample in samples}
print(json.dumps({
    "package": napari_simgraph.__file__,
    "version": manifest.package_metadata.version,
    "widgets": [widget.display_name for widget in said.widgets or []],
    "patterns": sorted({p for reader in said.readers or [] for p in reader.filename_patterns}),
    "missing": missing,
    "opened": opened,
}))
"""


def call(*words, cwd, timeout=120):
    """Standard output of a command that must not fail; outside the checkout, so it can't help."""
    env = {key: value for key, value in os.environ.items() if not key.startswith("PYTHON")}
    env |= {"QT_QPA_PLATFORM": "offscreen", "PIP_DISABLE_PIP_VERSION_CHECK": "1"}
    env |= {"SIMGRAPH_DATA_HOME": str(Path(cwd) / "nothing")}
    done = subprocess.run(
        [str(word) for word in words], cwd=cwd, env=env, capture_output=True, timeout=timeout
    )
    assert done.returncode == 0, (done.stdout + done.stderr).decode()[-3000:]
    return done.stdout.decode()


@pytest.fixture(scope="module")
def tree(tmp_path_factory):
    """A copy of the checkout as git would give it: without what is built or installed."""
    copy = tmp_path_factory.mktemp("tree") / "checkout"
    shutil.copytree(ROOT, copy, ignore=LEFT_OUT)
    (copy / "src" / "napari_simgraph" / "napari.yaml").unlink(missing_ok=True)
    shutil.copy(ROOT / ".gitignore", copy)
    return copy


@pytest.fixture(scope="module")
def sdist(tree, tmp_path_factory):
    out = tmp_path_factory.mktemp("sdist")
    call(sys.executable, "-m", "hatchling", "build", "-t", "sdist", "-d", out, cwd=tree)
    return next(out.glob("*.tar.gz"))


@pytest.fixture(scope="module")
def wheel(sdist, tmp_path_factory):
    """The wheel, built from the unpacked source archive: so that is complete too."""
    out = tmp_path_factory.mktemp("wheel")
    with tarfile.open(sdist) as archive:
        archive.extractall(out, filter="data")
    source = next(path for path in out.iterdir() if path.is_dir())
    call(sys.executable, "-m", "hatchling", "build", "-t", "wheel", "-d", out, cwd=source)
    return next(out.glob("*.whl"))


@pytest.fixture(scope="module")
def others(tmp_path_factory):
    """Everything installed beside us but not ourselves: an environment without the network."""
    folder = tmp_path_factory.mktemp("others")
    for entry in Path(get_path("purelib")).iterdir():
        if "napari_simgraph" not in entry.name:
            (folder / entry.name).symlink_to(entry)
    return folder


@pytest.fixture
def python(tmp_path, others):
    """The interpreter of an empty environment that sees the dependencies."""
    call(sys.executable, "-m", "venv", "--without-pip", tmp_path / "venv", cwd=tmp_path)
    new = tmp_path / "venv" / "bin" / "python"
    site = call(new, "-c", "import sysconfig; print(sysconfig.get_path('purelib'))", cwd=tmp_path)
    Path(site.strip(), "others.pth").write_text(f"{others}\n")
    return new


def install(python, *what):
    offline = ("--no-deps", "--no-build-isolation", "--no-index", "--quiet")
    call(sys.executable, "-m", "pip", "--python", python, "install", *offline, *what, cwd="/")


def check_plugin(python, home, cwd):
    """What napari finds in an environment is what the manifest says, and it works."""
    found = json.loads(call(python, "-c", PROBE, cwd=cwd))
    told = yaml.safe_load((ROOT / "napari.yaml").read_text())["contributions"]
    assert Path(found["package"]).is_relative_to(home)
    assert found["missing"] == []
    assert found["widgets"] == [widget["display_name"] for widget in told["widgets"]]
    assert {"Segment", "Jobs", "Workspace"} <= set(found["widgets"])
    assert {"*.tif", "*.png"} <= set(found["patterns"])
    assert found["opened"].keys() == {sample["key"] for sample in told["sample_data"]}
    public = {"isbi2012", "vnc", "slides"}  # loaded first, with their licence
    assert all("is not here yet" in found["opened"].pop(name) for name in public)
    assert all(isinstance(layers, list) and layers for layers in found["opened"].values())
    told_help = call(python.parent / "napari-simgraph", "--help", cwd=cwd)
    assert "segmentation" in told_help


def test_sdist_holds_what_a_packager_needs(sdist):
    with tarfile.open(sdist) as archive:
        names = {name.partition("/")[2] for name in archive.getnames()}
    needed = {"LICENSE", "README.md", "napari.yaml", "hatch_build.py", "pyproject.toml", "Makefile"}
    assert needed <= names
    assert {"tests/test_packaging.py", "src/napari_simgraph/py.typed"} <= names
    assert any(name.startswith("sample_data/") for name in names)
    assert not [name for name in names if ".venv" in name or ".git/" in name]


def test_wheel_holds_the_package_its_data_and_nothing_else(wheel):
    with zipfile.ZipFile(wheel) as archive:
        names = set(archive.namelist())
        metadata = next(name for name in names if name.endswith(".dist-info/METADATA"))
        told = archive.read(metadata).decode()
    assert "napari_simgraph/napari.yaml" in names
    assert "napari_simgraph/py.typed" in names
    assert not [name for name in names if not name.startswith("napari_simgraph")]
    data = {path.name for path in (ROOT / "sample_data").iterdir() if path.suffix != ".py"}
    data -= {"__pycache__"}
    packed = {name.rpartition("/")[2] for name in names if "/sample_data/" in name}
    assert packed == data
    assert "Framework :: napari" in told
    assert "License-Expression: BSD-3-Clause" in told
    # Which Qt binding is used is the choice of whoever installs napari.
    required = [line for line in told.splitlines() if line.startswith("Requires-Dist")]
    assert not [line for line in required if "PyQt" in line and "extra" not in line]


def test_napari_finds_the_plugin_of_a_wheel(wheel, python, tmp_path):
    install(python, wheel)
    check_plugin(python, tmp_path / "venv", tmp_path)


def test_napari_finds_the_plugin_of_an_editable_install(tree, python, tmp_path):
    copy = tmp_path / "checkout"
    shutil.copytree(tree, copy)
    install(python, "-e", copy)
    check_plugin(python, copy, tmp_path)
    manifest = copy / "napari.yaml"
    manifest.write_text(manifest.read_text().replace("display_name: ", "display_name: Edited ", 1))
    linked = copy / "src" / "napari_simgraph" / "napari.yaml"
    assert linked.read_text() == manifest.read_text(), "an edit is seen without installing again"


@pytest.mark.long
@pytest.mark.timeout(2400)
def test_a_real_install_brings_everything(wheel, tmp_path):
    call(sys.executable, "-m", "venv", tmp_path / "venv", cwd=tmp_path)
    python = tmp_path / "venv" / "bin" / "python"
    pip = (python, "-m", "pip", "--quiet")
    wanted = f"napari-simgraph[all] @ {wheel.as_uri()}"
    call(*pip, "install", wanted, cwd=tmp_path, timeout=2000)
    call(*pip, "check", cwd=tmp_path)
    check_plugin(python, tmp_path / "venv", tmp_path)
