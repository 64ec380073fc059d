"""Fixtures for all tests."""

import os

import pytest

from file_server import file_server
from toy import toy_image, toy_labels

# Tests of these open windows, start processes or hold something against the clock.
_TIMED = ("viewer", "scale", "cli", "test_fetch", "test_contract")


def pytest_collection_modifyitems(items):
    """A loaded machine draws and answers late: two more tries, listed at the end (-rR)."""
    for item in items:
        if item.path.stem in _TIMED or item.path.parent.name in _TIMED:
            item.add_marker(pytest.mark.flaky(reruns=2))


@pytest.fixture(autouse=True)
def own_workspaces(tmp_path_factory, monkeypatch):
    """No test writes into the Documents of whoever runs it."""
    if "SIMGRAPH_WORKSPACES" not in os.environ:
        monkeypatch.setenv("SIMGRAPH_WORKSPACES", str(tmp_path_factory.mktemp("workspaces")))


@pytest.fixture
def server():
    """A file server on the loopback interface."""
    with file_server() as made:
        yield made


@pytest.fixture
def toy_tissue():
    """Image and Labels of 96 x 96: two textures, three bright discs, one odd patch.

    A letter is 4 px high and 2 px wide: . stripes, # grain, O disc, X odd patch (see toy.py)::

        ........................########################
        ......OOO...............########################
        .....OOOOO..............######OOO###############
        ......OOO...............#####OOOOO##############
        ........................######OOO###############
        ........................########################
        ........................################XXXX####
        ........................################XXXX####
        ............OOO.........########################
        ...........OOOOO........########################
        ............OOO.........########################
        ........................########################
    """
    return toy_image(), toy_labels()
