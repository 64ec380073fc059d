"""The tables and graphs of patches that a session has: made here, opened, or of its workspace."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, TypeAlias

from psygnal import Signal

from napari_simgraph.core.graph import SimilarityGraph
from napari_simgraph.core.tables import EmbeddingTable
from napari_simgraph.io.anndata_read import read_noun
from napari_simgraph.io.anndata_write import write_anndata
from napari_simgraph.io.kept import write_json
from napari_simgraph.io.plain_json import read_json
from napari_simgraph.io.workspace import Workspace

Nodes: TypeAlias = EmbeddingTable | SimilarityGraph
Do: TypeAlias = Callable[..., object]


class Tables:
    """Tables by key, newest last; those on disk are read when first asked for.

    Parameters
    ----------
    begin
        Gives the workspace that is written to.
    do
        Calls something in the thread that writes it.
    """

    changed = Signal(str)  # the key of the table that came or changed

    def __init__(self, begin: Callable[[], Workspace], do: Do) -> None:
        self._begin, self._do = begin, do
        self._nouns: dict[str, Nodes] = {}
        self._paths: dict[str, Path] = {}
        self._about: dict[str, dict[str, Any]] = {}
        self._lent: set[str] = set()

    def keys(self) -> list[str]:
        """The keys, newest last; a key is a name for menus too."""
        return list(self._about)

    def __contains__(self, key: object) -> bool:
        return key in self._about

    def noun(self, key: str) -> Nodes:
        """A graph by its key, or a table where it has no links.

        Raises
        ------
        ValueError
            There is none of this key, or its file is gone or damaged.
        """
        if key not in self._about:
            raise ValueError(f"There is no table '{key}' here any more: choose another one.")
        if key not in self._nouns:
            noun = read_noun(self._paths[key])
            self._nouns[key] = noun  # type: ignore[assignment]
        return self._nouns[key]

    def get(self, key: str) -> EmbeddingTable:
        """A table by its key.

        Raises
        ------
        ValueError
            There is none of this key, or its file is gone or damaged.
        """
        noun = self.noun(key)
        return noun.table if isinstance(noun, SimilarityGraph) else noun

    def graph(self, key: str) -> SimilarityGraph | None:
        """The graph of a table, None where it has no links."""
        noun = self.noun(key)
        return noun if isinstance(noun, SimilarityGraph) else None

    def about(self, key: str) -> Mapping[str, Any]:
        """What is known beside the rows.

        ``layers`` are their ids by image, ``model`` is a name, ``fingerprint`` that of the model.
        """
        return self._about.get(key, {})

    def add(self, key: str, noun: Nodes, about: Mapping[str, Any]) -> None:
        """Take in a table or graph under a key, in the place of one before, and keep it."""
        self._lent.discard(key)
        self._take(key, noun, about)
        self._do(_keep, self._folder, key, noun, self._about[key])
        self.changed.emit(key)

    def lend(self, key: str, noun: Nodes, about: Mapping[str, Any]) -> None:
        """Take in what will soon be replaced: it is in menus but never on disk."""
        self._lent.add(key)
        self._take(key, noun, about)
        self.changed.emit(key)

    def drop(self, key: str) -> None:
        """Forget a table, and what of it is in the workspace; other files stay."""
        about = self._about.pop(key, None)
        self._nouns.pop(key, None)
        self._paths.pop(key, None)
        if key in self._lent:
            self._lent.discard(key)
        elif about is not None:
            self._do(_remove, self._folder, key)
        self.changed.emit(key)

    def renew(self, key: str, table: EmbeddingTable) -> None:
        """The same patches with other columns or maps; edges stay."""
        noun = self.noun(key)
        self._nouns[key] = made = (
            noun.replace(table=table) if isinstance(noun, SimilarityGraph) else table
        )
        if key not in self._lent:
            self._do(self._keep_newest, self._folder, key, made)
        self.changed.emit(key)

    def open(self, path: Path) -> str:
        """The key of a table in a file, which stays where it is.

        Raises
        ------
        ValueError
            The file holds no table of ours.
        """
        noun = read_noun(path)
        table = noun.table if isinstance(noun, SimilarityGraph) else noun
        if not isinstance(table, EmbeddingTable):
            raise ValueError(f"{path.name} has no points to compare: choose an embedding table.")
        key = path.stem
        self._nouns[key], self._paths[key] = noun, path.absolute()  # type: ignore[assignment]
        self._about[key] = {"path": str(path.absolute()), "fingerprint": _made_by(noun)}
        self._do(_keep_about, self._folder, key, self._about[key])
        self.changed.emit(key)
        return key

    def adopt(self, workspace: Workspace) -> None:
        """List the tables of a workspace."""
        files = sorted((workspace.folder / "tables").glob("*.json"), key=_age)
        for file in files:
            try:
                about = dict(read_json(file))
            except (OSError, ValueError, TypeError):
                workspace.notes.append(f"'tables/{file.name}' is damaged and was left out.")
                continue
            key = str(about.get("key", file.stem))
            self._about[key] = about
            self._paths[key] = Path(about.get("path") or file.with_suffix(".h5ad"))
            self._nouns.pop(key, None)
        if files:
            self.changed.emit("")

    @property
    def _folder(self) -> Path:
        return self._begin().folder / "tables"

    def _take(self, key: str, noun: Nodes, about: Mapping[str, Any]) -> None:
        self._about.pop(key, None)
        self._about[key] = {**about, "fingerprint": _made_by(noun)}
        self._nouns[key] = noun

    def _keep_newest(self, folder: Path, key: str, noun: Nodes) -> None:
        """Write a table, unless a newer one waits: labels may follow each other quickly."""
        if self._nouns.get(key) is noun:
            _keep(folder, key, noun, self._about[key])


def _made_by(noun: Any) -> str:
    """The fingerprint of the model that made a table; "" where none did."""
    table = noun.table if isinstance(noun, SimilarityGraph) else noun
    return str(table.made.get("model_fingerprint", ""))


def _keep(folder: Path, key: str, noun: Nodes, about: Mapping[str, Any]) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    write_anndata(noun, folder / f"{file_name(key)}.h5ad")
    _keep_about(folder, key, {name: about[name] for name in about if name != "path"})


def _keep_about(folder: Path, key: str, about: Mapping[str, Any]) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    write_json(folder / f"{file_name(key)}.json", {**about, "key": key})


def _remove(folder: Path, key: str) -> None:
    for kind in (".h5ad", ".json"):
        (folder / f"{file_name(key)}{kind}").unlink(missing_ok=True)


def file_name(key: str) -> str:
    """A key as the name of a file, on every system."""
    return "".join(c if c.isalnum() or c in "-_.() " else "-" for c in key).strip(" .")[:80]


def _age(path: Path) -> float:
    return path.stat().st_mtime
