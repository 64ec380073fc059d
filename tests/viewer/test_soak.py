"""A window that is used at random: no error, no thread left, no more memory."""

import json
import subprocess
import sys

import numpy as np
import pytest
import soaking

_GROWTH = 1.05  # of memory, from after the warm-up to the end


def soaked(*words, seconds):
    """The report of a window that was used in a process of its own."""
    command = [sys.executable, "-W", "ignore", soaking.__file__, *words]
    done = subprocess.run(command, capture_output=True, text=True, timeout=seconds)
    assert done.returncode == 0, done.stdout[-2000:] + done.stderr[-2000:]
    return soaking.Report(**json.loads(done.stdout.splitlines()[-1]))


def check(report):
    """Nothing went wrong, nothing is left, and memory is at the end what it was before."""
    assert report.errors == []
    assert report.threads == []
    assert report.left == []
    third = max(1, len(report.megabytes) // 3)
    before, after = np.median(report.megabytes[:third]), np.median(report.megabytes[-third:])
    assert after < _GROWTH * before, report.megabytes


@pytest.mark.timeout(1000)  # the machine may be busy: it waits for what it does, not for a clock
def test_a_window_that_is_used_at_random_stays_as_it_is():
    report = soaked("--rounds", "3", seconds=900)
    check(report)
    assert sum(report.acts.values()) == 3 * soaking.ROUND


@pytest.mark.long  # half an hour
@pytest.mark.timeout(3600)
def test_a_window_that_is_used_for_half_an_hour_stays_as_it_is():
    check(soaked("--seconds", "1800", seconds=3500))
