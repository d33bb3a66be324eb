"""Serve a small generated district over real HTTP for the tests of the sandbox."""

from itertools import count
from pathlib import Path

import httpx
import pytest

from roster_pipeline.sandbox.api.server import running_sandbox
from roster_pipeline.sandbox.data.generate import DistrictSpec, generate_district

VILLAGE = DistrictSpec("Test Village", 3, 260, 24, 120, 4.0, staff=4, admins=2, contacts=30)


@pytest.fixture
def village_again():
    """Makes the village once more."""
    return lambda: generate_district(VILLAGE, seed=1)


@pytest.fixture
def village(village_again):
    return village_again()


@pytest.fixture(scope="session")
def running():
    """One server for all tests, and the list of what it serves.

    Each request falls into a minute of its own, so that no test can use up the rate limit of another.
    """
    served = []
    minutes = count(step=60)
    with running_sandbox(served, clock=lambda: float(next(minutes))) as sandbox:
        yield served, sandbox


@pytest.fixture
def clever(running, village):
    """A client that holds the village's token; the village is all that is served."""
    served, sandbox = running
    served[:] = [village]
    with httpx.Client(base_url=sandbox.url, headers={"authorization": f"Bearer {village.token}"}) as client:
        yield client


@pytest.fixture
def walk(clever):
    """Every page of a list by its `next` links, as decoded bodies."""

    def pages(path):
        while path:
            body = clever.get(path).json()
            yield body
            path = next((link["uri"] for link in body["links"] if link["rel"] == "next"), None)

    return pages


@pytest.fixture
def shared(pytestconfig) -> Path:
    """The folder of reference material beside the project, which not every machine has."""
    folder = pytestconfig.rootpath.parent / "shared"
    if not folder.is_dir():
        pytest.skip(f"the reference material is not on this machine: {folder}")
    return folder
