"""A downloader for pooch that goes on where a download broke off."""

from __future__ import annotations

import errno
import os
import threading
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import requests

from napari_simgraph.io.faults import Told

PART = ".part"  # behind the name of a file that has not come whole yet
_CHUNK = 2**14  # bytes; a slow line of 100 kB/s still brings six in a second
_BUSY = (408, 425, 429, 500, 502, 503, 504)  # answers after which it is worth trying again
_GONE = (404, 410)
_RANGE_UNKNOWN, _PARTIAL = 416, 206
_FULL = (errno.ENOSPC, getattr(errno, "EDQUOT", errno.ENOSPC))


class FetchError(Told):
    """What kept a file from coming, and what to do, in one sentence."""


class Halted(Exception):
    """The person cancelled or stopped; what came is kept beside the target."""


@dataclass(frozen=True)
class Line:
    """How patient a download is.

    Parameters
    ----------
    waits
        Seconds before each new try after the line broke off; a try that brings something
        begins the list anew.
    timeout
        Seconds without an answer after which the line counts as broken.
    """

    waits: tuple[float, ...] = (1.0, 2.0, 4.0)
    timeout: float = 15.0


class Resuming:
    """Loads one URL into the file that pooch names, going on with ``TARGET.part``.

    Parameters
    ----------
    target
        Where the file will be in the end; the part stands beside it.
    halt
        Set from outside to end it before the next bytes are written.
    count
        Told how many bytes of the file are there now.
    line
        How patient it is.
    """

    def __init__(
        self, target: Path, halt: threading.Event, count: Callable[[int], None], line: Line
    ) -> None:
        self._part = target.with_name(target.name + PART)
        self._halt, self._count, self._line = halt, count, line
        self.resumed = False  # whether some of the file came in an earlier run

    def __call__(self, url: str, output_file: str, pooch: Any = None) -> None:
        """Load the URL; tries again where the line breaks off.

        Raises
        ------
        FetchError
            It can't be had, or the disk is full.
        Halted
            `halt` was set.
        """
        self.resumed = self._have() > 0
        before, tries = self._have(), 0
        while True:
            try:
                self._load(url)
                os.replace(self._part, output_file)
                return
            except requests.RequestException as error:
                tries = 0 if self._have() > before else tries
                before = self._have()
                if tries >= len(self._line.waits):
                    raise self._say(url, error) from error
                if self._halt.wait(self._line.waits[tries]):
                    raise Halted from None
                tries += 1
            except OSError as error:
                if error.errno not in _FULL:
                    raise
                raise FetchError("The disk is full. Make room, then fetch again.") from error

    def forget(self) -> None:
        """Drop what came so far."""
        self._part.unlink(missing_ok=True)

    def _have(self) -> int:
        return self._part.stat().st_size if self._part.is_file() else 0

    def _load(self, url: str) -> None:
        """What is missing, at the end of the part; all of it where the server can't go on."""
        have = self._have()
        # Compressed on the way, the bytes to go on from would not be those of the file.
        headers = {"Accept-Encoding": "identity"}
        if have:
            headers["Range"] = f"bytes={have}-"
        with requests.get(
            url, headers=headers, stream=True, timeout=self._line.timeout
        ) as response:
            if have and response.status_code == _RANGE_UNKNOWN:
                self.forget()
                self.resumed = False
                raise requests.ConnectionError("the part was longer than the file")
            _check(response, url)
            goes_on = have and response.status_code == _PARTIAL and _begins_at(response, have)
            if not goes_on:
                have, self.resumed = 0, False
            self._write(response, have)

    def _write(self, response: requests.Response, have: int) -> None:
        with self._part.open("ab" if have else "wb") as file:
            self._count(have)
            for chunk in response.iter_content(_CHUNK):
                if self._halt.is_set():
                    raise Halted
                file.write(chunk)
                have += len(chunk)
                self._count(have)

    def _say(self, url: str, error: requests.RequestException) -> FetchError:
        host = urlsplit(url).netloc
        if error.response is not None:
            return FetchError(f"{host} is busy ({error.response.status_code}). Fetch again later.")
        if self._have():
            return FetchError(
                f"The line to {host} broke off. Fetch again: it goes on where it stopped."
            )
        return FetchError(f"{host} can't be reached. Check the network, then fetch again.")


def _check(response: requests.Response, url: str) -> None:
    """Nothing, where the answer brings the file."""
    code, parts = response.status_code, urlsplit(url)
    if code in _BUSY:
        raise requests.HTTPError(str(code), response=response)
    name = parts.path.rpartition("/")[2]
    if code in _GONE:
        raise FetchError(f"{name} is no longer at {parts.netloc} ({code}). Look for a new version.")
    if code >= 400:
        raise FetchError(f"{parts.netloc} does not give {name} ({code}).")


def _begins_at(response: requests.Response, start: int) -> bool:
    """Whether the bytes that come are those that were asked for."""
    return response.headers.get("Content-Range", "").startswith(f"bytes {start}-")
