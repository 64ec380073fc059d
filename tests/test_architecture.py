"""The house rules of ARCHITECTURE.md and CONTRIBUTING.md, measured."""

import ast
import json
import os
import re
import shlex
import statistics
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest
import yaml

from napari_simgraph.capabilities import NAMES, load
from napari_simgraph.cli.parser import build_parser
from napari_simgraph.core.verbs import verbs

ROOT = Path(__file__).parents[1]
SOURCE = ROOT / "src" / "napari_simgraph"
FILES = sorted(SOURCE.rglob("*.py"))
TORCH = ("torch", "torchvision", "torch_geometric")
WINDOWS = (
    "napari",
    "qtpy",
    "PyQt6",
    "PyQt5",
    "PySide6",
    "magicgui",
    "superqt",
    "pyqtgraph",
    "vispy",
)
FILE_LINES, FUNCTION_LINES, RECIPE_LINES, IMPORT_COST = 300, 40, 60, 1.5
TEXTS = {path.relative_to(SOURCE).as_posix(): path.read_text("utf-8") for path in FILES}
TREES = {name: ast.parse(text) for name, text in TEXTS.items()}
PACKAGES = {
    "PIL": "pillow",
    "skimage": "scikit-image",
    "sklearn": "scikit-learn",
    "sknetwork": "scikit-network",
}
PACKAGES |= {"torch_geometric": "torch-geometric"}
FUNCTIONS = (ast.FunctionDef, ast.AsyncFunctionDef)
STATEFUL = {"list", "dict", "set", "defaultdict", "deque", "OrderedDict", "Counter", "count"}
STATEFUL |= {"Lock", "RLock", "Event", "Queue", "SimpleQueue", "local", "ContextVar"}
STATEFUL |= {"WeakValueDictionary", "WeakKeyDictionary", "WeakSet"}
CHANGING = {"append", "add", "update", "pop", "clear", "setdefault", "extend", "remove", "insert"}
# First lines of a program in which these imports fail as if nothing were installed.
BLOCK = """
import sys
class Blocked:
    def find_spec(self, name, path=None, target=None):
        if name.partition(".")[0] in {names!r}:
            raise ImportError(name + " is blocked")
sys.meta_path.insert(0, Blocked())
"""


def imported(tree):
    """Top-level names of all that a file imports."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            yield from (alias.name.partition(".")[0] for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and not node.level:
            yield node.module.partition(".")[0]


def nodes():
    """Every node of every file, with the file's name."""
    return ((name, node) for name, tree in TREES.items() for node in ast.walk(tree))


def program(code, blocked=(), timeout=120):
    """Standard output of a fresh interpreter that runs `code` and must not fail."""
    text = (BLOCK.format(names=set(blocked)) if blocked else "") + code
    words = [sys.executable, "-c", text]
    done = subprocess.run(words, capture_output=True, text=True, timeout=timeout, cwd=ROOT)
    assert done.returncode == 0, done.stderr[-3000:]
    return done.stdout


def modules(*folders):
    """Names of all modules in these folders of the package."""
    found = []
    for path in FILES:
        parts = path.relative_to(SOURCE.parent).with_suffix("").parts
        if len(parts) > 1 and parts[1] in folders:
            found.append(".".join(parts).removesuffix(".__init__"))
    assert found
    return found


def import_all(names):
    return "".join(f"import {name}\n" for name in names)


def test_arrows_point_down():
    tool = Path(sys.executable).with_name("lint-imports")
    done = subprocess.run([tool, "--no-cache"], capture_output=True, text=True, cwd=ROOT)
    assert done.returncode == 0, done.stdout


def test_importing_the_package_is_quick_and_light():
    code = "import time, numpy; numpy_alone = time.process_time(); import sys, napari_simgraph; "
    code += "print(time.process_time() / numpy_alone, *sys.modules)"
    cost = []
    for _ in range(5):
        ratio, *loaded = program(code).split()
        cost.append(float(ratio))
        assert not {*TORCH, *WINDOWS} & set(loaded)
    # Against an interpreter with NumPy alone, in processor time: how quick or how busy the machine
    # is doesn't matter.
    assert statistics.median(cost) < IMPORT_COST, cost


