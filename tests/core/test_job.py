import pytest

from napari_simgraph.core.job import Clock, Note, Progress, Signal, run


def counting(n, closed):
    try:
        for i in range(n):
            if (yield Progress(i / n)) is Signal.STOP:
                return i
        return n
    finally:
        closed.append(True)


def test_run_returns_the_result_and_sends_signals():
    closed, seen = [], []
    assert run(counting(5, closed), seen.append) == 5
    assert [tick.done for tick in seen] == [0, 0.2, 0.4, 0.6, 0.8]
    stop_at = iter([None, None, Signal.STOP])
    assert run(counting(5, closed), lambda _: next(stop_at)) == 2


def test_run_closes_the_job_when_the_driver_fails():
    closed = []
    with pytest.raises(KeyboardInterrupt):
        run(counting(5, closed), lambda _: (_ for _ in ()).throw(KeyboardInterrupt))
    assert closed


def test_clock_needs_two_marks_and_counts_down():
    times = iter([0.0, 10.0, 20.0])
    clock = Clock(now=lambda: next(times))
    assert clock.left(0.0) == -1
    assert clock.left(0.25) == pytest.approx(30)
    assert clock.left(0.5) == pytest.approx(20)


def test_ticks_are_values():
    assert Note("x") == Note("x")
