"""What should not matter is varied, and what does matter is not."""

import pytest

from napari_simgraph.learn.view_settings import (
    IGNORED,
    KINDS,
    PRESETS,
    USUAL,
    ignored,
    say_ignored,
    views_for,
)


@pytest.mark.parametrize("kind", PRESETS)
def test_what_is_usual_for_a_kind_of_image_is_its_preset(kind):
    assert views_for(kind, ignored("auto", kind)) == PRESETS[kind]


def test_what_matters_is_left_as_it_is():
    how = views_for("slide", ignored("none", "slide"))
    assert not how.flips
    assert 0 < how.turn <= 15
    assert (how.gain, how.offset, how.noise, how.blur, how.stain) == (0, 0, 0, 0, 0)
    assert (how.zoom, how.bend) == (PRESETS["slide"].zoom, PRESETS["slide"].bend)
    turned = views_for("slide", ignored(" Rotation ", "slide"))
    assert turned.flips
    assert turned.turn == 180
    assert turned.noise == 0
    assert views_for("digits", ["rotation"]).turn == 180
    assert not views_for("digits", ["rotation"]).stroke


def test_things_keep_their_place_unless_turns_should_not_matter():
    how = views_for("things", ignored("auto", "things"))
    assert how.turn < views_for("digits", ignored("auto", "digits")).turn
    assert how.shift < PRESETS["digits"].shift
    assert views_for("things", ["rotation"]).turn == 180
    assert set(KINDS) == set(PRESETS) == set(USUAL)


def test_words_are_taken_in_any_order_and_said_in_one():
    assert ignored("noise, rotation", "em") == ("rotation", "noise")
    assert say_ignored(("rotation", "noise")) == "flips and turns, noise and blur, size, bending"
    assert say_ignored(()) == "size, bending"
    assert {word for words in USUAL.values() for word in words} == set(IGNORED)
    with pytest.raises(ValueError, match="rotation, brightness, noise, stain, stroke, not 'hue'"):
        ignored("noise,hue", "em")
