"""Areas of interest on the toy tissue: three bright discs among stripes and grain."""

from dataclasses import replace

import numpy as np
import pytest

from napari_simgraph import MemoryRoom, run
from napari_simgraph.analysis.coherence import speak_for
from napari_simgraph.analysis.comparing import STATISTICS
from napari_simgraph.capabilities import interest, segmentation, similarity
from napari_simgraph.core.clicks import Click, ClickAnswer, Clicks, Crowd, Skip, Why
from napari_simgraph.core.graph import Edges, edges_of
from napari_simgraph.core.job import Note, Progress, Signal
from napari_simgraph.core.marks import Mark, Marks, click
from napari_simgraph.core.patch_pixels import pool
from napari_simgraph.io.anndata_read import read_noun
from napari_simgraph.io.geojson import read_geojson, write_geojson
from napari_simgraph.io.models import load_model, save_model
from napari_simgraph.io.write_table import write_table
from toy import toy_image, toy_labels, toy_scores, toy_table

DISCS = ((18, 16), (30, 62), (78, 26))  # y, x of their middles in pixels


def graph_of(table=None):
    config = similarity.Apply(k=6)
    return run(similarity.apply(table or toy_table(), config=config, room=MemoryRoom()))


@pytest.fixture(scope="module")
def graph():
    return graph_of()


@pytest.fixture(scope="module")
def on_disc(graph):
    """Patches of which a disc covers at least a third; those it covers a little are left out."""
    share = pool(graph.table.grid, toy_labels())[:, 2]
    return share > 0.33, share < 0.02


def clicks():
    """Two of the three discs are clicked, and three places that are none."""
    like = [click(y, x) for y, x in DISCS[:2]]
    unlike = [click(y, x, like=False) for y, x in ((80, 10), (60, 60), (8, 80))]
    return Marks((*like, *unlike))


def learn(graph, marks=None, said=None, **settings):
    short = {"steps": 30, "minutes": 0, "threads": 1, "device": "cpu", "groups": 6}
    config = interest.Train(**short | settings)
    hear = None if said is None else lambda tick: said.append(tick)
    return run(interest.train(graph, marks, config=config, room=MemoryRoom()), hear)


def use(model, graph, marks=None, said=None, **settings):
    config = interest.Apply(threads=1, device="cpu", **settings)
    hear = None if said is None else lambda tick: said.append(tick)
    return run(interest.apply(model, graph, marks, config=config, room=MemoryRoom()), hear)


def figures_of(scores):
    return interest.score(scores, toy_labels(), interest.Score(wanted="disc", share=0.33))


def crowd_of(groups, group, seed):
    said = speak_for(groups - 1, group - 1, seed)
    speakers = dict(zip(said.rows.tolist(), said.like.tolist(), strict=True))
    return Crowd(np.flatnonzero(groups == group), speakers)


def sent(session, event):
    """What a live session replies, from its beginning, until it has nothing more to do."""
    replies = [next(session), session.send(event)]
    while not any(isinstance(one, ClickAnswer) for one in replies):
        replies.append(session.send(None))
    return replies


def auroc(score, on_disc):
    from napari_simgraph.analysis.ranking import auroc as ranked

    is_disc, is_none = on_disc
    counted = is_disc | is_none
    return ranked(score[counted], is_disc[counted])


def test_two_clicked_discs_find_the_third(graph, on_disc):
    scores = use(learn(graph, clicks()), graph)
    assert auroc(scores.score, on_disc) > 0.97
    third = scores.grid.covering(0, 0, *DISCS[2])[0]
    assert scores.score[third] > 0.5
    assert np.median(scores.score) < 0.5
    clicked = scores.grid.covering(0, 0, *DISCS[0])[0]
    assert scores.uncertainty[clicked] < np.median(scores.uncertainty)


def test_what_is_learned_holds_in_another_order_and_on_another_image(graph, on_disc, tmp_path):
    save_model(learn(graph, clicks()), tmp_path / "m")
    model, table = load_model(tmp_path / "m"), toy_table()
    backwards = np.arange(len(table))[::-1]
    scores = use(model, graph_of(table.take(backwards)))  # clicks are known by their patch
    assert auroc(scores.score[backwards], on_disc) > 0.97
    (source,) = table.grid.sources
    elsewhere = replace(table.grid, sources=(replace(source, fingerprint="f" * 16),))
    scores = use(model, graph_of(table.replace(grid=elsewhere)))  # none of the clicks lies here
    assert auroc(scores.score, on_disc) > 0.9


