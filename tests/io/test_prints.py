"""Whether a file is still what it was: size and time first, then content."""

import os

import pytest

from napari_simgraph.io import prints
from napari_simgraph.io.prints import print_of, state_of


def test_a_file_is_the_same_until_its_content_is_another(tmp_path):
    file = tmp_path / "x.bin"
    file.write_bytes(bytes(3_000_000))
    told = print_of(file)
    assert state_of(file, told) == "same"
    os.utime(file, (1, 1))
    assert state_of(file, told) == "same"  # touched, not changed
    content = bytearray(3_000_000)
    content[1_500_000] = 1
    file.write_bytes(content)
    os.utime(file, (2, 2))
    assert state_of(file, told) == "changed"
    file.write_bytes(b"short")
    assert state_of(file, told) == "changed"
    file.unlink()
    assert state_of(file, told) == "gone"
    assert state_of(tmp_path, {}) == "same"  # nothing was told of it


def test_a_folder_is_all_its_files(tmp_path):
    (tmp_path / "sub").mkdir()
    for name in ("a", "sub/b"):
        (tmp_path / name).write_bytes(name.encode() * 1000)
    told = print_of(tmp_path)
    assert state_of(tmp_path, told) == "same"
    (tmp_path / ".DS_Store").touch()
    (tmp_path / "w").mkdir()
    (tmp_path / "w" / "workspace.json").touch()
    assert state_of(tmp_path, told) == "same"
    (tmp_path / "sub" / "b").rename(tmp_path / "sub" / "c")
    os.utime(tmp_path / "a", (5, 5))
    assert state_of(tmp_path, told) == "changed"


@pytest.mark.parametrize("at", [0, 5_000, 9_999])
def test_of_a_large_file_pieces_from_begin_to_end_are_read(tmp_path, monkeypatch, at):
    monkeypatch.setattr(prints, "_WHOLE_BYTES", 1_000)
    monkeypatch.setattr(prints, "_SAMPLE_BYTES", 200)
    file = tmp_path / "x.bin"
    file.write_bytes(bytes(10_000))
    told = print_of(file)
    content = bytearray(10_000)
    content[at] = 1
    file.write_bytes(content)
    os.utime(file, (2, 2))
    assert state_of(file, told) == "changed"