DOCUMENTS = sorted([*ROOT.glob("*.md"), *ROOT.glob("docs/*.md"), *ROOT.glob("sample_data/*.md")])


@pytest.mark.parametrize("path", DOCUMENTS, ids=lambda path: str(path.relative_to(ROOT)))
def test_links_in_documents_lead_somewhere(path):
    links = re.findall(r"\]\(([^)#\s]+)", path.read_text("utf-8"))
    local = [link for link in links if "://" not in link]
    assert [link for link in local if not (path.parent / link).exists()] == []


@pytest.mark.parametrize("path", DOCUMENTS, ids=lambda path: str(path.relative_to(ROOT)))
def test_commands_in_documents_are_understood(path):
    blocks = re.findall(r"^```\n(.*?)^```", path.read_text("utf-8"), re.DOTALL | re.MULTILINE)
    lines = "".join(blocks).replace("\\\n", " ").splitlines()
    for line in lines:
        program_name, *words = shlex.split(line, comments=True) or [""]
        if program_name == "napari-simgraph":
            build_parser(words).parse_args(words)


def test_the_recipe_is_short():
    assert len((ROOT / "CONTRIBUTING.md").read_text("utf-8").splitlines()) < RECIPE_LINES


def declared():
    """What we need, and what clusters need beside that."""
    project = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["project"]
    lines = [*project["dependencies"], *project["optional-dependencies"]["cluster"]]
    return {re.split(r"[\[<>=; ]", line)[0] for line in lines}


def test_architecture_tells_of_every_dependency():
    table = (ROOT / "ARCHITECTURE.md").read_text("utf-8").partition("## Dependencies")[2]
    rows = [line.split("|")[1] for line in table.splitlines() if line.startswith("| ")]
    told = {name.strip() for row in rows[1:] for name in row.split(",")}
    assert told == declared()


def test_what_is_imported_is_declared_and_the_other_way_round():
    wanted = declared() - {"bokeh"}  # distributed draws its dashboard with it
    used = {name for tree in TREES.values() for name in imported(tree)}
    foreign = used - set(sys.stdlib_module_names) - {"napari_simgraph"}
    # napari brings itself and the Qt binding that a person chose.
    assert {PACKAGES.get(name, name) for name in foreign - {"napari"}} == wanted


def test_core_needs_numpy_only():
    ours = {"numpy", "napari_simgraph"}
    code = import_all(modules("core"))
    roots = "print(*{name.partition('.')[0] for name in sys.modules})"
    loaded = set(program(f"import sys, numpy\nbefore = set(sys.modules)\n{code}{roots}").split())
    plain = set(program("import sys, numpy\n" + roots).split())
    foreign = {name for name in loaded - plain - ours if name not in sys.stdlib_module_names}
    assert not foreign


def test_most_folders_need_neither_torch_nor_windows_to_be_imported():
    folders = ("core", "io", "analysis", "capabilities", "cli")
    program(import_all(modules(*folders)), blocked=TORCH + WINDOWS)


def test_learning_needs_no_windows():
    program(import_all(modules("nets", "learn")), blocked=WINDOWS)


def helps():
    """Every command whose help can be asked for."""
    yield ()
    yield from ((plain,) for plain in ("info", "convert", "demo", "fetch"))
    for name in NAMES:
        yield (name,)
        module = load(name)
        scored = ["score"] if hasattr(module, "score") else []
        yield from ((name, verb) for verb in [*verbs(module), *scored])


HELP = """
import contextlib, io, json, traceback
from napari_simgraph.cli import main

said = {}
for words in WORDS:
    out = io.StringIO()
    with contextlib.redirect_stdout(out), contextlib.suppress(SystemExit):
        try:
            main([*words, "--help"])
        except Exception:
            traceback.print_exc(file=out)
    said[" ".join(words)] = out.getvalue()
print(json.dumps(said))
"""


@pytest.fixture(scope="module")
def helps_said():
    """What each help says, asked for one after the other in one process."""
    code = HELP.replace("WORDS", repr([list(words) for words in helps()]))
    return json.loads(program(code, blocked=TORCH + WINDOWS))


