"""Restore an earlier state of a product database, as an operator does after a disk is lost."""

from collections.abc import Iterator
from contextlib import contextmanager

from roster_pipeline_tests.chaos.places import Place
from roster_pipeline_tests.support.server import execute_apart


@contextmanager
def backup(server_url: str, place: Place) -> Iterator[None]:
    """Copy the database, and put the copy in its place at the end of the context."""
    name = place.engine.url.database
    copy = f"{name}_backup"
    place.engine.dispose()
    execute_apart(server_url, f"create database {copy} template {name}")
    yield
    place.engine.dispose()
    execute_apart(server_url, f"drop database {name} with (force)")
    execute_apart(server_url, f"alter database {copy} rename to {name}")
