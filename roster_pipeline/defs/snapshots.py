"""Whether a district's snapshot succeeded, kept in the product: alerts and commands read it there."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager, suppress

from roster_pipeline.defs.failures import line_of
from roster_pipeline.defs.resources import DistrictSync
from roster_pipeline.errors import RosterError, is_interruption
from roster_pipeline.product.organizations import record_snapshot

WARNING = "warning"
"""The metadata of a snapshot that an operator has to know of; a command shows it."""


@contextmanager
def recorded(sync: DistrictSync, organization_id: int) -> Iterator[None]:
    """Keep in the product whether the snapshot succeeded: the sync itself has been published."""
    try:
        yield
    except Exception as error:
        if not is_interruption(error):
            with suppress(RosterError), sync.product() as pg:
                record_snapshot(pg, organization_id, sync.now(), failure=line_of(error))
        raise
    with sync.product() as pg:
        record_snapshot(pg, organization_id, sync.now())
