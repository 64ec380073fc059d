import pytest

from napari_simgraph import ClassTable
from napari_simgraph.core.classes import PALETTE


def test_usual_names_keep_their_colour():
    table = ClassTable.of(["thing", "synapse", "membrane"])
    assert [row.value for row in table] == [1, 2, 3]
    assert [row.color for row in table] == ["#0072B2", "#56B4E9", "#F0E442"]
    assert table.boundary() == "membrane"


def test_colours_repeat_beyond_the_palette():
    table = ClassTable.of([f"c{i}" for i in range(len(PALETTE) + 2)])
    assert table.rows[0].color == table.rows[len(PALETTE)].color


def test_find_prefers_names_over_numbers():
    table = ClassTable.of(["2", "Membrane"])
    assert table.find("2").value == 1
    assert table.find("membrane").value == 2
    with pytest.raises(ValueError, match="no class 'x'"):
        table.find("x")


def test_json_round_trip():
    table = ClassTable.of(["a", "b"])
    assert ClassTable.from_json(table.to_json()) == table


def test_two_of_one_name_are_refused():
    with pytest.raises(ValueError, match="same name"):
        ClassTable.of(["a", "A"])
