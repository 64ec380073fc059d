"""What a task of the runner tells, noted for tests."""

import threading


class Watch:
    """What a task told, and in which thread."""

    def __init__(self, task):
        self.task, self.endings, self.ticks, self.threads = task, [], [], set()
        task.ended.connect(self.end)
        task.ticked.connect(self.tick)

    def end(self, ending):
        self.threads.add(threading.get_ident())
        self.endings.append(ending)

    def tick(self, tick):
        self.threads.add(threading.get_ident())
        self.ticks.append(tick)

    @property
    def ending(self):
        assert len(self.endings) == 1
        return self.endings[0]