@pytest.mark.parametrize(
    "words", list(helps()), ids=lambda words: " ".join(words) or "napari-simgraph"
)
def test_help_needs_neither_torch_nor_windows(helps_said, words):
    assert helps_said[" ".join(words)].startswith("usage: napari-simgraph")


def test_docks_open_without_torch():
    """In a process of its own, since other tests of this run have loaded torch."""
    said = yaml.safe_load((ROOT / "napari.yaml").read_text())["contributions"]
    names = [widget["display_name"] for widget in said["widgets"]]
    assert names
    code = f"""
import napari
viewer = napari.Viewer(show=False)
for name in {names!r}:
    dock, widget = viewer.window.add_plugin_dock_widget("napari-simgraph", name)
    assert widget is not None, name
    napari.qt.get_qapp().processEvents()
    print(name)
print("torch" in sys.modules)
viewer.close()
"""
    assert "DISPLAY" in os.environ or sys.platform != "linux", "run under xvfb-run or a desktop"
    *opened, torch_loaded = program(code, blocked=TORCH, timeout=200).split()
    assert opened == names
    assert torch_loaded == "False"


def test_files_are_short():
    lines = {name: len(text.splitlines()) for name, text in TEXTS.items()}
    assert {name: count for name, count in lines.items() if count > FILE_LINES} == {}


def own_lines(function):
    """Lines of a function without its docstring."""
    lines = function.end_lineno - function.lineno + 1
    first = function.body[0]
    if ast.get_docstring(function) is not None:
        lines -= first.end_lineno - first.lineno + 1
    return lines


def test_functions_are_short():
    lines = {
        f"{name}:{node.name}": own_lines(node)
        for name, node in nodes()
        if isinstance(node, FUNCTIONS)
    }
    assert lines
    assert {name: count for name, count in lines.items() if count > FUNCTION_LINES} == {}


def public_things(scope):
    """The modules, classes and functions of a scope that others may use."""
    yield scope
    for node in scope.body:
        named = isinstance(node, (*FUNCTIONS, ast.ClassDef)) and not node.name.startswith("_")
        if named and isinstance(node, ast.ClassDef):
            yield from public_things(node)
        elif named:
            yield node


def test_public_things_say_what_they_are():
    silent = [
        f"{name}:{getattr(thing, 'name', '')}"
        for name, tree in TREES.items()
        for thing in public_things(tree)
        if ast.get_docstring(thing) is None
    ]
    assert silent == []


def test_only_the_command_line_prints():
    calls = [
        f"{name}:{node.lineno}"
        for name, node in nodes()
        if isinstance(node, ast.Call) and getattr(node.func, "id", "") == "print"
    ]
    assert [call for call in calls if not call.startswith("cli/")] == []
    assert calls, "the command line does print"


def assigned(tree):
    """What is assigned at module level: target and value."""
    for node in tree.body:
        if isinstance(node, ast.Assign | ast.AnnAssign) and node.value is not None:
            targets = node.targets if isinstance(node, ast.Assign) else [node.target]
            yield from ((ast.unparse(target), node.value) for target in targets)


def holds_state(value):
    """Whether a value at module level is there to be filled: an empty or a made container."""
    if isinstance(value, ast.Call):
        return getattr(value.func, "id", getattr(value.func, "attr", "")) in STATEFUL
    if isinstance(value, ast.Dict):
        return not value.keys
    return isinstance(value, ast.List | ast.Set) and not value.elts


def changed(tree):
    """Names that are written into somewhere: by index, by a changing method, by ``global``."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Subscript) and isinstance(node.ctx, ast.Store | ast.Del):
            yield getattr(node.value, "id", "")
        elif isinstance(node, ast.Call) and getattr(node.func, "attr", "") in CHANGING:
            yield getattr(getattr(node.func, "value", None), "id", "")
        elif isinstance(node, ast.Global):
            yield from node.names


# A lock is shared by its nature; it keeps threads apart that listen to one logger of tifffile.
LOCKS = ["io/faults.py:_LISTENING"]


def test_modules_keep_no_state():
    found = []
    for name, tree in TREES.items():
        values = dict(assigned(tree))
        found += [f"{name}:{key}" for key, value in values.items() if holds_state(value)]
        found += [f"{name}:{key}" for key in values.keys() & set(changed(tree))]
    assert [one for one in found if one not in LOCKS] == []
