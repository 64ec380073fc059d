import contextlib
import errno
import json
import os
import subprocess
import sys
import threading
import time
from functools import partial

import numpy as np
import psutil
import pytest

from napari_simgraph.cli import main
from napari_simgraph.core.classes import ClassTable
from napari_simgraph.core.raster import Image, Labels
from napari_simgraph.io.kept import keep, kept
from napari_simgraph.io.lock import Lock
from napari_simgraph.io.painted import PaintedPixels, open_painted
from napari_simgraph.io.sources import find_source, note_source, source_state
from napari_simgraph.io.step_log import append, records
from napari_simgraph.io.workspace import HOME, Workspace

CLASSES = ClassTable.of(["membrane", "cytoplasm"])


@pytest.fixture
def workspace(tmp_path):
    made = Workspace(tmp_path / "larva")
    yield made
    made.close()


def labels(value):
    pixels = np.full((3, 5, 600), value, np.uint8)
    return Labels(pixels, spacing=(50, 4, 4), unit="nm", origin=(0, 8, 8), classes=CLASSES)


def test_a_new_workspace_has_the_name_of_image_and_day(tmp_path, monkeypatch):
    monkeypatch.setenv(HOME, str(tmp_path))
    first, second = Workspace.begin("vnc: larva/1"), Workspace.begin("vnc: larva/1")
    assert first.folder.parent == tmp_path
    assert first.name == f"vnc larva1 {time.strftime('%Y-%m-%d')}"
    assert second.name == f"{first.name} 2"


def test_nouns_come_back_as_they_were(tmp_path):
    keep(labels(2), tmp_path / "labels")
    back = kept(tmp_path / "labels")
    np.testing.assert_array_equal(back.levels[0][:], labels(2).levels[0])
    assert (back.spacing, back.unit, back.origin) == ((50, 4, 4), "nm", (0, 8, 8))
    assert back.classes == CLASSES
    probability = Image(np.random.default_rng(0).random((3, 5, 6, 2), np.float32), classes=CLASSES)
    keep(probability, tmp_path / "sure")
    np.testing.assert_array_equal(kept(tmp_path / "sure").levels[0][:], probability.levels[0])
    assert kept(tmp_path / "sure").classes == CLASSES


def test_the_last_three_versions_of_a_result_stay(workspace):
    for value in (1, 2, 1, 2, 2):
        workspace.keep_result("i1 classes", labels(value), {"seed": value})
    assert [v["number"] for v in workspace.versions("i1 classes")] == [3, 4, 5]
    noun, info = workspace.result("i1 classes", 3)
    assert (int(noun.levels[0][0, 0, 0]), info["seed"]) == (1, 1)
    workspace.drop_newest("i1 classes")
    assert [v["number"] for v in workspace.versions("i1 classes")] == [3, 4]
    folders = sorted(p.name for p in (workspace.folder / "results" / "i1 classes").glob("*/"))
    assert folders == ["3", "4"]


def test_a_result_that_is_gone_is_said(workspace):
    with pytest.raises(ValueError, match="no longer in the workspace"):
        workspace.result("i1 classes")


def test_only_blocks_that_changed_are_written(tmp_path):
    pixels = np.zeros((4, 700, 700), np.uint8)
    store = PaintedPixels(tmp_path / "p1", pixels.shape, pixels.dtype)
    assert store.write(pixels) == 0
    pixels[2, 10, 10], pixels[3, 600, 600] = 1, 2
    box = (slice(2, 3), slice(5, 20), slice(5, 20))
    assert store.write(pixels, [box]) == 1
    assert open_painted(tmp_path / "p1")[3].max() == 0
    assert store.write(pixels) == 1
    np.testing.assert_array_equal(open_painted(tmp_path / "p1"), pixels)
    again = PaintedPixels(tmp_path / "p1", pixels.shape, pixels.dtype)
    assert again.write(pixels) == 0


def test_a_stroke_across_blocks_is_written_whole(tmp_path):
    pixels = np.zeros((1100, 1100), np.uint8)
    store = PaintedPixels(tmp_path / "p1", pixels.shape, pixels.dtype)
    pixels[500:1030, 500:1030] = 1
    assert store.write(pixels, [(slice(500, 1030), slice(500, 1030))]) == 9
    np.testing.assert_array_equal(open_painted(tmp_path / "p1"), pixels)


