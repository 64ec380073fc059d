"""Public data sets from the command line: licence first, then the files."""

from __future__ import annotations

import sys
from argparse import Namespace
from pathlib import Path

from napari_simgraph.cli.progress import Driver
from napari_simgraph.io.fetch import say_bytes
from napari_simgraph.io.fetch_http import FetchError
from napari_simgraph.io.fetch_sets import PublicSet, data_home, public_set, public_sets
from napari_simgraph.io.fetch_stacks import fetch_set

_DONE, _FAILED, _BAD_INPUT, _CANCELLED = 0, 1, 2, 130


def run_fetch(asked: Namespace, driver: Driver) -> int:
    """Exit code: 0 all there, 1 it could not be had, 2 not agreed to, 130 stopped."""
    if not asked.name:
        return _list()
    chosen = public_set(asked.name)
    folder = Path(asked.out).expanduser() if asked.out else data_home() / chosen.name
    if not chosen.is_here(folder):
        chosen.wanted(folder, asked.mirror)  # a wrong address is said before anything is asked
        _tell(chosen, folder)
        if not (asked.yes or _agreed(chosen)):
            return _BAD_INPUT
    try:
        files = driver.run(fetch_set(chosen, folder, asked.mirror))
    except FetchError as error:
        print(f"napari-simgraph: {error}", file=sys.stderr)
        return _FAILED
    for file in files:
        print(file)
    return _DONE if files else _CANCELLED


def _list() -> int:
    """What there is, and what is here already."""
    for one in public_sets().values():
        here = "here" if one.is_here(data_home() / one.name) else say_bytes(one.size)
        print(f"{one.name:10} {here:>8}  {one.title}")
    return _DONE


def _tell(chosen: PublicSet, folder: Path) -> None:
    """The licence, whatever the style of the progress: nobody gets data without it."""
    print(chosen.about() + f"To: {folder}", file=sys.stderr)


def _agreed(chosen: PublicSet) -> bool:
    if not sys.stdin.isatty():
        print("Say --yes to load it under these terms.", file=sys.stderr)
        return False
    print(f"Load {say_bytes(chosen.size)} under these terms? [y/N] ", end="", file=sys.stderr)
    sys.stderr.flush()
    return sys.stdin.readline().strip().casefold() in ("y", "yes")
