"""Serve recorded answers from memory, so that the work of the server hardly counts.

This module uses the standard library only. It is a process of its own, with its own interpreter lock.
"""

import json
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from urllib.parse import parse_qsl, urlencode, urlsplit

INDEX = "index.json"


@dataclass(frozen=True)
class Recording:
    """The recorded answers of one district.

    Attributes:
        pages: the addresses of each list's pages, below the host, by the list's name.
        bytes_of_pages: all of them together.
    """

    folder: Path
    district_id: str
    pages: dict[str, list[str]]
    bytes_of_pages: int


def read_recording(folder: Path) -> Recording:
    index = json.loads((folder / INDEX).read_text())
    files = [index["answers"][answer_key(uri)] for uris in index["pages"].values() for uri in uris]
    size = sum((folder / file).stat().st_size for file in files)
    return Recording(folder, index["district_id"], index["pages"], size)


def answer_key(uri: str) -> str:
    """Return the same key for the same request, whatever the order of its parameters."""
    parts = urlsplit(uri)
    return f"{parts.path}?{urlencode(sorted(parse_qsl(parts.query)))}"


@contextmanager
def replaying(folder: Path) -> Iterator[str]:
    """Run a server of this recording while the context lasts. Yield its address."""
    command = [sys.executable, __file__, str(folder)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        try:
            assert process.stdout is not None
            yield f"http://127.0.0.1:{int(process.stdout.readline())}"
        finally:
            process.terminate()


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True
    answers: dict[str, bytes]

    def do_GET(self) -> None:
        body = self.answers.get(answer_key(self.path))
        self.send_response(404 if body is None else 200)
        self.send_header("Content-Type", "application/json; charset=utf-8")
        self.send_header("Content-Length", str(len(body or b"")))
        self.end_headers()
        self.wfile.write(body or b"")

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - the name that the base class gave it
        """Print nothing."""


def _serve(folder: Path) -> None:
    answers = json.loads((folder / INDEX).read_text())["answers"]
    _Handler.answers = {key: (folder / file).read_bytes() for key, file in answers.items()}
    with ThreadingHTTPServer(("127.0.0.1", 0), _Handler) as server:
        server.daemon_threads = True
        print(server.server_port, flush=True)
        server.serve_forever()


if __name__ == "__main__":
    _serve(Path(sys.argv[1]))
