"""Fixtures for tests with windows."""

import pytest

from napari_simgraph.viewer.jobs import JobRunner


@pytest.fixture(autouse=True)
def jobs_in_threads(monkeypatch):
    """Jobs stay in threads: a process of their own takes seconds to load torch.

    Tests of that process define a fixture of this name anew (`test_apart.py`).
    """
    monkeypatch.setattr(JobRunner, "apart", lambda _, verb, *nouns, **named: verb(*nouns, **named))
