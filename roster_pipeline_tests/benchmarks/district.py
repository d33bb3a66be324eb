"""Generate and record the measured districts: their sizes, and one with a hundredth of its records changed.

This is a process of its own, so that the memory for generating people does not count for another case.
"""

import json
import sys
from collections import defaultdict
from collections.abc import Iterator
from pathlib import Path
from random import Random
from typing import TypeVar

import httpx

from roster_pipeline.extract.pagination import LIMIT
from roster_pipeline.model.resources import RESOURCES
from roster_pipeline.sandbox.api.relations import list_users_of_role
from roster_pipeline.sandbox.api.server import running_sandbox
from roster_pipeline.sandbox.data.district import SandboxDistrict
from roster_pipeline.sandbox.data.generate import DistrictSpec, generate_district
from roster_pipeline_tests.benchmarks.measure import report
from roster_pipeline_tests.benchmarks.replay import INDEX, answer_key

T = TypeVar("T")
SEED = 20261122
ENROLMENTS = 6
HUNDREDTH = 100
API = "/v3.1"


def main(students: int, into: str) -> None:
    """Record a district of some size as `first`, and with one hundredth of it changed as `changed`."""
    district = generate_district(spec_of(students), SEED)
    record(district, Path(into) / "first")
    change_a_hundredth(district, Random(SEED))
    record(district, Path(into) / "changed")
    report(0.0)


def spec_of(students: int) -> DistrictSpec:
    """Return the sizes of a district. One of 100,000 students has 160 schools, 5,500 teachers and 24,000 sections."""
    return DistrictSpec(
        "Benchmark Valley Unified",
        schools=max(3, students * 160 // 100_000),
        students=students,
        teachers=students * 55 // 1_000,
        sections=students * 24 // 100,
        enrolments_per_student=ENROLMENTS,
    )


def change_a_hundredth(district: SandboxDistrict, rng: Random) -> None:
    """Rename a hundredth of the people and sections, and move a hundredth of the enrollments."""
    for role in ("student", "teacher"):
        for key in _hundredth(list_users_of_role(district, role), rng):
            user = district.get("users", key)
            district.put("users", user | {"name": user["name"] | {"last": f"Renamed{key[-4:]}"}})
    sections = district.resources["sections"]
    for key in _hundredth(sections.ids(), rng):
        district.put("sections", sections[key] | {"name": f"{sections[key].get('name', '')} (renamed)"})
    _move_students(district, rng)


def _move_students(district: SandboxDistrict, rng: Random) -> None:
    """Move one student from a section to another section of the same school, several times."""
    sections = district.resources["sections"]
    by_school: dict[str | None, list[str]] = defaultdict(list)
    for section in sections.values():
        by_school[section.get("school")].append(section["id"])
    members = {key: list(section.get("students", ())) for key, section in sections.items()}
    taken = _hundredth([(key, student) for key in members for student in members[key]], rng)
    for key, student in taken:
        other = rng.choice(by_school[sections[key].get("school")])
        if student not in members[other]:
            members[key].remove(student)
            members[other].append(student)
    for key, students in members.items():
        if students != sections[key].get("students"):
            district.put("sections", sections[key] | {"students": students})


def _hundredth(values: list[T], rng: Random) -> list[T]:
    return rng.sample(values, len(values) // HUNDREDTH)


def record(district: SandboxDistrict, into: Path) -> None:
    """Record every answer of a full read as the sandbox gives it. `INDEX` has the file of each address."""
    into.mkdir(parents=True)
    index: dict[str, str] = {}
    pages: dict[str, list[str]] = {}
    with running_sandbox([district]) as address, httpx.Client(base_url=address.url, timeout=600) as http:

        def keep(uri: str, **who: object) -> bytes:
            body = http.get(uri, **who).raise_for_status().content
            index[answer_key(uri)] = f"{len(index):04}.json"
            (into / index[answer_key(uri)]).write_bytes(body)
            return body

        bearer = {"Authorization": f"Bearer {district.token}"}
        keep(f"/oauth/tokens?owner_type=district&district={district.id}", auth=("sandbox", "sandbox"))
        keep(f"{API}/districts/{district.id}", headers=bearer)
        for resource in RESOURCES:
            role = f"&role={resource.role}" if resource.role else ""
            pages[resource.name] = []
            uri: str | None = f"{API}/{resource.path}?limit={LIMIT}{role}"
            while uri is not None:
                pages[resource.name].append(uri)
                uri = next(_next_links(keep(uri, headers=bearer)), None)
    described = {"district_id": district.id, "answers": index, "pages": pages}
    (into / INDEX).write_text(json.dumps(described))


def _next_links(body: bytes) -> Iterator[str]:
    return (link["uri"] for link in json.loads(body)["links"] if link["rel"] == "next")


if __name__ == "__main__":
    main(**json.loads(sys.argv[2]))
