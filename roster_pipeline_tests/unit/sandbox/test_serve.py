"""The sandbox runs in a process of its own, as the command starts it."""

import signal
import socket
import subprocess
import sys
import time

import httpx
import pytest

from roster_pipeline.sandbox.api.server import AddressTaken, create_app, serve

PROGRAM = """
import sys
from roster_pipeline.sandbox.data.generate import DistrictSpec, generate_district
from roster_pipeline.sandbox.api.server import create_app, serve

district = generate_district(DistrictSpec("Served", 1, 5, 1, 1), seed=1)
serve(create_app([district], client_id="id", client_secret="secret"), "127.0.0.1", int(sys.argv[1]))
"""


@pytest.fixture
def free_port():
    with socket.create_server(("127.0.0.1", 0)) as listener:
        return listener.getsockname()[1]


def answer_of(url, seconds=10):
    deadline = time.monotonic() + seconds
    while True:
        try:
            return httpx.get(url)
        except httpx.ConnectError:
            assert time.monotonic() < deadline
            time.sleep(0.05)


def test_it_serves_until_interrupted_and_ends_without_a_word(free_port):
    command = [sys.executable, "-c", PROGRAM, str(free_port)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT) as process:
        status = answer_of(f"http://127.0.0.1:{free_port}/v3.1/users").status_code
        process.send_signal(signal.SIGINT)
        said, _ = process.communicate(timeout=120)

    assert (status, process.returncode, said) == (401, 0, b"")


def test_a_taken_address_is_refused_in_one_line(village):
    with socket.create_server(("127.0.0.1", 0)) as listener, pytest.raises(AddressTaken) as refused:
        serve(create_app([village], client_id="a", client_secret="b"), *listener.getsockname())

    assert "\n" not in str(refused.value)
