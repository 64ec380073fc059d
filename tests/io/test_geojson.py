"""Marks as GeoJSON: ours again, and as QuPath writes them."""

import json

import numpy as np
import pytest

from napari_simgraph.core.marks import MODEL, Mark, Marks, click
from napari_simgraph.io.geojson import read_geojson, write_geojson

RING = np.array([[1.0, 2.0], [1.0, 8.0], [6.0, 8.0]])


def test_marks_come_back_as_they_were(tmp_path):
    hole = np.array([[2.0, 5.0], [2.0, 6.0], [3.0, 6.0]])
    marks = Marks(
        (
            click(3, 4, z=2, image="slide"),
            click(5, 6, like=False),
            Mark("polygon", (RING, hole), name="tumour", by=MODEL, measurements={"score": 0.5}),
            Mark("stroke", (RING,), role="normal", time="2026-01-01"),
            Mark("box", (RING,), role="exclude"),
        )
    )
    write_geojson(marks, tmp_path / "m.geojson", {"verb": "interest regions"})
    again = read_geojson(tmp_path / "m.geojson")
    assert again.fingerprint == marks.fingerprint
    assert again.rows[3].time == "2026-01-01"
    assert again.made["verb"] == "interest regions"


def test_the_file_is_what_qupath_expects(tmp_path):
    mark = Mark("polygon", (RING,), z=3, name="synapse", measurements={"Score": 0.25})
    write_geojson(Marks((mark,)), tmp_path / "m.geojson")
    (feature,) = json.loads((tmp_path / "m.geojson").read_text())["features"]
    geometry, said = feature["geometry"], feature["properties"]
    assert geometry["plane"] == {"c": -1, "z": 3, "t": 0}
    ring = geometry["coordinates"][0]
    assert ring[0] == ring[-1] == [2.5, 1.5]  # x first, from the corner of the first pixel
    assert said["objectType"] == "annotation"
    assert said["classification"] == {"name": "synapse", "color": [0x56, 0xB4, 0xE9]}
    assert said["measurements"] == {"Score": 0.25}


def test_annotations_of_qupath_are_read(tmp_path):
    """As exported: a bare list, several polygons in one, measurements as pairs, `Ignore*`."""
    squares = [[[[0, 0], [4, 0], [4, 4], [0, 0]]], [[[9, 9], [12, 9], [12, 12], [9, 9]]]]
    several = {
        "type": "Feature",
        "id": "PathAnnotationObject",
        "geometry": {"type": "MultiPolygon", "coordinates": squares},
        "properties": {
            "classification": {"name": "Tumor", "colorRGB": -3670016},
            "measurements": [{"name": "Area", "value": 12.5}],
        },
    }
    line = {
        "type": "Feature",
        "geometry": {
            "type": "LineString",
            "coordinates": [[1, 2], [3, 4]],
            "plane": {"c": -1, "z": 5, "t": 0},
        },
        "properties": {"objectType": "annotation", "classification": {"names": ["Ignore*"]}},
    }
    (tmp_path / "q.geojson").write_text(json.dumps([several, line]))
    first, second, third = read_geojson(tmp_path / "q.geojson")
    assert (first.kind, first.name, first.role) == ("polygon", "Tumor", "class")
    assert first.parts[0][1].tolist() == [-0.5, 3.5]
    assert second.measurements == {"Area": 12.5}
    assert (third.kind, third.role, third.z) == ("stroke", "exclude", 5)


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        ("{", "broken or something else"),
        ('{"type": "FeatureCollection", "features": []}', "holds no marks"),
        (
            '{"type": "Feature", "geometry": {"type": "Circle", "coordinates": []}}',
            "make it a polygon",
        ),
    ],
)
def test_other_files_cost_one_sentence(tmp_path, text, sentence):
    (tmp_path / "x.geojson").write_text(text)
    with pytest.raises(ValueError, match=sentence):
        read_geojson(tmp_path / "x.geojson")
    with pytest.raises(ValueError, match=r"written as \.geojson"):
        write_geojson(Marks((click(1, 1),)), tmp_path / "x.csv")
