"""What a disk refuses waits in its order; what is wrong by itself holds nobody up."""

import errno

import pytest

from napari_simgraph.viewer.writer import Writer


class Disk:
    """Takes numbers while nothing is wrong with it."""

    def __init__(self):
        self.wrong, self.written = 0, []

    def take(self, number):
        if self.wrong:
            raise OSError(self.wrong, "no")
        self.written.append(number)


@pytest.fixture
def disk():
    return Disk()


@pytest.fixture
def writer():
    return Writer("simgraph-save")


FULL = "The disk is full: what you do stays in this window and is saved as soon as that is over."


def test_what_a_full_disk_refuses_is_written_later_in_its_order(writer, disk):
    writer.write(disk.take, 1)
    disk.wrong = errno.ENOSPC
    writer.write(disk.take, 2)
    writer.write(disk.take, 3).result()
    assert (disk.written, writer.behind, writer.problem) == ([1], True, FULL)
    assert writer.ask(abs, -1).result() == 1  # what only reads goes on
    assert writer.problem == FULL  # and changes nothing about the disk
    disk.wrong = 0
    writer.again().result()
    assert (disk.written, writer.behind, writer.problem) == ([1, 2, 3], False, "")


def test_a_locked_disk_is_waited_for_too(writer, disk):
    disk.wrong = errno.EROFS
    writer.write(disk.take, 1).result()
    assert writer.problem.startswith("The disk may only be read: what you do stays")
    disk.wrong = 0
    writer.write(disk.take, 2).result()
    assert disk.written == [1, 2]


def test_what_can_never_be_written_holds_nobody_up(writer, disk):
    writer.write(int, "no number").result()
    assert writer.problem == "Saving stopped unexpectedly. Save a copy of the workspace."
    disk.wrong = errno.ENAMETOOLONG
    writer.write(disk.take, 1).result()
    assert not writer.behind
    disk.wrong = 0
    writer.write(disk.take, 2).result()
    assert (disk.written, writer.problem) == ([2], "")


def test_errors_of_what_only_reads_are_those_of_who_asked(writer):
    with pytest.raises(ValueError, match="no number"):
        writer.ask(int, "no number").result()
    assert writer.problem == ""
