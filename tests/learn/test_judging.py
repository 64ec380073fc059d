"""Who answers, and the figures by which that is decided."""

import numpy as np
import pytest

from napari_simgraph.core.live import FILTERS, NETWORK, Scores
from napari_simgraph.learn.judging import clearly_worse, dice, grey_finder, mean, who

TRUE = np.array([1, 1, 1, 3, 3], np.uint8)


def test_dice_is_counted_by_class_and_needs_two():
    found = np.array([1, 1, 3, 3, 3], np.uint8)
    assert dice([(found, TRUE)], (1, 3)) == pytest.approx({1: 0.8, 3: 0.8})
    assert mean(dice([(found[:3], TRUE[:3])], (1, 3))) is None
    assert dice([], (1, 3)) == {}


def test_grey_values_alone_tell_bright_from_dark():
    rng = np.random.default_rng(0)
    true = rng.choice(np.array([1, 3], np.uint8), 2000)
    greys = np.where(true == 1, -1, 1) + rng.normal(0, 0.3, 2000)
    find = grey_finder(greys.astype(np.float32), true, (1, 3))
    said = np.array([1, 3])[find(greys.astype(np.float32)).argmax(1)]
    assert (said == true).mean() > 0.98


@pytest.mark.parametrize(
    ("now", "filters", "network", "answers"),
    [
        (FILTERS, 0.8, None, FILTERS),
        (FILTERS, None, 0.9, FILTERS),
        (FILTERS, 0.8, 0.8, FILTERS),
        (FILTERS, 0.8, 0.81, NETWORK),
        (NETWORK, 0.8, 0.79, NETWORK),  # no flicker
        (NETWORK, 0.8, 0.7, FILTERS),
    ],
)
def test_the_network_answers_as_soon_as_it_is_better(now, filters, network, answers):
    assert who(now, Scores(filters, network)) == answers


def test_a_network_that_learned_for_a_while_is_relieved_where_it_is_clearly_worse_only():
    behind = Scores(0.8, 0.7)
    assert who(FILTERS, behind, grown=True) == NETWORK
    assert who(NETWORK, behind, grown=True, worse=True) == FILTERS
    assert who(FILTERS, Scores(0.8, None), grown=True) == FILTERS


def test_clearly_worse_is_what_chance_hardly_makes():
    right, wrong = (TRUE, TRUE), (np.full_like(TRUE, 9), TRUE)
    half = (np.where(np.arange(5) < 3, TRUE, 9), TRUE)
    assert clearly_worse([half, half, wrong, half], [right] * 4)
    assert not clearly_worse([right, wrong, right, right], [right, right, wrong, right])
    assert not clearly_worse([wrong], [right])
    assert not clearly_worse([], [])
