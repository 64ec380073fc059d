"""Reads what is named on its input, a line each, and says what came of it.

A process of its own, so that a crash, a hang or a lack of memory ends it and not the tests.
"""

import hashlib
import json
import sys
import traceback
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import psutil

from napari_simgraph.core.raster import each_image, each_labels
from napari_simgraph.io.anndata_read import read_noun
from napari_simgraph.io.describe import describe
from napari_simgraph.io.folder_room import FolderRoom
from napari_simgraph.io.geojson import read_geojson
from napari_simgraph.io.keys import KeyNeeded
from napari_simgraph.io.labels import read_labels
from napari_simgraph.io.live_journal import LiveJournal
from napari_simgraph.io.models import load_model
from napari_simgraph.io.own import OwnOptions, read_own
from napari_simgraph.io.painted import open_painted
from napari_simgraph.io.picture_tables import read_chances
from napari_simgraph.io.read import read
from napari_simgraph.io.run_table import RunTable
from napari_simgraph.io.workspace import Workspace

sys.path.insert(0, str(Path(__file__).parents[1]))
from toy import toy_image

FREE = 2**29  # bytes of memory that the readers are told of
MORE = 3 * 2**30  # address space of this process beyond what it has at its beginning
_LOOKED_AT = 2**24  # values: of larger arrays a corner is read


def pixels_of(level):
    """Bytes of an array, or of its corner."""
    array = np.asarray(
        level[tuple(slice(n if level.size < _LOOKED_AT else 8) for n in level.shape)]
    )
    return f"{level.shape}{array.dtype}".encode() + np.ascontiguousarray(array).tobytes()


def look_at(rasters):
    rasters = [rasters[0], rasters[len(rasters) - 1]] if len(rasters) > 9 else rasters
    digest = hashlib.blake2b(digest_size=8)
    for one in rasters:
        for level in one.levels:
            digest.update(pixels_of(level))
    return digest.hexdigest()


def image(path):
    try:
        found = look_at(each_image(read(path).image))
    except KeyNeeded as several:
        found = look_at(each_image(read(f"{path}::{several.keys[0]}").image))
    return [found, bool(describe(path))]


def model(path):
    loaded = load_model(path)
    return [loaded.fingerprint, bool(describe(path))]


def table(path):
    found = read_noun(path)
    found.fingerprint.encode()
    getattr(found, "table", found).grid.centres()
    return found.fingerprint


def room(path):
    state = FolderRoom(path).restore()
    return None if state is None else [state.info, str(sorted(state.arrays.items()))]


def workspace(path):
    """What can be brought back; what can't is told in notes, and every result is asked for."""
    found = Workspace(path, look_only=True)
    kept = {}
    for key in found.results():
        try:
            kept[key] = look_at([found.result(key)[0]])
        except ValueError as error:
            check(str(error))
    try:
        kept["painted"] = int(open_painted(path / "painted" / "p1").sum())
    except ValueError as error:
        check(str(error))
    for note in found.notes:
        check(note)
    _ = (found.runs(), found.models(), found.journal(), found.strokes(), found.size())
    found.unfinished("Learn", {"steps": 3})
    return kept


def check(sentence):
    """A person can read it: one sentence, no trace of a library."""
    if "\n" in sentence or not sentence.endswith(".") or not 10 < len(sentence) < 500:
        raise AssertionError(f"no sentence: {sentence!r}")


READERS = {
    "image": image,
    "labels": lambda path: look_at(each_labels(read_labels(path).labels)),
    "model": model,
    "table": table,
    "chances": lambda path: read_chances(path).fingerprint,
    "marks": lambda path: read_geojson(path).fingerprint,
    "own": lambda path: read_own(path, toy_image(), OwnOptions(patch=16)).fingerprint,
    "room": room,
    "workspace": workspace,
    "journal": lambda path: len(LiveJournal(path).read().history.events),
    "run": lambda path: len(RunTable(path, ["a.png", "b.png"]).text()) > 0,
}


def outcome(reader, path):
    try:
        return {"end": "read", "found": READERS[reader](path)}
    except Exception as error:  # noqa: BLE001 - which kind it is is what is asked
        trace = traceback.format_exc()
        try:
            if not isinstance(error, ValueError):
                raise AssertionError("a foreign error")
            check(str(error))
        except AssertionError as wrong:
            return {"end": "raised", "told": f"{wrong}\n{trace}"}
        return {"end": "told", "told": str(error)}


def memory():
    """The most memory that this process had, in bytes; 0 where the system doesn't say."""
    try:
        import resource
    except ImportError:
        return 0
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * (
        1 if sys.platform == "darwin" else 1024
    )


def limit_memory():
    """A request beyond the limit fails at once, and takes nothing from other programs."""
    psutil.virtual_memory = lambda: SimpleNamespace(available=FREE, total=4 * FREE)
    if sys.platform == "linux":
        import resource

        now = psutil.Process().memory_info().vms
        resource.setrlimit(resource.RLIMIT_AS, (now + MORE, now + MORE))


def main():
    for line in sys.stdin:
        asked = json.loads(line)
        if asked["reader"] == "limit":
            limit_memory()
            print(json.dumps({"end": "read", "most": memory()}), flush=True)
            continue
        answer = outcome(asked["reader"], Path(asked["path"]))
        print(json.dumps(answer | {"most": memory()}), flush=True)


if __name__ == "__main__":
    main()
