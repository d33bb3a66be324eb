"""Records that Clever should never send: fields that are too long, ids that belong to another district.

Each is put into the feed for as long as its context lasts. The context gives the district that the rules expect to be
published, which is the district without the bad record or field.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from copy import deepcopy
from typing import TYPE_CHECKING

from roster_pipeline.sandbox.data.district import SandboxDistrict
from roster_pipeline.sandbox.data.generate import DistrictSpec, generate_district
from roster_pipeline_tests.chaos.score import WRONG
from roster_pipeline_tests.chaos.steps import sync
from roster_pipeline_tests.chaos.visible import look

if TYPE_CHECKING:
    from roster_pipeline_tests.chaos.hazards import Life

LONG = (1_001, 20_000, 17_000_000)
"""Characters. PostgreSQL's COPY ends at lines of 16 MiB."""
NEIGHBOUR = DistrictSpec("Next Valley", 1, 6, 2, 2, 2.0)

BadRecord = Callable[["Life"], AbstractContextManager[SandboxDistrict]]


@contextmanager
def _long_name_of_person(life: Life) -> Iterator[SandboxDistrict]:
    """A first name that is too long is not read. The account keeps its first name."""
    person = life.town._person()
    too_long = person["name"] | {"first": "n" * life.town.rng.choice(LONG)}
    with _spoiled(life, "users", person | {"name": too_long}) as expected:
        yield expected


@contextmanager
def _long_email(life: Life) -> Iterator[SandboxDistrict]:
    """An email that is too long is not read. The account keeps its email."""
    person = life.town._person()
    with _spoiled(life, "users", person | {"email": "e" * life.town.rng.choice(LONG) + "@example.org"}) as expected:
        yield expected


@contextmanager
def _long_name_of_place(life: Life) -> Iterator[SandboxDistrict]:
    """A section or school with a name that is too long is rejected. What is published of it stays."""
    resource = life.town.rng.choice(("sections", "schools"))
    record = life.town._any(resource)
    with _spoiled(life, resource, record | {"name": "c" * life.town.rng.choice(LONG)}) as expected:
        yield expected


@contextmanager
def _id_of_another_district(life: Life) -> Iterator[SandboxDistrict]:
    """A record with the Clever id of another district's record is rejected. The other district is untouched."""
    neighbour = _neighbour(life)
    resource = life.town.rng.choice(("users", "sections", "schools"))
    key = life.town.rng.choice(neighbour.resources[resource].ids())
    own = life.town._person() if resource == "users" else life.town._any(resource)
    before = look(life.place.engine, neighbour.id)
    expected = deepcopy(life.town.district)
    life.town.district.put(resource, own | {"id": key})
    try:
        yield expected
    finally:
        life.town.district.remove(resource, key)
        changed = look(life.place.engine, neighbour.id) != before
        life.score.note(WRONG, changed, "another district was changed")


BAD_RECORDS: tuple[BadRecord, ...] = (
    *(_long_name_of_person, _long_email, _long_name_of_place, _id_of_another_district),
)


@contextmanager
def _spoiled(life: Life, resource: str, record: dict) -> Iterator[SandboxDistrict]:
    """Put the record into the feed; afterwards the record is as it was."""
    district = life.town.district
    was, expected = district.get(resource, record["id"]), deepcopy(district)
    district.put(resource, record)
    try:
        yield expected
    finally:
        district.put(resource, was)


def _neighbour(life: Life) -> SandboxDistrict:
    """A second district of the same installation, connected and synced at the first call."""
    served = life.ground.clever.served
    if len(served) == 1:
        served.append(generate_district(NEIGHBOUR, life.town.rng.randrange(1 << 30)))
        life.place.connect(served[1])
        with life.place.entered():
            ended = sync(served[1].id, mode="full")
        life.score.note(WRONG, ended.exit_code != 0, f"the first sync of another district failed: {ended.failure}")
    return served[1]
