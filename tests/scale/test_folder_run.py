"""A capability over all images of a folder, with a verb that needs no network."""

import csv
import errno
import time
import tracemalloc
from collections.abc import Iterator

import numpy as np
import pytest
import tifffile
from PIL import Image as Picture

from napari_simgraph.core.classes import ClassTable
from napari_simgraph.core.config import Config
from napari_simgraph.core.job import Note, Progress, Signal, run
from napari_simgraph.core.model import Model
from napari_simgraph.core.raster import Image, Labels, LabelsSet, each_image
from napari_simgraph.io import run_table
from napari_simgraph.io.labels import read_labels
from napari_simgraph.io.raw import ReadOptions
from napari_simgraph.io.write import write
from napari_simgraph.scale import folder as module
from napari_simgraph.scale.folder import FolderRun, run_folder

CLASSES = ClassTable.of(["dark", "bright"])
MODEL = Model(
    "toy",
    {"w": np.zeros(1)},
    {"options": {"in_channels": 1}},
    name="m",
    classes=CLASSES,
    channels=1,
)


def threshold(model, image, *, config, room):
    """Two classes by brightness; wants grey pictures."""
    yield Progress(0.5, "half way")
    (one,) = each_image(image)
    if one.channels != 1:
        raise ValueError("This model wants grey pictures, the image has 3 colours.")
    values = room.array("classes", one.shape, np.uint8)
    for z in range(one.sections):
        pixels = one.section(z)[..., 0]
        bright = pixels > np.iinfo(pixels.dtype).max // 2
        values[z if len(one.shape) == 3 else ...] = 1 + bright
        yield Progress((z + 1) / one.sections, f"z {z}")
    space = {"spacing": one.spacing, "unit": one.unit}
    return Labels(values, classes=CLASSES, name=f"{one.name} · classes", **space)


def picture(path, size=(8, 10), share=0.25, dtype=np.uint8, shape=None):
    """A picture of which a share is bright."""
    pixels = np.zeros(shape or size, dtype)
    pixels.reshape(-1)[: int(share * pixels.size)] = np.iinfo(dtype).max
    path.parent.mkdir(parents=True, exist_ok=True)
    if path.suffix == ".tif":
        tifffile.imwrite(path, pixels, photometric="minisblack")
    else:
        Picture.fromarray(pixels).save(path)


