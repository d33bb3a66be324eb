"""Builds what an erasure works with on this machine, Dagster's database included."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import datetime
from functools import partial

from sqlalchemy import Engine

from roster_pipeline.instance.dagster_schema import dagster_place, open_engine, setting_of
from roster_pipeline.privacy.forget import Eraser
from roster_pipeline.product.database import open_product
from roster_pipeline.settings import Settings


def build_eraser(settings: Settings, requested_by: str, now: Callable[[], datetime]) -> Eraser:
    """Return what an erasure works with.

    Args:
        requested_by: who asks for the erasure. The receipt says so.
    """
    return Eraser(settings, open_product(settings), partial(_open_dagster, settings), requested_by, now)


@contextmanager
def _open_dagster(settings: Settings) -> Iterator[Engine]:
    with open_engine(dagster_place(settings), setting_of(settings)) as engine:
        yield engine
