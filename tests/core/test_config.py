from dataclasses import dataclass

import pytest

from napari_simgraph.core.config import Config, setting


@dataclass(frozen=True)
class Some(Config):
    minutes: float = setting(5.0, "How long.", 0, 60, 1, label="Learn for", unit="min")
    width: int = setting(16, "Channels.", 1, 64)
    flips: bool = setting(True, "Turned over.")
    output: str = setting("classes", "What.", choices=("classes", "probability"))


def test_words_become_values():
    some = Some(minutes="2", width="8", flips="no", output="probability")
    assert some == Some(2.0, 8, False, "probability")
    assert some.changed() == {"minutes": 2.0, "width": 8, "flips": False, "output": "probability"}


def test_json_round_trip_and_unknown_settings():
    some = Some(width=3)
    assert Some.from_json(some.to_json() | {"gone": 1}) == some


@pytest.mark.parametrize(
    ("kwargs", "part"),
    [
        ({"minutes": 61}, "Learn for lies between 0 and 60"),
        ({"minutes": float("nan")}, "Learn for lies between"),
        ({"width": "wide"}, "width can't be 'wide'"),
        ({"flips": "perhaps"}, "flips can't be"),
        ({"output": "else"}, "one of classes, probability"),
    ],
)
def test_wrong_values_are_told_in_a_sentence(kwargs, part):
    with pytest.raises(ValueError, match=part):
        Some(**kwargs)


def test_options_are_the_names():
    assert [item.option for item in Some.settings()] == [
        "--minutes",
        "--width",
        "--flips",
        "--output",
    ]