@pytest.fixture
def folder(tmp_path):
    """Mixed sizes and formats, two folders below, and things that are no images."""
    source = tmp_path / "in"
    picture(source / "cell2.png")
    picture(source / "cell10.png", (6, 7), 0.5)
    picture(source / "deep.tif", dtype=np.uint16, share=0.75)
    picture(source / "day 1" / "cell2.png")
    picture(source / "day 1" / "more" / "stack.tif", shape=(3, 8, 10), share=1 / 3)
    picture(source / "broken.png")
    content = (source / "broken.png").read_bytes()
    (source / "broken.png").write_bytes(content[: len(content) // 2])
    Picture.fromarray(np.zeros((8, 9, 4), np.uint8)).save(source / "rgba.png")
    (source / "notes.txt").write_text("nothing to see")
    picture(source / "cell2_mask.png")
    return source


def asked(source, **changes):
    told = {"verb": "toy apply", "call": threshold, "model": MODEL, "config": Config()}
    return FolderRun(source, source.parent / "out", **(told | changes))


def table_of(target):
    with (target / "table.csv").open(encoding="utf-8", newline="") as file:
        return {row["file"]: row for row in csv.DictReader(file)}


def test_each_file_has_a_result_and_a_row(folder):
    ticks = []
    table = run(run_folder(asked(folder)), ticks.append)
    out = folder.parent / "out"
    rows = table_of(out)
    assert list(rows) == [
        *("broken.png", "cell2.png", "cell10.png", "deep.tif", "rgba.png"),
        *("day 1/cell2.png", "day 1/more/stack.tif"),
    ]
    states = {name: row["status"] for name, row in rows.items()}
    assert [name for name, state in states.items() if state == "failed"] == [
        "broken.png",
        "rgba.png",
    ]
    assert (table.count("done"), table.count("failed")) == (5, 2)
    labels = read_labels(out / "day 1" / "more" / "stack.tif").labels
    assert (labels.shape, labels.classes.names) == ((3, 8, 10), ("dark", "bright"))
    assert rows["day 1/more/stack.tif"]["shape"] == "3x8x10"
    shares = {"cell2.png": 0.25, "cell10.png": 0.5, "deep.tif": 0.75, "day 1/cell2.png": 0.25}
    for name, share in shares.items():
        assert float(rows[name]["fraction_bright"]) == pytest.approx(share, abs=0.02)
        total = float(rows[name]["fraction_bright"]) + float(rows[name]["fraction_dark"])
        assert total == pytest.approx(1, abs=1e-5)
    assert "cut off" in rows["broken.png"]["told"]
    assert "opacity" in rows["rgba.png"]["told"]
    assert "3 colours" in rows["rgba.png"]["told"]
    texts = [tick.text for tick in ticks if isinstance(tick, Progress)]
    assert "file 3 of 7, cell10.png · half way" in texts
    notes = [tick.text for tick in ticks if isinstance(tick, Note)]
    assert any("no images: notes.txt" in note for note in notes)
    assert any("masks: cell2_mask.png" in note for note in notes)
    assert any(note.startswith("Not done, broken.png: ") for note in notes)
    assert not (out / ".room").exists()


def test_progress_only_grows(folder):
    done = []
    run(run_folder(asked(folder)), lambda t: done.append(getattr(t, "done", None)))
    shares = [share for share in done if share is not None and share >= 0]
    assert shares == sorted(shares)


def counted(calls):
    def call(model, image, *, config, room):
        calls.append(each_image(image)[0].name)
        return (yield from threshold(model, image, config=config, room=room))

    return call


def test_what_is_done_is_passed_over_until_something_changes(folder):
    calls = []
    run(run_folder(asked(folder, call=counted(calls))))
    assert len(calls) == 6  # all but the broken one
    calls.clear()
    table = run(run_folder(asked(folder, call=counted(calls))))
    assert calls == ["rgba"]  # what failed is tried again
    assert table.passed == 5
    assert table_of(folder.parent / "out")["deep.tif"]["status"] == "done"
    calls.clear()
    picture(folder / "cell2.png", share=0.5)
    (folder.parent / "out" / "deep.tif").unlink()
    run(run_folder(asked(folder, call=counted(calls))))
    assert sorted(calls) == ["cell2", "deep", "rgba"]
    calls.clear()
    run(run_folder(asked(folder, call=counted(calls), again=True)))
    assert len(calls) == 6
    calls.clear()
    other = MODEL.replace(arrays={"w": np.ones(1)})
    run(run_folder(asked(folder, call=counted(calls), model=other)))
    assert len(calls) == 6


def test_stop_keeps_whole_files_and_the_next_run_goes_on(folder):
    def stop_in_cell10(tick):
        return Signal.STOP if "cell10.png · half" in getattr(tick, "text", "") else None

    table = run(run_folder(asked(folder)), stop_in_cell10)
    assert list(table.rows) == ["broken.png", "cell2.png"]
    assert not (folder.parent / "out" / "cell10.tif").exists()
    again = run(run_folder(asked(folder)))
    assert (again.passed, again.count("done")) == (1, 5)


def test_cancel_leaves_a_table_that_is_true(folder):
    run(run_folder(asked(folder)))
    job = run_folder(asked(folder, again=True))
    for tick in job:
        if "cell10.png · half" in getattr(tick, "text", ""):
            break
    job.close()
    assert len(table_of(folder.parent / "out")) == 7
    assert not (folder.parent / "out" / ".room").exists()


def test_rows_are_told_as_they_come(folder):
    heard = []
    run(run_folder(asked(folder, hear=heard.append)))
    assert [row.file for row in heard][:2] == ["broken.png", "cell2.png"]


def test_two_of_one_stem_have_results_of_their_own(tmp_path):
    picture(tmp_path / "in" / "a.png")
    picture(tmp_path / "in" / "a.tif")
    run(run_folder(asked(tmp_path / "in")))
    assert {p.name for p in (tmp_path / "out").glob("*.tif")} == {"a_png.tif", "a_tif.tif"}


def test_results_inside_the_folder_are_no_input(tmp_path):
    picture(tmp_path / "in" / "a.png")
    inside = FolderRun(tmp_path / "in", tmp_path / "in" / "out", "t", threshold, MODEL, Config())
    run(run_folder(inside))
    table = run(run_folder(inside))
    assert list(table.rows) == ["a.png"]
    with pytest.raises(ValueError, match="another folder"):
        run(run_folder(FolderRun(tmp_path, tmp_path, "t", threshold, MODEL, Config())))


def test_a_folder_without_images_is_told(tmp_path):
    (tmp_path / "in").mkdir()
    (tmp_path / "in" / "notes.txt").write_text("x")
    with pytest.raises(ValueError, match="no image"):
        run(run_folder(asked(tmp_path / "in")))
    assert not (tmp_path / "out").exists()


@pytest.mark.parametrize("error", [RuntimeError("size of tensor"), MemoryError(), KeyError("x")])
def test_what_nobody_expected_costs_one_file(folder, error):
    def call(model, image, *, config, room):
        if each_image(image)[0].name == "cell10":
            raise error
        return (yield from threshold(model, image, config=config, room=room))

    table = run(run_folder(asked(folder, call=call)))
    assert table.rows["cell10.png"].status == "failed"
    assert table.rows["cell10.png"].told
    assert table.rows["deep.tif"].status == "done"


def test_a_full_disk_ends_it_all(folder, monkeypatch):
    def full(*_, **__):
        raise ValueError("can't be written") from OSError(errno.ENOSPC, "No space left")

    monkeypatch.setattr(module, "write", full)
    with pytest.raises(ValueError, match="disk is full"):
        run(run_folder(asked(folder)))


def test_a_table_that_excel_holds_stops_nothing(folder, monkeypatch):
    def locked(*_):
        raise PermissionError(errno.EACCES, "in use")

    monkeypatch.setattr(run_table, "fresh", locked)
    notes = []
    run(run_folder(asked(folder)), lambda t: notes.append(getattr(t, "text", "")))
    assert "table.csv is open" in notes[-1]


def test_ticks_come_while_a_file_is_read_and_written(folder, monkeypatch):
    def slow(*words, **_):
        time.sleep(0.6)
        return [words[1]]

    monkeypatch.setattr(module, "write", slow)
    job, times = run_folder(asked(folder)), [time.monotonic()]
    for tick in job:
        times.append(time.monotonic())
        if "deep.tif" in getattr(tick, "text", ""):
            break
    job.close()
    assert np.diff(times).max() < 0.5


def test_objects_are_counted(tmp_path):
    picture(tmp_path / "in" / "a.png")

    def call(model, image, *, config, room):
        yield Progress()
        values = np.zeros((8, 10), np.uint16)
        values[:2, :2], values[4:, 4:] = 7, 300
        return Labels(values, meaning="objects")

    run(run_folder(asked(tmp_path / "in", call=call)))
    row = table_of(tmp_path / "out")["a.png"]
    assert (row["objects"], row["object_median_pixels"]) == ("2", "14")


def files_of(folder, count) -> Iterator[None]:
    for number in range(count):
        picture(folder / f"{number}.tif", shape=(4, 300, 300))


def test_memory_does_not_grow_with_the_number_of_files(tmp_path):
    peaks = []
    for count in (3, 12):
        source = tmp_path / str(count) / "in"
        files_of(source, count)
        tracemalloc.start()
        run(run_folder(asked(source)))
        peaks.append(tracemalloc.get_traced_memory()[1])
        tracemalloc.stop()
    assert peaks[1] < 1.3 * peaks[0] + 300_000


def test_a_set_in_one_file_becomes_a_folder(tmp_path):
    source = tmp_path / "in"
    source.mkdir()
    np.save(source / "digits.npy", np.zeros((3, 8, 9), np.uint8))

    def call(model, image, *, config, room):
        yield Progress()
        made = [Labels(np.ones((8, 9), np.uint8), classes=CLASSES, name=o.name) for o in image]
        return LabelsSet(tuple(made))

    run(run_folder(asked(source, call=call, options=ReadOptions(axes="NYX"))))
    row = table_of(tmp_path / "out")["digits.npy"]
    assert (row["status"], row["shape"]) == ("done", "3 of 8x9")
    assert len(list((tmp_path / "out" / "digits").iterdir())) == 3


def test_the_pixel_size_stands_in_the_row_where_it_is_known(tmp_path):
    (tmp_path / "in").mkdir()
    noun = Image(np.zeros((2, 5, 6), np.uint8), spacing=(50, 4, 4), unit="nm")
    write(noun, tmp_path / "in" / "a.tif")
    picture(tmp_path / "in" / "b.png")
    run(run_folder(asked(tmp_path / "in")))
    rows = table_of(tmp_path / "out")
    assert (rows["a.tif"]["spacing"], rows["a.tif"]["unit"]) == ("50x4x4", "nm")
    assert (rows["b.png"]["spacing"], rows["b.png"]["unit"]) == ("", "")
