import numpy as np
import pytest

from napari_simgraph.core.runs import from_runs, to_runs


@pytest.mark.parametrize("values", [[], [0], [0, 2, 2, 2, 1, 2], [7] * 1000])
def test_there_and_back(values):
    np.testing.assert_array_equal(from_runs(to_runs(values)), np.array(values, np.uint8))


def test_equal_neighbours_share_a_run():
    assert to_runs([0, 2, 2, 2]) == [[0, 1], [2, 3]]
