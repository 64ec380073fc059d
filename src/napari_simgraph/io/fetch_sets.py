"""Public data sets: what there is, under which licence, where from, and where it goes."""

from __future__ import annotations

import json
import os
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from platformdirs import user_data_path

from napari_simgraph.io.faults import Told
from napari_simgraph.io.fetch import Wanted, say_bytes

DATA_HOME = "SIMGRAPH_DATA_HOME"  # environment variable: the folder that holds the sets
MIRROR = "SIMGRAPH_MIRROR"  # environment variable: another address with the same paths
ORIGINALS = "originals"  # folder of a set with its files as they came
ABOUT = "ABOUT.txt"  # licence and sources; written last, so it says that a set is complete
_HOST = "https://raw.githubusercontent.com"
_REGISTRY = Path(__file__).parent / "public"


@dataclass(frozen=True)
class PublicSet:
    """A data set that others made public.

    Parameters
    ----------
    name
        What it is called on the command line and in menus.
    told
        What ``sets.json`` says of it: title, what, licence, cite, repository, commit, made,
        opens.
    """

    name: str
    told: Mapping[str, Any]

    @property
    def title(self) -> str:
        """What it is, in a few words."""
        return str(self.told["title"])

    @property
    def made(self) -> list[dict[str, Any]]:
        """The files that are made of the originals, and how."""
        return list(self.told["made"])

    @property
    def products(self) -> list[str]:
        """Names of the files that one opens."""
        return [str(one["file"]) for one in self.made]

    @property
    def opens(self) -> list[dict[str, str]]:
        """What is opened together: an image, and its truth where there is one."""
        return list(self.told["opens"])

    @cached_property
    def originals(self) -> list[tuple[str, int, str]]:
        """SHA-256, bytes and path of each file in the repository."""
        text = (_REGISTRY / f"{self.name}.tsv").read_text(encoding="utf-8")
        lines = [line.split("\t") for line in text.splitlines()]
        return [(sha256, int(size), path) for sha256, size, path in lines]

    @property
    def size(self) -> int:
        """Bytes to load."""
        return sum(size for _, size, _ in self.originals)

    def wanted(self, folder: Path, mirror: str = "") -> list[Wanted]:
        """The files to load into the folder of the set, from the mirror where there is one.

        Raises
        ------
        ValueError
            The mirror is no address of a server.
        """
        host = (mirror or os.environ.get(MIRROR, "") or _HOST).rstrip("/")
        if urlsplit(host).scheme not in ("http", "https"):
            raise Told(f"A mirror is an address that begins with https://, not '{host}'.")
        base = f"{host}/{self.told['repository']}/{self.told['commit']}"
        return [
            Wanted(f"{base}/{path}", sha256, size, folder / ORIGINALS / path)
            for sha256, size, path in self.originals
        ]

    def is_here(self, folder: Path) -> bool:
        """Whether the folder holds the whole set."""
        return all((folder / name).is_file() for name in (*self.products, ABOUT))

    def about(self) -> str:
        """What one has to know before loading it: licence, whom to cite, where from, how large."""
        cite = "\n".join(f"Cite: {line}" for line in self.told["cite"])
        source = f"https://github.com/{self.told['repository']}"
        return (
            f"{self.title}\n{self.told['what']}\nLicence: {self.told['licence']}\n{cite}\n"
            f"From: {source}, {len(self.originals)} files, {say_bytes(self.size)}\n"
        )


def public_sets() -> dict[str, PublicSet]:
    """All sets by name."""
    told = json.loads((_REGISTRY / "sets.json").read_text(encoding="utf-8"))
    return {name: PublicSet(name, about) for name, about in told.items()}


def public_set(name: str) -> PublicSet:
    """A set by its name, or another name that it has.

    Raises
    ------
    ValueError
        There is none of this name.
    """
    sets = public_sets()
    asked = name.casefold().replace("_", "-")
    for one in sets.values():
        if asked in (one.name, *one.told.get("also", ())):
            return one
    raise Told(f"There is no public set '{name}'. There are: {', '.join(sets)}.")


def data_home() -> Path:
    """The folder that holds the public sets, each in a folder of its own."""
    own = os.environ.get(DATA_HOME)
    return Path(own).expanduser() if own else user_data_path("napari-simgraph", False) / "public"
