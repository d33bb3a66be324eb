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
from roster_pipeline_tests.chaos.visible import read_visible

if TYPE_CHECKING:
    from roster_pipeline_tests.chaos.hazards import Life

LONG = (1_001, 20_000, 17_000_000)
"""Characters. PostgreSQL's COPY ends at lines of 16 MiB."""
NEIGHBOUR = DistrictSpec("Next Valley", 1, 6, 2, 2, 2.0)

BadRecord = Callable[["Life"], AbstractContextManager[SandboxDistrict]]


@contextmanager
def _long_name_of_person(life: Life) -> Iterator[SandboxDistrict]:
    """Give a person a first name that is too long. It is not read, and the account keeps its first name."""
    person = life.town._person()
    too_long = person["name"] | {"first": "n" * life.town.rng.choice(LONG)}
    with _spoiled(life, "users", person | {"name": too_long}) as expected:
        yield expected


@contextmanager
def _long_email(life: Life) -> Iterator[SandboxDistrict]:
    """Give a person an email that is too long. It is not read, and the account keeps its email."""
    person = life.town._person()
    with _spoiled(life, "users", person | {"email": "e" * life.town.rng.choice(LONG) + "@example.org"}) as expected:
        yield expected


@contextmanager
def _long_name_of_place(life: Life) -> Iterator[SandboxDistrict]:
    """Give a section or school a name that is too long. It is rejected, and its published data stays."""
    resource = life.town.rng.choice(("sections", "schools"))
    record = life.town._any(resource)
    with _spoiled(life, resource, record | {"name": "c" * life.town.rng.choice(LONG)}) as expected:
        yield expected


@contextmanager
def _id_of_another_district(life: Life) -> Iterator[SandboxDistrict]:
    """Add a record with the Clever id of another district. It is rejected, and that district is unchanged."""
    neighbour = _neighbour(life)
    resource = life.town.rng.choice(("users", "sections", "schools"))
    key = life.town.rng.choice(neighbour.resources[resource].ids())
    own = life.town._person() if resource == "users" else life.town._any(resource)
    before = read_visible(life.place.engine, neighbour.id)
    expected = deepcopy(life.town.district)
    life.town.district.put(resource, own | {"id": key})
    try:
        yield expected
    finally:
        life.town.district.remove(resource, key)
        changed = read_visible(life.place.engine, neighbour.id) != before
        life.score.note(WRONG, changed, "another district was changed")


BAD_RECORDS: tuple[BadRecord, ...] = (
    *(_long_name_of_person, _long_email, _long_name_of_place, _id_of_another_district),
)


@contextmanager
def _spoiled(life: Life, resource: str, record: dict) -> Iterator[SandboxDistrict]:
    """Put a bad record into the feed, and restore the record at the end."""
    district = life.town.district
    was, expected = district.get(resource, record["id"]), deepcopy(district)
    district.put(resource, record)
    try:
        yield expected
    finally:
        district.put(resource, was)


def _neighbour(life: Life) -> SandboxDistrict:
    """Return a second district of the installation. The first call connects and syncs it."""
    served = life.ground.clever.served
    if len(served) == 1:
        served.append(generate_district(NEIGHBOUR, life.town.rng.randrange(1 << 30)))
        life.place.connect(served[1])
        with life.place.entered():
            ended = sync(served[1].id, mode="full")
        life.score.note(WRONG, ended.exit_code != 0, f"the first sync of another district failed: {ended.failure}")
    return served[1]
