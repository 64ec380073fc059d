"""``rerun``: makes a result again from what it says of itself, and compares the two."""

from __future__ import annotations

import tempfile
from argparse import Namespace
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path

from napari_simgraph.cli.progress import Driver
from napari_simgraph.core.recipe import Recipe
from napari_simgraph.io.compare import Verdict, compare
from napari_simgraph.io.models import is_model
from napari_simgraph.io.prints import state_of
from napari_simgraph.io.read import is_zarr, split_key
from napari_simgraph.io.recipes import has_recipe, read_recipe
from napari_simgraph.io.sidecar import SIDECAR

SAME, BAD_INPUT, DIFFERS = 0, 2, 3
Command = Callable[[list[str]], int]


def run_rerun(asked: Namespace, command: Command, driver: Driver) -> int:
    """Exit code: 0 the same, 3 it differs, 2 it can't be made again, 130 cancelled.

    Parameters
    ----------
    asked
        ``result``, ``places`` (``NAME=PATH``), ``out`` (where to keep what is made) and
        ``progress``.
    command
        Runs a command line and returns its exit code.
    driver
        Says what is to be known.

    Raises
    ------
    ValueError
        The result doesn't say what made it, or something that it was made from is gone.
    """
    recipes = _recipes(Path(asked.result).expanduser())
    ended = SAME
    for recipe, results in recipes:
        ready = _placed(recipe, asked.places, results[0].parent, driver)
        with _folder(asked.out) as folder:
            # what is said last counts: a result of somebody else names neither target nor cluster
            ours = [_target(ready, folder), "--cluster=", f"--progress={asked.progress}"]
            code = command([*ready.words(), *ours])
            if code:
                return code
            for result in results:
                verdict = compare(result, _partner(result, folder))
                print(_sentence(result, verdict, ready), flush=True)
                ended = ended if verdict.same else DIFFERS
    return ended


def _recipes(path: Path) -> list[tuple[Recipe, list[Path]]]:
    """The recipes of a result or of those in a folder, each with what it made."""
    if not _is_plain_folder(path):
        return [(read_recipe(path), [path])]
    found: dict[str, tuple[Recipe, list[Path]]] = {}
    for result in _results(path):
        if has_recipe(result):
            recipe = read_recipe(result)
            found.setdefault(repr(recipe), (recipe, []))[1].append(result)
    if not found:
        raise ValueError(f"Nothing in {path} says what made it: it can't be made again by itself.")
    return list(found.values())


def _is_plain_folder(path: Path) -> bool:
    """Whether it holds results, and is none itself."""
    return path.is_dir() and not (is_model(path) or is_zarr(path) or (path / SIDECAR).is_file())


def _results(folder: Path) -> Iterator[Path]:
    """The files and folders that may be results, in order of their names."""
    for path in sorted(folder.iterdir()):
        if path.name.startswith(".") or path.name.endswith(SIDECAR):
            continue
        if _is_plain_folder(path):
            yield from _results(path)
        else:
            yield path


def _placed(recipe: Recipe, places: list[str], beside: Path, driver: Driver) -> Recipe:
    """The recipe with its inputs where they are now."""
    if recipe.stopped:
        raise ValueError("It was stopped before its end, so it can't be made again as it is.")
    told = dict(text.partition("=")[::2] for text in places)
    unknown = next((name for name in told if name not in recipe.inputs), None)
    if unknown is not None:
        names = ", ".join(recipe.inputs)
        raise ValueError(f"There is no input '{unknown}'; it was made from {names}.")
    inputs = {}
    for name, path in recipe.inputs.items():
        inputs[name] = _found(name, told.get(name, path), beside)
        if state_of(split_key(inputs[name])[0], recipe.prints.get(name, {})) == "changed":
            driver.say(f"{split_key(path)[0].name} has changed since: the result may differ.")
    return replace(recipe, inputs=inputs)


def _found(name: str, path: str, beside: Path) -> str:
    """Where an input is: where it was, or beside the result."""
    file, key = split_key(path)
    for place in (file, beside / file.name):
        if place.exists():
            return str(place.absolute()) + (f"::{key}" if key else "")
    raise ValueError(f"{file} is not where it was: say --with {name}=PATH.")


@contextmanager
def _folder(out: str) -> Iterator[Path]:
    """Where what is made again goes: a folder that was named, or one for the moment."""
    if out:
        folder = Path(out).expanduser()
        folder.mkdir(parents=True, exist_ok=True)
        if any(folder.iterdir()):
            raise ValueError(f"{folder} holds files already: choose an empty folder.")
        yield folder
        return
    with tempfile.TemporaryDirectory(prefix="simgraph-") as name:
        yield Path(name)


def _target(recipe: Recipe, folder: Path) -> str:
    from napari_simgraph import capabilities
    from napari_simgraph.core.model import Model
    from napari_simgraph.core.verbs import verbs

    known = verbs(capabilities.load(recipe.capability)) if _is_known(recipe) else {}
    if recipe.verb not in known:
        raise ValueError(f"'{recipe.capability} {recipe.verb}' is nothing that we can do.")
    option = "model" if known[recipe.verb].result is Model else "out"
    return f"--{option}={folder / (Path(recipe.out).name or 'again')}"


def _is_known(recipe: Recipe) -> bool:
    from napari_simgraph.capabilities import NAMES

    return recipe.capability in NAMES


def _partner(result: Path, folder: Path) -> Path:
    """What was made in the place of a result: the one whose path ends most alike."""
    made = list(_results(folder))
    scores = [_alike(result, one) for one in made]
    if not made or (len(made) > 1 and not max(scores)):
        raise ValueError(f"Nothing that was made again is called {result.name}.")
    return made[scores.index(max(scores))]


def _alike(one: Path, other: Path) -> int:
    """How many parts at the end of two paths are the same."""
    pairs = list(zip(reversed(one.parts), reversed(other.parts), strict=False))
    return next((count for count, (a, b) in enumerate(pairs) if a != b), len(pairs))


def _sentence(result: Path, verdict: Verdict, recipe: Recipe) -> str:
    if verdict.same:
        return f"{result.name} was made again, {verdict.sentence}."
    from napari_simgraph.cli.recipes import versions

    now = versions()
    others = [f"{k} {v}" for k, v in recipe.versions.items() if now.get(k) != v]
    before = f" It was made with {', '.join(others)}." if others else ""
    return f"{result.name} was made again and differs: {verdict.sentence}.{before}"