def test_without_labels_one_group_is_the_discs(graph, on_disc):
    said = []
    model = learn(graph, said=said)
    assert any("Rare isn't always interesting" in one.text for one in said if isinstance(one, Note))
    tables = [use(model, graph, group=number) for number in range(1, 7)]
    groups = tables[0].columns["group"]
    precise = [(~on_disc[1])[groups == number].mean() for number in range(1, 7)]
    best = int(np.argmax(precise))
    assert precise[best] > 0.7  # of its patches lie on a disc, if only a little
    assert auroc(tables[best].score, on_disc) > 0.8
    crowd = crowd_of(groups, best + 1, model.seed)
    session = interest.live(graph, config=interest.Train(threads=1), room=MemoryRoom())
    each = tuple(Click(*one) for one in crowd.speakers.items())
    answer = next(one for one in sent(session, Clicks(each, crowd)) if isinstance(one, ClickAnswer))
    assert answer.scores.score == pytest.approx(tables[best].score, abs=1e-5)  # as `apply` has it
    assert not answer.figures  # nobody judged anything
    session.close()
    rare = tables[0].columns["rare"]
    assert 0 < rare.min() < rare.max() < 1


def test_a_reference_without_discs_shows_what_is_unlike_it(graph, on_disc):
    normal = Mark("box", ([[40, -1], [40, 44], [66, 44], [66, -1]],), role="normal")
    grain = Mark("box", ([[56, 50], [56, 97], [97, 97], [97, 50]],), role="normal")
    model = learn(graph, Marks((normal, grain)))
    assert model.data["way"] == "normal"
    assert auroc(use(model, graph).score, on_disc) > 0.9


@pytest.mark.parametrize("way", ["sage", "gat"])
def test_a_graph_network_learns_from_painted_labels(graph, on_disc, way):
    model = learn(graph, toy_labels(), way=way, wanted="disc", share=0.3, steps=60, rate=0.01)
    assert auroc(use(model, graph).score, on_disc) > 0.95
    assert {"auroc", "auroc logistic regression", "auroc label propagation"} <= set(model.metrics)


def test_many_clicks_are_reported_beside_plainer_ways(graph):
    table = graph.table.replace(beside={STATISTICS: graph.table.values})
    is_disc = pool(table.grid, toy_labels())[:, 2] > 0.2
    rng = np.random.default_rng(0)
    down, right = graph.table.grid.finest(0)
    marks = []
    for like, rows in ((True, np.flatnonzero(is_disc)), (False, np.flatnonzero(~is_disc))):
        for row in rng.choice(rows, 9, replace=False):
            y, x = table.grid.y[row] + 7.5, table.grid.x[row] + 7.5
            marks.append(click(y * down, x * right, like=like))
    model = learn(graph.replace(table=table), Marks(tuple(marks)))
    assert set(model.metrics) == {
        "auroc",
        "auroc logistic regression",
        "auroc label propagation",
        "auroc hand-made",
    }
    assert model.metrics["auroc"] > 0.8
    figures = figures_of(use(model, graph.replace(table=table)))
    ways = ("logistic regression", "label propagation", "hand-made")
    assert {f"{figure} {way}" for figure in ("auroc", "ap") for way in ways} < set(figures)
    assert all(0.5 < figures[f"auroc {way}"] <= 1 for way in ways)
    (source,) = table.grid.sources
    elsewhere = table.replace(
        grid=replace(table.grid, sources=(replace(source, fingerprint="f" * 16),)), beside={}
    )
    kept = use(model, graph_of(elsewhere)).columns  # no mark lies here, and nothing hand-made
    assert set(kept) == {"logistic regression"}
    same = use(model, graph.replace(table=table)).columns["logistic regression"]
    assert np.allclose(kept["logistic regression"], same, atol=1e-5)


def test_later_clicks_correct_an_answer(graph):
    model = learn(graph, clicks())
    scores = use(model, graph)
    row = int(np.argsort(scores.score)[-8])
    grid = graph.table.grid
    wrong = click(grid.y[row] + 7.5, grid.x[row] + 7.5, like=False)
    again = use(model, graph, Marks((wrong,)))
    assert again.score[row] < scores.score[row]


def test_regions_are_the_discs_for_qupath_and_as_labels(tmp_path):
    config = interest.Regions(above=0.6)
    made = run(interest.regions(toy_scores(), config=config, room=MemoryRoom()))
    assert made.labels is None
    write_geojson(made.outlines, tmp_path / "r.geojson")
    outlines = read_geojson(tmp_path / "r.geojson")
    middles = [one.parts[0].mean(0) for one in outlines]
    for disc in DISCS:
        assert min(np.hypot(*(middle - disc)) for middle in middles) < 8
    assert [one.measurements["Rank"] for one in outlines] == [1.0, 2.0, 3.0]
    config = interest.Regions(above=0.6, output="labels")
    labels = run(interest.regions(toy_scores(), config=config, room=MemoryRoom())).labels
    assert labels.read().max() == 3
    with pytest.raises(ValueError, match=r"No area scores above 1; the highest is 1\.00"):
        run(interest.regions(toy_scores(), config=interest.Regions(above=1), room=MemoryRoom()))


