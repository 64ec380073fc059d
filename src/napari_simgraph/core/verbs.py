"""Verbs: what a capability can do, read from the signatures of its functions."""

from __future__ import annotations

import inspect
import types
from collections.abc import Callable, Generator
from dataclasses import dataclass
from types import ModuleType
from typing import Any, Union, get_args, get_origin, get_type_hints

from napari_simgraph.core.config import Config
from napari_simgraph.core.job import Signal

_NOT_NOUNS = ("start", "config", "room", "return")


@dataclass(frozen=True)
class Noun:
    """One input of a verb: its parameter name, the types it takes, and whether it is required."""

    name: str
    types: tuple[type, ...]
    required: bool


@dataclass(frozen=True)
class Verb:
    """A public function of a capability that returns a Job.

    ``verb(*nouns, start=None, config=C(), room=Room) -> Job[R]``
    """

    capability: str
    name: str
    call: Callable[..., Any]
    nouns: tuple[Noun, ...]
    config: type[Config]
    result: Any
    resumes: bool

    @property
    def help(self) -> str:
        """The first line of its docstring."""
        return (inspect.getdoc(self.call) or "").split("\n")[0]


def verbs(module: ModuleType) -> dict[str, Verb]:
    """The verbs of a capability module, by name, in the order they are written."""
    found = {}
    for name, call in vars(module).items():
        local = inspect.isfunction(call) and call.__module__ == module.__name__
        if local and not name.startswith("_") and _result(call) is not None:
            found[name] = _verb(module, name, call)
    return found


def makes_table(verb: Verb) -> bool:
    """Whether what a verb makes is a table of patches or a graph of them."""
    from napari_simgraph.core.graph import SimilarityGraph
    from napari_simgraph.core.tables import PatchTable

    return all(issubclass(kind, PatchTable | SimilarityGraph) for kind in _types(verb.result))


def is_answer(verb: Verb) -> bool:
    """Whether what a verb finds may as well be read on the screen."""
    from napari_simgraph.core.signatures import ANSWERS

    return all(issubclass(kind, ANSWERS) for kind in _types(verb.result))


def config_type(call: Callable[..., Any]) -> type[Config]:
    """The settings class that a function takes as ``config``."""
    return _types(get_type_hints(call)["config"])[0]


def noun_types(call: Callable[..., Any], name: str) -> tuple[type, ...]:
    """The types that a function takes as `name`, None among them where it may be left out."""
    hint = get_type_hints(call)[name]
    return get_args(hint) if get_origin(hint) in (Union, types.UnionType) else (hint,)


def _result(call: Callable[..., Any]) -> Any:
    """The type R of a function that returns ``Job[R]``, else None."""
    returned = get_type_hints(call).get("return")
    if get_origin(returned) is not Generator:
        return None
    _, sent, result = get_args(returned)
    return result if sent == Signal | None else None  # a live verb is sent events as well


def _verb(module: ModuleType, name: str, call: Callable[..., Any]) -> Verb:
    hints, signature = get_type_hints(call), inspect.signature(call)
    nouns = tuple(
        Noun(key, _types(hints[key]), parameter.default is inspect.Parameter.empty)
        for key, parameter in signature.parameters.items()
        if key not in _NOT_NOUNS
    )
    capability = module.__name__.rpartition(".")[2]
    return Verb(
        capability,
        name,
        call,
        nouns,
        config_type(call),
        _result(call),
        "start" in signature.parameters,
    )


def _types(hint: Any) -> tuple[type, ...]:
    """The alternatives of ``A | B | None`` without None."""
    parts = get_args(hint) if get_origin(hint) in (Union, types.UnionType) else (hint,)
    return tuple(part for part in parts if part is not type(None))
