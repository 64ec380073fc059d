"""The models that a session can use: those it made and those of its workspace."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

from napari_simgraph.core.model import Model
from napari_simgraph.io.models import load_model, save_model
from napari_simgraph.io.plain_json import read_json
from napari_simgraph.io.workspace import Workspace


class Shelf:
    """Models by name; their weights are read when first asked for."""

    def __init__(self) -> None:
        self._models: dict[str, Model] = {}
        self._folders: dict[str, Path] = {}
        self._unsaved: set[str] = set()  # while the disk refuses them

    def names(self, *capabilities: str) -> list[str]:
        """Names, newest first; of some capabilities alone where some are given."""
        infos = {name: self._told(name) for name in self._folders}
        fitting = [
            name
            for name, info in infos.items()
            if info and (not capabilities or info.get("capability") in capabilities)
        ]
        return sorted(fitting, key=lambda n: str(infos[n].get("made", "")), reverse=True)

    def get(self, name: str) -> Model:
        """A model by its name.

        Raises
        ------
        ValueError
            There is none of this name, or its files are damaged.
        """
        if name not in self._folders:
            raise ValueError(f"There is no model '{name}' here any more: choose another one.")
        if name not in self._models:
            self._models[name] = load_model(self._folders[name])
        return self._models[name]

    def put(
        self, model: Model, name: str, workspace: Workspace, write: Callable[..., object]
    ) -> str:
        """The name, made unique, under which the model lies in the workspace now.

        Parameters
        ----------
        model, name, workspace
            What is kept, how it is to be called, and where it goes.
        write
            Calls what writes it, now or once it may be.
        """
        unique, number = name, 2
        while unique in self._folders or workspace.model_folder(unique).exists():
            unique, number = f"{name} {number}", number + 1
        self._models[unique] = model.replace(name=unique)
        self._folders[unique] = workspace.model_folder(unique)
        self._unsaved.add(unique)
        write(self._save, unique)
        return unique

    def _save(self, name: str) -> None:
        folder = self._folders[name]
        folder.parent.mkdir(parents=True, exist_ok=True)
        save_model(self._models[name], folder)
        self._unsaved.discard(name)

    def _told(self, name: str) -> dict[str, Any]:
        """What a model says of itself; empty where its folder is gone."""
        if name in self._unsaved:
            return self._models[name].to_json()
        return _info(self._folders[name])

    def add_folders(self, workspace: Workspace) -> None:
        """Put the models of a workspace on the shelf."""
        self._folders |= workspace.models()


def _info(folder: Path) -> dict[str, Any]:
    """A model's description without its weights; empty where it can't be read."""
    try:
        return dict(read_json(folder / "model.json"))
    except (OSError, ValueError, TypeError):
        return {}
