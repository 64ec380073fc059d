"""Downloads against a server on the loopback interface, well-behaved and otherwise."""

import hashlib
import shutil
import socket
import time
from types import SimpleNamespace

import numpy as np
import pytest

from file_server import file_server
from napari_simgraph.core.job import Progress, Signal, run
from napari_simgraph.io.fetch import Wanted, fetch_file, fetch_files, say_bytes
from napari_simgraph.io.fetch_http import FetchError, Line

LINE = Line(waits=(0.01, 0.01), timeout=2)
WHOLE = np.random.default_rng(0).bytes(200_000)
CHUNK = 2**14
SHA = hashlib.sha256(WHOLE).hexdigest()


@pytest.fixture
def server():
    with file_server() as made:
        made.files["a/w.bin"] = WHOLE
        yield made


def fetch(server, target, line=LINE, on_tick=None, **changed):
    told = {"url": f"{server.url}/a/w.bin", "sha256": SHA, "size": len(WHOLE)} | changed
    return run(fetch_files([Wanted(target=target, **told)], line), on_tick)


def test_a_file_comes_whole_and_only_once(server, tmp_path):
    ticks = []
    assert fetch(server, tmp_path / "new" / "w.bin", on_tick=ticks.append)
    assert (tmp_path / "new" / "w.bin").read_bytes() == WHOLE
    assert all(isinstance(tick, Progress) and 0 <= tick.done <= 1 for tick in ticks)
    assert fetch(server, tmp_path / "new" / "w.bin")
    assert server.asked == [("a/w.bin", 0)]
    assert [path.name for path in (tmp_path / "new").iterdir()] == ["w.bin"]


def test_what_breaks_off_goes_on_where_it_stood(server, tmp_path):
    server.breaks = 2
    assert fetch(server, tmp_path / "w.bin")
    assert (tmp_path / "w.bin").read_bytes() == WHOLE
    # What of a chunk had come when the line broke off comes again.
    first, second, third = (start for _, start in server.asked)
    assert (first, second, third) == (0, 6 * CHUNK, 9 * CHUNK)


def test_a_later_run_goes_on_too(server, tmp_path):
    server.breaks = 1
    with pytest.raises(FetchError, match="goes on where it stopped"):
        fetch(server, tmp_path / "w.bin", Line(waits=(), timeout=2))
    assert (tmp_path / "w.bin.part").stat().st_size == 6 * CHUNK
    assert not (tmp_path / "w.bin").exists()
    assert fetch(server, tmp_path / "w.bin")
    assert server.asked[-1] == ("a/w.bin", 6 * CHUNK)
    assert (tmp_path / "w.bin").read_bytes() == WHOLE


def test_tries_that_bring_something_do_not_count(server, tmp_path):
    server.breaks = 3  # more often than the line is patient
    assert fetch(server, tmp_path / "w.bin", Line(waits=(0.01,), timeout=2))
    assert len(server.asked) == 4


def test_a_server_without_ranges_begins_anew(server, tmp_path):
    server.breaks, server.ignores_range = 1, True
    assert fetch(server, tmp_path / "w.bin")
    assert (tmp_path / "w.bin").read_bytes() == WHOLE
    assert [start for _, start in server.asked] == [0, 0]


@pytest.mark.parametrize("part", [b"x" * 1000, b"x" * 300_000], ids=["shorter", "longer"])
def test_a_part_of_another_file_is_dropped(server, tmp_path, part):
    (tmp_path / "w.bin.part").write_bytes(part)
    assert fetch(server, tmp_path / "w.bin")
    assert (tmp_path / "w.bin").read_bytes() == WHOLE


def test_wrong_bytes_are_thrown_away(server, tmp_path):
    server.files["a/w.bin"] = WHOLE[:-1] + bytes([WHOLE[-1] ^ 1])
    with pytest.raises(FetchError, match=r"w\.bin is another file"):
        fetch(server, tmp_path / "w.bin")
    assert list(tmp_path.iterdir()) == []
    assert len(server.asked) == 1


def test_an_older_file_is_replaced(server, tmp_path):
    (tmp_path / "w.bin").write_bytes(b"old")
    assert fetch(server, tmp_path / "w.bin")
    assert (tmp_path / "w.bin").read_bytes() == WHOLE


def test_what_is_gone_is_said_at_once(server, tmp_path):
    with pytest.raises(FetchError, match=r"nothing\.bin is no longer at .*404"):
        fetch(server, tmp_path / "w.bin", url=f"{server.url}/nothing.bin")
    assert len(server.asked) == 1


