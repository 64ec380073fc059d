"""Fixtures for all tests."""

import pytest

from toy import toy_image, toy_labels


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
