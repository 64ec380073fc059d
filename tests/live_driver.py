"""Drives a live session as the dock does: sends events, collects the answers."""

import numpy as np

from napari_simgraph import MemoryRoom
from napari_simgraph.capabilities import segmentation
from napari_simgraph.core.job import Note, Progress, Signal
from napari_simgraph.core.live import UNCHANGED, Answer, ClassChange, Field, Place, Strokes

WHOLE = Field(0, 0, 0, 96, 96)


def stroke(truth, value, top, left, height, width, z=0):
    """A stroke in a box, clipped to where that class is."""
    part = truth[top : top + height, left : left + width]
    return Strokes(z, top, left, np.where(part == value, value, UNCHANGED).astype(np.uint8))


def classes(*names):
    return [ClassChange("add", value, name) for value, name in enumerate(names, 1)]


class Session:
    """A live session of an image; `do` sends events and gives the answer to them."""

    def __init__(self, image, labels=None, history=None, start=None, room=None, **settings):
        quick = {"threads": 1, "device": "cpu", "patch": 32, "batch": 2, "width": 4, "depth": 2}
        config = segmentation.Live(**quick | {"rest": 0} | settings)
        named = {"labels": labels, "history": history, "start": start}
        self.room = room or MemoryRoom()
        self.job = segmentation.live(image, config=config, room=self.room, **named)
        self.replies, self.answers, self.notes, self.places = [], [], [], []
        self.rested = 0

    def send(self, message=None):
        reply = self.job.send(message)
        self.replies.append(reply)
        self.rested += isinstance(reply, Progress) and reply.done == 1
        for kind, kept in ((Answer, self.answers), (Note, self.notes), (Place, self.places)):
            if isinstance(reply, kind):
                kept.append(reply)
        return reply

    def do(self, *events):
        """Send events and wait until it rests; the last answer."""
        if not self.replies:
            self.send()
        for event in events:
            self.send(event)
        rested = self.rested
        while self.rested < rested + 2:  # the first may have stood there before
            self.send()
        return self.answers[-1] if self.answers else None

    def marks(self):
        return tuple((answer.events, answer.steps) for answer in self.answers)

    def stop(self):
        """The model."""
        try:
            message = Signal.STOP
            while True:
                self.send(message)
                message = None
        except StopIteration as end:
            return end.value
