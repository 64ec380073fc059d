"""Sentences that several docks say."""

from napari_simgraph.viewer.words import cancelled


def test_cancelled_speaks_of_earlier_results_only_where_there_are_any():
    assert cancelled(None) == cancelled(False) == cancelled({}) == "Cancelled."
    assert cancelled({"scores": 1}) == "Cancelled. What was found before is still shown."
