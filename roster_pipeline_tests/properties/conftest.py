"""The fixtures of a small connected district, and of syncs in memory."""

from itertools import count

import pytest

from roster_pipeline_tests.support.district import *  # noqa: F403 - the fixtures
from roster_pipeline_tests.support.memory import MemoryPipeline


@pytest.fixture
def new_memory(tmp_path):
    """Return a function that makes a `MemoryPipeline` whose product is empty."""
    numbers = count(1)

    def make():
        folder = tmp_path / f"memory_{next(numbers)}"
        folder.mkdir()
        return MemoryPipeline(folder)

    return make
