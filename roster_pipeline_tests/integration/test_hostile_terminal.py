"""Every command shows names that contain terminal codes without executing them."""

import pytest

from roster_pipeline_tests.support.hostile_terminal import HOSTILE
from roster_pipeline_tests.support.people import users_of
from roster_pipeline_tests.support.scripts import script  # noqa: F401 - fixtures

NAME = HOSTILE.replace("\x00", "")
"""PostgreSQL stores no NUL."""


@pytest.fixture
def hostile(valley):
    """A district in which names are hostile, and in which something waits for a person."""
    valley.put("districts", valley.get("districts", valley.id) | {"name": NAME, "state": NAME, "error": NAME})
    for resource in ("schools", "sections"):
        for key in valley.resources[resource].ids():
            valley.put(resource, valley.get(resource, key) | {"name": NAME})
    for role in ("teacher", "student"):
        for key in users_of(valley, role):
            valley.put("users", valley.get("users", key) | {"name": {"first": NAME, "last": NAME}})
    return valley


def test_hostile_names_send_no_control_sequence_to_the_terminal(
    hostile,
    script,
):
    own, one = ("--district", hostile.id), users_of(hostile, "student")[0]
    said = [script("connect", hostile.id, "--tier", "secure_sync"), script("sync", "--mode", "full", *own)]
    for key in users_of(hostile, "student")[:12]:
        hostile.remove("users", key)
    said += [script("sync", "--mode", "full", *own), script("districts"), script("status"), script("holds", "--people")]
    said += [script("why", "--person", one), script("preflight", *own), script("refresh", *own), script("requests")]
    written = [(ended.args[0], ended.returncode, ended.stdout + ended.stderr) for ended in said]
    assert [(name, code) for name, code, _ in written if code not in (0, 3)] == []
    assert {
        (name, sign) for name, _, text in written for sign in text if not sign.isprintable() and sign != "\n"
    } == set()
    assert not any(line.startswith("OK") for _, _, text in written for line in text.splitlines())