def test_another_window_is_told(workspace):
    who = rf"Another window has this workspace \(process {os.getpid()} on .+\)\.$"
    with pytest.raises(ValueError, match=who):
        Workspace(workspace.folder)
    looking = Workspace(workspace.folder, look_only=True)
    assert looking.state == {}
    workspace.close()
    Workspace(workspace.folder).close()


def test_a_workspace_of_a_killed_process_opens_and_says_so(tmp_path):
    code = (
        "import sys, time; from pathlib import Path;"
        "from napari_simgraph.io.workspace import Workspace;"
        "w = Workspace(Path(sys.argv[1])); w.log('strokes', layer='s');"
        "print('ready', flush=True); time.sleep(60)"
    )
    folder = tmp_path / "w"
    with subprocess.Popen(
        [sys.executable, "-c", code, str(folder)], stdout=subprocess.PIPE
    ) as child:
        assert child.stdout.readline() == b"ready\n"
        with pytest.raises(ValueError, match="Another window"):
            Workspace(folder)
        child.kill()
    again = Workspace(folder)
    assert again.notes == ["Brought back all but the last stroke."]
    assert [line["event"] for line in again.journal()] == ["strokes"]
    again.close()


def test_a_lock_of_a_reused_process_number_does_not_count(tmp_path):
    lock = Lock(tmp_path / "lock")
    told = json.loads(lock.path.read_text())
    lock.release()
    began = psutil.Process(os.getppid()).create_time() - 1000
    lock.path.write_text(json.dumps(told | {"pid": os.getppid(), "began": began}))
    assert Lock(tmp_path / "lock").was_left