def test_features_of_a_segmentation_stand_beside_the_embedding(tmp_path):
    config = segmentation.Train(steps=8, minutes=0, patch=32, batch=2, threads=1, device="cpu")
    job = segmentation.train(toy_image(), toy_labels(), config=config, room=MemoryRoom())
    model, table = run(job), toy_table()
    how = interest.Features(threads=1, device="cpu", weight=0.5)
    given = (table, None, model, toy_image())
    made = run(interest.features(*given, config=how, room=MemoryRoom()))
    assert made.values.shape == (len(table), 4 + 160)
    lengths = np.linalg.norm(made.values[:, 4:], axis=1)
    assert lengths == pytest.approx(np.full(len(table), 0.5), rel=1e-4)
    write_table(made, tmp_path / "f.h5ad")
    assert read_noun(tmp_path / "f.h5ad").made["parts"] == {"toy table": 4, model.name: 160}
    with pytest.raises(ValueError, match="give both"):
        run(interest.features(table, None, model, config=how, room=MemoryRoom()))


def without_neighbours(graph, row):
    """The same graph, one patch of which has no links."""
    cut = {}
    for kind, edges in graph.edges.items():
        begins = edges.begins()
        kept = (begins != row) & (edges.ends != row)
        cut[kind] = edges_of(begins[kept], edges.ends[kept], edges.weights[kept], len(graph))
    return graph.replace(edges=cut)


def test_patches_without_neighbours_keep_no_score(graph):
    lonely, said = without_neighbours(graph, 7), []
    scores = use(learn(lonely, clicks()), lonely, said=said)
    assert np.flatnonzero(np.isnan(scores.score)).tolist() == [7]
    assert "1 patches have no neighbours and keep no score." in [
        one.text for one in said if isinstance(one, Note)
    ]


def test_bad_input_costs_one_sentence(graph):
    likes = clicks().where(lambda one: one.role == "query+")
    with pytest.raises(ValueError, match="Add one place that is not interesting"):
        learn(graph, likes)
    with pytest.raises(ValueError, match="click what is interesting"):
        learn(graph, way="clicks")
    with pytest.raises(ValueError, match="outline a place without anything odd"):
        learn(graph, clicks(), way="normal")
    with pytest.raises(ValueError, match="too close together"):
        learn(graph, clicks(), way="sage")
    with pytest.raises(ValueError, match="There is no group 9"):
        use(learn(graph, steps=2), graph, group=9)
    narrow = graph_of(toy_table().replace(values=toy_table().values[:, :3]))
    with pytest.raises(ValueError, match="learned from other features"):
        use(learn(graph, clicks()), narrow)
    nothing = Edges(np.zeros(len(graph) + 1, int), np.zeros(0, np.int32), np.zeros(0, np.float32))
    with pytest.raises(ValueError, match="none of the links"):
        learn(graph.replace(edges={"other": nothing}), clicks())


def test_scores_are_scored_against_what_was_marked(graph):
    figures = figures_of(toy_scores())
    assert figures["auroc"] > 0.97
    assert figures["patches"] == len(graph)


def test_live_answers_each_click_and_asks_for_the_next(graph, on_disc):
    session = interest.live(graph, config=interest.Train(threads=1), room=MemoryRoom())

    def send(event=None):
        """What it says until it is ready for more."""
        replies = [session.send(event)]
        while not (isinstance(replies[-1], Progress) and replies[-1].text == "ready"):
            replies.append(session.send(None))
        return [one for one in replies if not isinstance(one, Progress)]

    assert "click what is interesting" in send()[0].text
    rows = [int(graph.table.grid.covering(0, 0, *disc)[0]) for disc in DISCS]
    (note,) = send(Click(rows[0], True))
    assert "Add one place that is not interesting" in note.text
    (answer,) = send(Click(0, False))
    assert auroc(answer.scores.score, on_disc) > 0.9
    assert answer.asked not in (rows[0], 0)
    (reasons,) = send(Why(rows[1]))
    assert reasons.clicks[0][0] == rows[0]
    assert set(reasons.neighbours) == {"similarity", "spatial"}
    (wrong,) = send(Click(rows[1], False))
    (taken_back,) = send(Click(rows[1], None))
    assert taken_back.scores.fingerprint == answer.scores.fingerprint != wrong.scores.fingerprint
    with pytest.raises(StopIteration) as end:
        session.send(Signal.STOP)
    model = end.value.value
    assert model.data["way"] == "clicks"
    assert use(model, graph).score == pytest.approx(answer.scores.score, abs=1e-5)


def test_live_asks_for_another_patch_and_tells_the_best_threshold(graph, on_disc):
    session = interest.live(graph, clicks(), config=interest.Train(threads=1), room=MemoryRoom())

    def answer(event=None):
        reply = session.send(event)
        while not isinstance(reply, ClickAnswer):
            reply = session.send(None)
        return reply

    first = answer()
    assert first.clicks == 5
    assert answer(Clicks((Click(3, False), Click(4, False), Click(3, None)))).clicks == 6
    second = answer(Clicks((Click(4, None),)))
    assert (second.clicks, second.heard) == (5, 2)
    second = answer(Skip(first.asked))
    grid = graph.table.grid
    assert not grid.overlapping(np.array([first.asked]), np.array([second.asked]))[0]
    assert second.scores.fingerprint == first.scores.fingerprint
    is_disc, is_none = on_disc
    found = first.scores.score > first.above
    assert 0 < first.above < 1
    assert found[is_disc].mean() > 0.5 > found[is_none].mean()
    session.close()
