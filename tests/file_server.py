"""A file server on the loopback interface that can misbehave."""

import threading
import time
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer


class FileServer(ThreadingHTTPServer):
    """Serves `files` (bytes by path) and notes every request: path, and where it begins.

    `breaks` says how often an answer ends after half of what is left; `ignores_range` answers
    always from the beginning; `codes` are answered before anything else; `slow` waits that many
    seconds before each 16 kB.
    """

    daemon_threads = True

    def __init__(self):
        super().__init__(("127.0.0.1", 0), _Handler)
        self.files, self.asked, self.codes = {}, [], []
        self.breaks, self.slow, self.ignores_range = 0, 0.0, False

    @property
    def url(self):
        return f"http://127.0.0.1:{self.server_port}"

    def handle_error(self, request, client_address):
        """A client that leaves in the middle is what some tests are about."""


class _Handler(BaseHTTPRequestHandler):
    def do_GET(self):
        server, path = self.server, self.path.lstrip("/")
        asked = self.headers.get("Range", "bytes=0-").removeprefix("bytes=").rstrip("-")
        start = 0 if server.ignores_range else int(asked)
        server.asked.append((path, start))
        code = server.codes.pop(0) if server.codes else 200 if path in server.files else 404
        if code != 200:
            self.send_error(code)
            return
        whole = server.files[path]
        if start >= len(whole) > 0:
            self.send_error(416)
            return
        self._answer(whole, start)

    def _answer(self, whole, start):
        server, body = self.server, whole[start:]
        self.send_response(206 if start else 200)
        self.send_header("Content-Length", str(len(body)))
        if start:
            self.send_header("Content-Range", f"bytes {start}-{len(whole) - 1}/{len(whole)}")
        self.end_headers()
        if server.breaks:
            server.breaks -= 1
            body = body[: len(body) // 2]
        for at in range(0, len(body), 2**14):
            time.sleep(server.slow)
            self.wfile.write(body[at : at + 2**14])
        self.wfile.flush()
        self.close_connection = True

    def log_message(self, *words):
        """Silent."""


@contextmanager
def file_server():
    """A running server."""
    with FileServer() as server:
        thread = threading.Thread(target=server.serve_forever, args=(0.02,), daemon=True)
        thread.start()
        try:
            yield server
        finally:
            server.shutdown()
            thread.join()
