"""The folder that keeps what a session makes: images by path, strokes, results, models, runs."""

from __future__ import annotations

import contextlib
import os
import shutil
import threading
from collections.abc import Mapping
from datetime import datetime
from pathlib import Path
from typing import Any

import platformdirs

from napari_simgraph.core.job import plain
from napari_simgraph.core.raster import Image, Labels
from napari_simgraph.io.inside import check_links, file_name, inside
from napari_simgraph.io.kept import keep, kept, write_json
from napari_simgraph.io.lines import add_line, whole_lines
from napari_simgraph.io.lock import Lock, is_held
from napari_simgraph.io.plain_json import read_json
from napari_simgraph.io.safe import is_half, refused, remove, sweep

FORMAT = 1  # of workspace.json; raised when a reader of the old one would misread the new
HOME = "SIMGRAPH_WORKSPACES"  # environment variable: where workspaces begin by themselves
STATE, LOCK = "workspace.json", "lock"
_JOURNAL, _VERSIONS = "journal.jsonl", "versions.json"
_KEPT_VERSIONS = 3  # of a result: enough to compare and undo, and disks stay empty
_NOT_WRITABLE = "{} can't be written: {}. Choose another folder in the Workspace dock."


def home() -> Path:
    """Where workspaces begin by themselves: Documents/simgraph, or what the variable says."""
    return Path(os.environ.get(HOME) or platformdirs.user_documents_path() / "simgraph")


def latest() -> Path | None:
    """The workspace in `home` that was written last and that no window has."""
    states = sorted(home().glob(f"*/{STATE}"), key=lambda path: path.stat().st_mtime)
    free = [path.parent for path in states if not is_held(path.parent / LOCK)]
    return free[-1] if free else None


