"""What a job writes is told while it goes on, also to whoever stops it."""

from napari_simgraph.core.job import Progress, Region, Signal
from napari_simgraph.learn.showing import showing


def writing(written, heard):
    try:
        for number in range(3):
            written += [Region("map", (slice(number, number + 1),))] * number
            heard.append((yield Progress(number / 3)))
            if Signal.STOP in heard:
                return "stopped"
        return "done"
    finally:
        heard.append("closed")


def told(job, answers=()):
    """What a job ticks, and what it returns."""
    found, answers = [], list(answers)
    try:
        tick = next(job)
        while True:
            found.append(tick)
            tick = job.send(answers.pop(0) if answers else None)
    except StopIteration as end:
        return found, end.value


def test_parts_follow_the_tick_before_which_they_were_written():
    written, heard = [], []
    ticks, value = told(showing(writing(written, heard), written))
    assert [type(tick).__name__ for tick in ticks] == [
        *("Progress", "Progress", "Region", "Progress", "Region", "Region")
    ]
    assert value == "done"
    assert (written, heard) == ([], [None, None, None, "closed"])


def test_stop_is_heard_whichever_tick_it_answers():
    for at in (1, 2):  # the second Progress, or the Region behind it
        written, heard = [], []
        answers = [None] * at + [Signal.STOP]
        assert told(showing(writing(written, heard), written), answers)[1] == "stopped"
        assert heard == [None, Signal.STOP, "closed"]


def test_closed_at_a_part_it_closes_the_job():
    written, heard = [], []
    job = showing(writing(written, heard), written)
    assert isinstance([next(job) for _ in range(3)][-1], Region)
    job.close()
    assert heard == [None, "closed"]
