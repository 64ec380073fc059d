"""What a person said of patches: the newest counts, all of it can be undone and kept."""

import json

import numpy as np

from napari_simgraph.viewer.areas.opinion import RARE, Opinion, Opinions

GROUPS = np.array([1, 1, 1, 2, 2, 2, 2, 3])


def test_clicks_count_more_than_groups_and_what_was_turned_down():
    opinion = Opinion().confirm(1)
    said = opinion.spoken(GROUPS)
    assert said == {row: row < 3 for row in range(8)}
    opinion = opinion.turn_down(np.array([2, 1]), True)
    assert opinion.spoken(GROUPS) == {0: True} | dict.fromkeys(range(1, 8), False)
    opinion = opinion.click([2], True).click([0], False)
    assert [row for row, like in opinion.spoken(GROUPS).items() if like] == [2]
    assert (opinion.like, opinion.unlike) == (1, 1)
    assert opinion.click([2], None).spoken(GROUPS)[2] is False
    assert opinion.turn_down(np.array([1, 2]), False).rejected == ()


def test_of_a_large_area_a_few_patches_speak():
    opinion = Opinion({0: True}).turn_down(np.arange(10, 1000), True)
    said = opinion.spoken()
    assert len(said) == 6
    assert {10, 999} < set(said)


def test_a_click_ends_the_look_at_what_is_rare():
    assert Opinion().confirm(RARE).spoken(GROUPS) == {}
    assert Opinion().confirm(RARE).click([1], True).group == 0
    assert Opinion().confirm(3).click([1], True).group == 3


def test_every_step_is_undone_in_turn():
    opinions, heard = Opinions(), []
    opinions.changed.connect(heard.append)
    opinions.say(opinions.now.click([4], True), "a patch interesting")
    opinions.say(opinions.now, "nothing new")
    opinions.say(opinions.now.confirm(2), "group 2")
    assert opinions.last == "group 2"
    assert opinions.undo() == "group 2"
    assert opinions.now == Opinion({4: True})
    opinions.undo()
    assert opinions.now == Opinion()
    assert opinions.undo() == ""
    assert heard == [
        "a patch interesting",
        "group 2",
        "Undone: group 2",
        "Undone: a patch interesting",
    ]


def test_it_is_kept_by_the_ids_of_patches():
    ids = np.array([2**63 + 5, 7, 9, 11], np.uint64)
    opinion = Opinion({0: True, 2: False}).confirm(2).turn_down(np.array([1, 3]), True)
    told = json.loads(json.dumps(opinion.to_json(ids)))
    assert Opinion.from_json(told, ids) == opinion
    moved = Opinion.from_json(told, ids[[2, 0, 3]])  # other order, and one is gone
    assert dict(moved.clicks) == {1: True, 0: False}
    assert moved.rejected == ((2,),)
