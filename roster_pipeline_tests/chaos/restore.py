"""Puts a product's database back to an earlier state, as an operator does after a lost disk."""

from collections.abc import Iterator
from contextlib import contextmanager

from roster_pipeline_tests.chaos.places import Place
from roster_pipeline_tests.support.server import execute_apart


@contextmanager
def backup(server_url: str, place: Place) -> Iterator[None]:
    """Copy the database on entering; on leaving, put the copy in its place."""
    name = place.engine.url.database
    copy = f"{name}_backup"
    place.engine.dispose()
    execute_apart(server_url, f"create database {copy} template {name}")
    yield
    place.engine.dispose()
    execute_apart(server_url, f"drop database {name} with (force)")
    execute_apart(server_url, f"alter database {copy} rename to {name}")