class Workspace:
    """One folder with everything of a session; only one window writes it at a time.

    Parameters
    ----------
    folder
        Made if it is not there.
    look_only
        Read it without writing, also while another window has it.
    take_over
        Take it from another part of this process, which then writes no more.

    Attributes
    ----------
    notes
        Sentences about what could not be read; the rest opens.

    Raises
    ------
    ValueError
        Another window has it, it can't be written, or it was made by a newer version.
    """

    def __init__(self, folder: Path, *, look_only: bool = False, take_over: bool = False) -> None:
        self.folder, self.look_only = Path(folder).absolute(), look_only
        self.notes: list[str] = []
        self._lock: Lock | None = None
        self._logging = threading.Lock()
        if there := self.folder.exists():
            check_links(self.folder)
        if not look_only:
            try:
                self.folder.mkdir(parents=True, exist_ok=True)
                self._lock = Lock(self.folder / LOCK, take_over)
            except OSError as error:
                if not there:  # each try would leave an empty one
                    remove(self.folder)
                raise ValueError(_NOT_WRITABLE.format(self.folder, refused(error))) from error
            if self._lock.was_left:
                sweep(self.folder, keep=("runs",))  # a run may outlive its window for a moment
                self.notes.append("Brought back all but the last stroke.")
        self.state = self._read_state()

    @classmethod
    def begin(cls, image: str) -> Workspace:
        """A new one for an image, named after it and today's date."""
        letters = "".join(c for c in image if c.isalnum() or c in "-_. ").strip(" .")
        name = f"{letters[:60] or 'image'} {datetime.now():%Y-%m-%d}"
        folder, number = home() / name, 2
        while folder.exists():
            folder, number = home() / f"{name} {number}", number + 1
        return cls(folder)

    @property
    def name(self) -> str:
        """What it is called: the name of its folder."""
        return self.folder.name

    @property
    def is_mine(self) -> bool:
        """Whether this object may write."""
        return self._lock is not None and self._lock.is_mine()

    @property
    def was_taken(self) -> bool:
        """Whether another window took it over while this one had it."""
        return self._lock is not None and not self._lock.is_mine()

    def close(self) -> None:
        """Let another window have it."""
        if self._lock is not None:
            self._lock.release()
            self._lock = None

    def save(self, state: Mapping[str, Any]) -> None:
        """Write images, layers and view; what was there before stays as ``workspace.json.old``."""
        told = {"format": FORMAT, "saved": datetime.now().isoformat(timespec="seconds")}
        path = self.folder / STATE
        if path.exists():
            old = path.with_suffix(".json.old")
            os.replace(shutil.copy2(path, f"{old}.part"), old)
        self.state = told | dict(plain(state))
        if self._lock is not None:
            self._lock.touch()
        write_json(path, self.state)

    def copy(self, folder: Path) -> None:
        """Write all of it into a new folder.

        Raises
        ------
        ValueError
            The folder holds something already or can't be written.
        """
        if folder.exists() and any(folder.iterdir()):
            raise ValueError(f"'{folder.name}' holds files already: choose an empty folder.")
        try:
            ignore = shutil.ignore_patterns("lock*", "*.part", "*.partial", ".writing-*")
            shutil.copytree(self.folder, folder, ignore=ignore, dirs_exist_ok=True)
        except OSError as error:  # of several files, too
            raise ValueError(_NOT_WRITABLE.format(folder, refused(error))) from error

    def log(self, event: str, **values: Any) -> None:
        """Add a line to the journal, on disk when this returns."""
        line = {"time": datetime.now().isoformat(timespec="milliseconds"), "event": event}
        with self._logging:  # windows and their writing threads both do
            add_line(self.folder / _JOURNAL, line | values)

    def journal(self) -> list[dict[str, Any]]:
        """What happened, oldest first; a line that was cut off is left out."""
        return whole_lines(self.folder / _JOURNAL)

    def place(self, *names: str) -> Path:
        """Where a part of it lies that its files name; see `inside`."""
        return inside(self.folder, Path(*names))

    def models(self) -> dict[str, Path]:
        """The model folders by name; those that were not written to their end don't count."""
        folders = sorted((self.folder / "models").glob("*/model.json"))
        return {path.parent.name: path.parent for path in folders if not is_half(path.parent.name)}

    def model_folder(self, name: str) -> Path:
        """Where a model of this name lies or will lie."""
        return self.folder / "models" / file_name(name)

    def keep_result(self, key: str, noun: Image | Labels, info: Mapping[str, Any]) -> int:
        """The number of the new version of a result; the last three stay."""
        folder = self.folder / "results" / file_name(key)
        versions = self.versions(key)
        number = max((v["number"] for v in versions), default=0) + 1
        keep(noun, folder / str(number))
        versions.append({"number": number, "info": plain(info)})
        write_json(folder / _VERSIONS, versions[-_KEPT_VERSIONS:])
        for old in versions[:-_KEPT_VERSIONS]:
            shutil.rmtree(folder / str(old["number"]), ignore_errors=True)
        return number

    def versions(self, key: str) -> list[dict[str, Any]]:
        """Versions of a result that are kept, oldest first: ``number`` and ``info``."""
        found = self._json(self.folder / "results" / file_name(key) / _VERSIONS, [])
        known = [v for v in found if isinstance(v, dict) and isinstance(v.get("number"), int)]
        return [v for v in known if isinstance(v.get("info", {}), dict)]

    def result(self, key: str, number: int = 0) -> tuple[Image | Labels, dict[str, Any]]:
        """A version of a result, by default the newest, and what made it.

        Raises
        ------
        ValueError
            There is none, or it is damaged.
        """
        versions = [v for v in self.versions(key) if number in (0, v["number"])]
        if not versions:
            raise ValueError(f"The result '{key}' is no longer in the workspace: run it again.")
        folder = self.folder / "results" / file_name(key) / str(versions[-1]["number"])
        return kept(folder), dict(versions[-1].get("info", {}))

    def corrections(self, key: str, number: int = 0) -> Path:
        """Where a person's corrections of a version of a result are kept; by default the newest."""
        newest = max((v["number"] for v in self.versions(key)), default=0)
        folder = self.folder / "results" / file_name(key) / str(number or newest)
        return folder / "corrections.jsonl"

    def drop_newest(self, key: str) -> None:
        """Forget the newest version of a result, so that the one before counts again."""
        folder, versions = self.folder / "results" / file_name(key), self.versions(key)
        if versions:
            write_json(folder / _VERSIONS, versions[:-1])
            shutil.rmtree(folder / str(versions[-1]["number"]), ignore_errors=True)

    def results(self) -> list[str]:
        """The keys of all results that are kept."""
        return sorted(path.parent.name for path in (self.folder / "results").glob(f"*/{_VERSIONS}"))

    def run_folder(self, run: str) -> Path:
        """The folder of a run: log, checkpoint, arrays that grow."""
        return self.folder / "runs" / file_name(run)

    def record_run(self, run: str, values: Mapping[str, Any]) -> None:
        """Write what a run was and how it ended."""
        folder = self.run_folder(run)
        folder.mkdir(parents=True, exist_ok=True)
        before = self._json(folder / "run.json", {})
        write_json(folder / "run.json", before | dict(plain(values)))
        if values.get("state") in ("done", "cancelled"):  # nobody goes on with it
            for path in (*folder.glob("checkpoint*"), *folder.glob("*.npy")):
                with contextlib.suppress(OSError):  # Windows keeps what is in use
                    path.unlink()

    def runs(self) -> list[dict[str, Any]]:
        """The runs, oldest first; ``can_go_on`` where one broke off and left a checkpoint."""
        found = []
        for folder in sorted((self.folder / "runs").glob("*/")):
            values = self._json(folder / "run.json", {})
            open_end = values.get("state", "running") in ("running", "stopped", "failed")
            kept_some = any(folder.glob("checkpoint*"))
            if not values and not kept_some:
                continue  # a room that nothing was written to
            found.append({"id": folder.name, "can_go_on": open_end and kept_some} | values)
        return sorted(found, key=lambda run: str(run.get("time", "")))

    def unfinished(self, title: str, settings: Mapping[str, Any]) -> str:
        """The newest run of this title and settings that can go on; "" where there is none."""
        for run in reversed(self.runs()):
            same = run.get("title") == title and run.get("settings") == settings
            if same and run["can_go_on"]:
                return str(run["id"])
        return ""

    def strokes(self) -> int:
        """How many strokes were painted, from the journal."""
        lines = [line for line in self.journal() if line.get("event") == "strokes"]
        counts = [line.get("count", 0) for line in lines]
        return sum(count for count in counts if isinstance(count, int))

    def size(self) -> int:
        """Bytes on disk."""
        return sum(path.stat().st_size for path in self.folder.rglob("*") if path.is_file())

    def _read_state(self) -> dict[str, Any]:
        path = self.folder / STATE
        state: dict[str, Any] = self._json(path, {})
        if not _is_state(state) or (path.exists() and not state):
            state = self._json(path.with_suffix(".json.old"), {})
        if _format(state) > FORMAT:
            self.close()
            raise ValueError("This workspace was made by a newer version: update napari-simgraph.")
        return state

    def _json(self, path: Path, default: Any) -> Any:
        """The file's content, or `default` and a note where it is damaged."""
        if not path.exists():
            return default
        try:
            found = read_json(path)
            if isinstance(found, type(default)):
                return found
        except (OSError, ValueError):
            pass  # said below, like content of another kind
        said = f"'{path.relative_to(self.folder)}' is damaged and was left out."
        if said not in self.notes:
            self.notes.append(said)
        return default


def _is_state(state: Mapping[str, Any]) -> bool:
    images = state.get("images", {})
    known = isinstance(images, dict) and all(isinstance(one, dict) for one in images.values())
    return known and isinstance(state.get("layers", []), list)


def _format(state: Mapping[str, Any]) -> int:
    # one that is nobody's says nothing: what can be read is read
    return told if isinstance(told := state.get("format", 0), int) else 0