def test_of_several_windows_that_find_a_lock_left_over_one_takes_it(tmp_path):
    (tmp_path / "lock").write_text("not of anybody")
    begin, locks = threading.Barrier(4), []

    def take():
        begin.wait(10)
        with contextlib.suppress(ValueError):
            locks.append(Lock(tmp_path / "lock"))

    threads = [threading.Thread(target=take) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(20)
    (lock,) = locks
    assert lock.was_left
    assert lock.is_mine()
    lock.release()
    assert not (tmp_path / "lock").exists()


@pytest.mark.parametrize("error", [NotImplementedError, partial(OSError, errno.ENOLCK, "none")])
def test_a_drive_without_locks_can_be_used(tmp_path, monkeypatch, error):
    def refuse(*_, **__):
        raise error()

    monkeypatch.setattr("filelock.FileLock.acquire", refuse)
    lock = Lock(tmp_path / "lock")
    with pytest.raises(ValueError, match="Another window"):
        Lock(tmp_path / "lock")
    lock.release()


def test_a_window_whose_workspace_was_taken_over_knows(workspace):
    told = json.loads((workspace.folder / "lock").read_text())
    assert not workspace.was_taken
    (workspace.folder / "lock").write_text(json.dumps(told | {"token": "theirs"}))
    assert workspace.was_taken
    assert not workspace.is_mine


@pytest.mark.parametrize("seconds", [1, 3600])
def test_a_lock_of_another_machine_counts_while_it_is_touched(tmp_path, seconds):
    path = tmp_path / "lock"
    path.write_text(json.dumps({"pid": 1, "began": 0.0, "host": "scope-pc", "token": "x"}))
    then = time.time() - seconds
    os.utime(path, (then, then))
    if seconds == 1:
        with pytest.raises(ValueError, match=r"\(process 1 on scope-pc\)"):
            Lock(path)
    else:
        assert Lock(path).was_left


def test_a_line_that_was_cut_off_takes_no_other_along(workspace):
    workspace.log("run", id="a")
    journal = workspace.folder / "journal.jsonl"
    with open(journal, "a") as file:
        file.write('{"event": "cut o')
    workspace.log("run", id="b")
    assert [line["id"] for line in workspace.journal()] == ["a", "b"]
    journal.write_bytes(journal.read_bytes()[:-1])  # whole but for its end
    workspace.log("run", id="c")
    assert [line["id"] for line in workspace.journal()] == ["a", "b", "c"]
    append(workspace.folder / "steps.jsonl", {"n": 1})
    with open(workspace.folder / "steps.jsonl", "a") as file:
        file.write('{"n": 2')
    append(workspace.folder / "steps.jsonl", {"n": 3})
    assert [line["n"] for line in records(workspace.folder / "steps.jsonl")] == [1, 3]


def test_painted_pixels_of_another_type_replace_the_old_ones_at_once(tmp_path, monkeypatch):
    path, pixels = tmp_path / "p1", np.full((2, 600, 600), 7, np.uint8)
    PaintedPixels(path, pixels.shape, pixels.dtype).write(pixels)
    wide = pixels.astype(np.uint16) * 100
    store = PaintedPixels(path, wide.shape, wide.dtype)
    np.testing.assert_array_equal(open_painted(path), pixels)

    def killed(made, folder):
        made.rename(folder.with_name("p1.whole"))
        raise KeyboardInterrupt

    monkeypatch.setattr("napari_simgraph.io.painted.commit", killed)
    with pytest.raises(KeyboardInterrupt):
        store.write(wide, [(slice(0, 1),) * 3])
    np.testing.assert_array_equal(open_painted(path), wide)
    again = PaintedPixels(path, wide.shape, wide.dtype)
    assert again.write(wide) == 0
    assert [one.name for one in tmp_path.iterdir()] == ["p1"]


def test_what_a_killed_process_left_half_done_is_swept_up(tmp_path):
    folder = tmp_path / "w"
    for name in ("models/.writing-1", "results/r/2.part", "painted/p1/c", "runs/a"):
        (folder / name).mkdir(parents=True)
    (folder / "models" / ".writing-1" / "model.json").write_text("{}")
    (folder / "painted" / "p1" / "c" / "0.abc.partial").touch()
    (folder / "runs" / "a" / "x.part").touch()
    assert Workspace(folder, look_only=True).models() == {}
    (folder / "lock").write_text("left")
    Workspace(folder).close()
    left = sorted(
        path.relative_to(folder).as_posix() for path in folder.rglob("*") if path.is_file()
    )
    assert left == ["lock.guard", "runs/a/x.part"]
    assert not (folder / "results" / "r" / "2.part").exists()


def test_a_damaged_file_gives_a_sentence_and_the_rest_opens(workspace):
    workspace.save({"layers": [{"id": "old"}]})
    workspace.save({"layers": [{"id": "new"}]})
    workspace.keep_result("i1 classes", labels(1), {})
    workspace.log("run", id="a")
    with open(workspace.folder / "journal.jsonl", "a") as file:
        file.write('{"event": "cut o')
    text = (workspace.folder / "workspace.json").read_text()
    (workspace.folder / "workspace.json").write_text(text[: len(text) // 2])
    again = Workspace(workspace.folder, look_only=True)
    assert again.notes == ["'workspace.json' is damaged and was left out."]
    assert again.state["layers"] == [{"id": "old"}]
    assert [line["event"] for line in again.journal()] == ["run"]
    assert int(again.result("i1 classes")[0].levels[0][0, 0, 0]) == 1


def test_half_written_results_and_models_do_not_count(workspace):
    workspace.keep_result("i1 classes", labels(1), {})
    (workspace.folder / "results" / "i1 classes" / "2.part").mkdir()
    (workspace.folder / "models" / "half.part").mkdir(parents=True)
    (workspace.folder / "models" / "half.part" / "model.json").write_text("{}")
    assert workspace.models() == {}
    assert workspace.keep_result("i1 classes", labels(2), {}) == 2


def test_a_newer_version_is_said(workspace):
    workspace.save({})
    path = workspace.folder / "workspace.json"
    path.write_text(json.dumps({"format": 99}))
    workspace.close()
    for look_only in (True, False):
        with pytest.raises(ValueError, match="newer version"):
            Workspace(workspace.folder, look_only=look_only)
    assert not (workspace.folder / "lock").exists()  # nothing of it is held
    path.write_text(json.dumps({"format": "odd", "layers": []}))
    Workspace(workspace.folder).close()


def test_a_run_that_broke_off_can_go_on(workspace):
    workspace.record_run("a", {"title": "Learn", "state": "running", "time": "1"})
    workspace.record_run("b", {"title": "Learn", "state": "running", "time": "2"})
    workspace.record_run("b", {"state": "done"})
    for run in "ab":
        (workspace.run_folder(run) / "checkpoint.safetensors").touch()
    assert [(r["id"], r["can_go_on"]) for r in workspace.runs()] == [("a", True), ("b", False)]
    workspace.record_run("a", {"settings": {"steps": 3}})
    assert workspace.unfinished("Learn", {"steps": 3}) == "a"
    assert workspace.unfinished("Learn", {"steps": 4}) == ""
    assert workspace.unfinished("Segment", {"steps": 3}) == ""


@pytest.mark.parametrize(
    ("state", "goes_on", "left"),
    [("failed", True, 2), ("stopped", True, 2), ("done", False, 0), ("cancelled", False, 0)],
)
def test_what_a_run_needs_to_go_on_is_kept_as_long_as_it_can(workspace, state, goes_on, left):
    workspace.record_run("a", {"title": "Learn", "state": "running"})
    for name in ("checkpoint-a.safetensors", "classes.npy"):
        (workspace.run_folder("a") / name).touch()
    workspace.record_run("a", {"state": state})
    assert [run["can_go_on"] for run in workspace.runs()] == [goes_on]
    assert len(list(workspace.run_folder("a").iterdir())) == 1 + left


def test_a_copy_holds_everything_but_the_lock(workspace, tmp_path):
    workspace.keep_result("i1 classes", labels(1), {})
    workspace.copy(tmp_path / "copy")
    copy = Workspace(tmp_path / "copy")
    assert copy.results() == ["i1 classes"]
    assert copy.notes == []
    with pytest.raises(ValueError, match="holds files already"):
        workspace.copy(tmp_path / "copy")


def test_a_place_that_can_not_be_written_is_said(tmp_path):
    (tmp_path / "file").write_text("")
    with pytest.raises(ValueError, match="can't be written"):
        Workspace(tmp_path / "file" / "w")


def test_where_there_is_no_room_nothing_is_left(tmp_path, monkeypatch):
    def full(*_):
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setenv(HOME, str(tmp_path))
    monkeypatch.setattr("napari_simgraph.io.workspace.Lock", full)
    with pytest.raises(ValueError, match=r"i1 .*: the disk is full\. Choose another folder"):
        Workspace.begin("i1")
    assert list(tmp_path.iterdir()) == []


def test_info_tells_how_a_workspace_stands(workspace, tmp_path, capsys):
    for name in ("kept", "odd", "gone"):
        (tmp_path / f"{name}.bin").write_bytes(name.encode())
    images = {n: note_source(str(tmp_path / f"{n}.bin"), workspace.folder) for n in ("kept", "odd")}
    images |= {"gone": note_source(str(tmp_path / "gone.bin"), workspace.folder)}
    images |= {"copied": {"copy": "images/copied"}}
    layers = [{"kind": "image", "id": name, "look": {"name": name}} for name in images]
    workspace.save({"layers": layers, "images": images})
    workspace.log("strokes", count=3)
    workspace.keep_result("i1 classes", labels(1), {})
    (tmp_path / "odd.bin").write_bytes(b"other")
    (tmp_path / "gone.bin").unlink()
    assert main(["info", str(workspace.folder)]) == 0
    told = dict(line.split(": ", 1) for line in capsys.readouterr().out.splitlines())
    assert told["Format"] == "1"
    assert told["Image, kept"] == f"{tmp_path / 'kept.bin'}: in place"
    assert told["Image, odd"].endswith("odd.bin: has changed since; results may not fit")
    assert told["Image, gone"].endswith("gone.bin: not where it was")
    assert told["Image, copied"] == "a copy in the workspace: in place"
    assert (told["Strokes"], told["Results"]) == ("3", "i1 classes")
    assert told["In use"].startswith("Another window has this workspace (process ")
    workspace.close()
    assert main(["info", str(workspace.folder)]) == 0
    assert "In use" not in capsys.readouterr().out
    (workspace.folder / "workspace.json").write_text(json.dumps({"format": 99}))
    assert main(["info", str(workspace.folder)]) == 2
    told = capsys.readouterr().err
    assert told == (
        "napari-simgraph: This workspace was made by a newer version: update napari-simgraph.\n"
    )


def test_pictures_that_moved_with_their_workspace_are_found(tmp_path):
    (tmp_path / "a").mkdir()
    picture = tmp_path / "a" / "x.h5"
    picture.write_bytes(b"pixels")
    image = note_source(f"{picture}::vol/raw", tmp_path / "a" / "w")
    assert find_source(image, tmp_path / "a" / "w") == f"{picture}::vol/raw"
    (tmp_path / "a").rename(tmp_path / "b")
    found = find_source(image, tmp_path / "b" / "w")
    assert found == f"{tmp_path / 'b' / 'x.h5'}::vol/raw"
    assert source_state(image, tmp_path / "b" / "w") == "same"
    assert find_source(image, tmp_path / "elsewhere" / "w") == ""
    assert source_state(image, tmp_path / "elsewhere" / "w") == "gone"
    assert find_source({}, tmp_path) == ""