def test_a_busy_server_is_asked_again(server, tmp_path):
    server.codes = [503, 429]
    assert fetch(server, tmp_path / "w.bin")
    server.codes = [503, 503, 503]
    with pytest.raises(FetchError, match=r"is busy \(503\)"):
        fetch(server, tmp_path / "again.bin")


def test_without_a_network_it_says_so(tmp_path):
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))  # and nobody listens
        url = f"http://127.0.0.1:{taken.getsockname()[1]}/w.bin"
        with pytest.raises(FetchError, match="Check the network") as told:
            run(fetch_file(url, SHA, tmp_path / "w.bin", line=LINE))
    assert len(str(told.value)) < 90


def test_a_full_disk_is_seen_before_the_first_byte(server, tmp_path, monkeypatch):
    monkeypatch.setattr(shutil, "disk_usage", lambda _: SimpleNamespace(free=50_000))
    with pytest.raises(FetchError, match=r"has 50 kB left, 200 kB are needed"):
        fetch(server, tmp_path / "deep" / "w.bin")
    assert server.asked == []


def test_a_disk_that_fills_up_is_told(server, tmp_path, monkeypatch):
    import errno

    from napari_simgraph.io import fetch_http

    def full(*_):
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(fetch_http.Resuming, "_write", full)
    with pytest.raises(FetchError, match="disk is full"):
        fetch(server, tmp_path / "w.bin")


@pytest.mark.parametrize("stopped", [True, False], ids=["stopped", "cancelled"])
def test_it_ends_within_a_second_and_keeps_its_part(server, tmp_path, stopped):
    server.slow = 0.1
    files = [Wanted(f"{server.url}/a/w.bin", SHA, len(WHOLE), tmp_path / "w.bin")]
    job = fetch_files(files, LINE)
    while next(job).done < 0.2:
        pass
    before = time.monotonic()
    if stopped:
        with pytest.raises(StopIteration) as end:
            job.send(Signal.STOP)
        assert end.value.value is False
    job.close()
    assert time.monotonic() - before < 1
    kept = (tmp_path / "w.bin.part").stat().st_size
    time.sleep(0.3)
    assert (tmp_path / "w.bin.part").stat().st_size == kept > 0
    server.slow = 0
    assert fetch(server, tmp_path / "w.bin")
    assert server.asked[-1] == ("a/w.bin", kept)


def test_a_paused_job_loads_nothing(server, tmp_path, monkeypatch):
    monkeypatch.setattr("napari_simgraph.io.fetch._HELD", 0.2)
    server.slow = 0.05
    job = fetch_files([Wanted(f"{server.url}/a/w.bin", SHA, len(WHOLE), tmp_path / "w.bin")], LINE)
    while next(job).done < 0.1:
        pass
    time.sleep(0.5)  # nobody asks for the next tick
    kept = (tmp_path / "w.bin.part").stat().st_size
    time.sleep(0.5)
    assert (tmp_path / "w.bin.part").stat().st_size == kept < len(WHOLE)
    run(job)
    assert (tmp_path / "w.bin").read_bytes() == WHOLE


def test_a_silent_server_holds_nobody(server, tmp_path):
    server.slow = 30
    files = [Wanted(f"{server.url}/a/w.bin", SHA, len(WHOLE), tmp_path / "w.bin")]
    job = fetch_files(files, Line(waits=(), timeout=60))
    times = [time.monotonic()]
    for _ in range(5):
        next(job)
        times.append(time.monotonic())
    job.close()
    times.append(time.monotonic())
    assert np.diff(times).max() < 0.6


def test_several_files_make_one_progress(server, tmp_path):
    server.files["a/second.bin"] = WHOLE[:100]
    second = Wanted(
        f"{server.url}/a/second.bin",
        hashlib.sha256(WHOLE[:100]).hexdigest(),
        100,
        tmp_path / "second.bin",
    )
    first = Wanted(f"{server.url}/a/w.bin", SHA, len(WHOLE), tmp_path / "w.bin")
    texts = []
    assert run(fetch_files([first, second], LINE), lambda tick: texts.append(tick.text))
    assert all("of 200 kB" in text for text in texts)


def test_sizes_are_said_in_words():
    said = [say_bytes(n) for n in (12, 1500, 12_840_848, 3.2e9)]
    assert said == ["12 bytes", "2 kB", "12.8 MB", "3.2 GB"]
