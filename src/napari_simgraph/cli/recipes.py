"""From a command line to the recipe that goes with its result."""

from __future__ import annotations

from argparse import Namespace
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any

from napari_simgraph.core.config import Config
from napari_simgraph.core.model import Model
from napari_simgraph.core.recipe import Recipe
from napari_simgraph.io.prints import print_of
from napari_simgraph.io.read import split_key

# What doesn't change the result: where it goes, how one watches, how a run is begun.
_NO_MATTER = ("command", "verb_name", "verb", "out", "progress", "resume", "again", "cluster")
_PATHS = ("start", "groups", "positions", "image")  # beside the nouns of the verb
_MASKS = "class_masks"
_PROGRAMS = ("napari-simgraph", "torch", "numpy", "scikit-image", "scikit-learn")


def recipe_of(asked: Namespace, config: Config) -> Recipe:
    """What makes the result of a command line again."""
    verb = asked.verb
    nouns = [noun.name for noun in verb.nouns]
    target = Path(asked.model if verb.result is Model else asked.out or "").name
    said = {name: value for name, value in vars(asked).items() if _matters(name, value)}
    if verb.result is Model:
        said.pop("model")
    masks = [text.partition("=") for text in said.pop(_MASKS, ())]
    paths = {name: said.pop(name) for name in (*nouns, *_PATHS) if name in said}
    inputs = {name: absolute(path) for name, path in paths.items()}
    inputs |= {f"class {name}": absolute(path) for name, _, path in masks}
    return Recipe(
        capability=asked.command,
        verb=asked.verb_name,
        inputs=inputs,
        options={name.replace("_", "-"): str(value) for name, value in said.items()},
        settings=config.to_json(),
        out=target,
        prints={name: _print(path) for name, path in inputs.items()},
        versions=versions(),
    )


def of_model(recipe: Recipe, model: Model) -> Recipe:
    """The recipe of a model, which knows how many steps its minutes or passes were."""
    timed = "minutes" in recipe.settings and not recipe.settings.get("steps", 0)
    if not (timed and model.steps):
        return recipe
    length = {"minutes": 0.0, "epochs": 0, "steps": model.steps}
    settings = {k: length.get(k, v) for k, v in recipe.settings.items()}
    return Recipe(**vars(recipe) | {"settings": settings})


def absolute(path: str) -> str:
    """``PATH`` or ``PATH::KEY`` from the root on, so that it can be found from anywhere."""
    file, key = split_key(path)
    return str(file.absolute()) + (f"::{key}" if key else "")


def _matters(name: str, value: Any) -> bool:
    return name not in _NO_MATTER and not name.startswith("setting_") and bool(value)


def _print(path: str) -> dict[str, Any]:
    try:
        return print_of(split_key(path)[0])
    except OSError:
        return {}


def versions() -> dict[str, str]:
    """The programs that a result depends on, as they are installed here."""
    found = {}
    for name in _PROGRAMS:
        try:
            found[name] = version(name)
        except PackageNotFoundError:  # run from a folder of source
            continue
    return found
