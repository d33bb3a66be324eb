"""No answer of Clever takes more memory than its limit, however it is packed.

Each answer comes over real HTTP to a process of its own, whose memory is measured.
"""

from __future__ import annotations

import gzip
import subprocess
import sys

import httpx
import pytest

from roster_pipeline_tests.support.fake_clever import DISTRICT, FakeClever, over_http

MEBIBYTE = 2**20
MOST_MEBIBYTES = 600
READ = """
import resource, sys
from pathlib import Path
from tempfile import TemporaryDirectory
from roster_pipeline.errors import SourceUnusable
from roster_pipeline.extract.client import CleverAccess, CleverClient
from roster_pipeline.extract.events import read_events
from roster_pipeline.extract.lists import read_feed
from roster_pipeline.model.feed import Cursor
from roster_pipeline.model.resources import SCHOOLS, SECTIONS

def peak():
    # ru_maxrss of a new process begins with that of its parent on Linux.
    status = Path("/proc/self/status")
    if status.exists():
        return next(int(line.split()[1]) for line in status.read_text().splitlines() if line.startswith("VmHWM"))
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024

url, district = sys.argv[1:]
before = peak()
with CleverClient(CleverAccess(url, url, "v3.1", "client", "x")) as client, TemporaryDirectory() as folder:
    for read in (
        lambda: read_feed(client, district, Path(folder), resources=(SCHOOLS, SECTIONS)),
        lambda: read_events(client.connection(district), Cursor(), Path(folder)),
    ):
        try:
            read()
            print("read")
        except SourceUnusable as error:
            print(type(error).__name__)
print((peak() - before) // 1024)
"""


def packed(content: bytes, encoding: str) -> httpx.Response:
    """An answer that httpx itself does not unpack in this process."""
    headers = {"Content-Encoding": encoding, "Content-Length": str(len(content))}
    return httpx.Response(200, content=iter([content]), headers=headers)


LAST = b'],"links":[]}'
ONE_RECORD = b'{"data":[{"data":{"id":"a","students":['
WIDE = b"x" * 990 + "\U0001f600".encode()
"""A text that Python keeps with four bytes a character."""


def listed(start: bytes, piece: bytes, times: int, end: bytes) -> bytes:
    return gzip.compress(start + b",".join([piece] * times) + end, 1)


BOMBS = {
    "a thousandfold": lambda: gzip.compress(b" " * 16 * MEBIBYTE) * 256,
    "texts": lambda: listed(ONE_RECORD, b'"aa"', 1_900_000, b"]}}" + LAST),
    "too many texts": lambda: listed(ONE_RECORD, b'"aa"', 12_000_000, b"]}}" + LAST),
    "wide texts": lambda: listed(b'{"data":[', b'{"data":{"id":"a","students":["' + WIDE + b'"]}}', 60_000, LAST),
    "one wide text": lambda: listed(ONE_RECORD, b'"' + WIDE * 60_000 + b'"', 1, b"]}}" + LAST),
    "numbers": lambda: listed(b'{"data":[', b"0", 1_900_000, LAST),
    "few numbers": lambda: listed(b'{"data":[', b"0", 100_000, LAST),
    "objects": lambda: listed(ONE_RECORD, b"{}", 1_900_000, b"]}}" + LAST),
}


@pytest.mark.parametrize("bomb", BOMBS)
def test_no_answer_takes_more_than_600_megabytes(bomb):
    """Two lists at once, and the events, answer with it over real HTTP."""
    content = BOMBS[bomb]()
    with over_http(FakeClever(lambda _: packed(content, "gzip"))) as access:
        command = [sys.executable, "-c", READ, access.api_url, DISTRICT]
        done = subprocess.run(command, capture_output=True, text=True, check=True)
    *outcomes, grown = done.stdout.split()
    assert len(outcomes) == 2, done.stderr
    assert int(grown) < MOST_MEBIBYTES
