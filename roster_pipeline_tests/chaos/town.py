"""Change a district at random: days in Clever drawn from a seed, with names and addresses of every kind."""

from collections.abc import Callable, Sequence
from random import Random
from typing import Any

from roster_pipeline.sandbox.data.district import SandboxDistrict
from roster_pipeline.sandbox.data.generate import DistrictSpec, generate_district
from roster_pipeline.sandbox.data.school_day import school_days

UNKNOWN = "0123456789abcdef01234567"
"""An id that no list has."""
Object = dict[str, Any]


class Town:
    """One district and the random generator of its changes.

    Args:
        texts: what names and titles are taken from.
    """

    def __init__(self, rng: Random, texts: Sequence[str], *, students: int) -> None:
        self.rng, self.texts = rng, texts
        spec = DistrictSpec("Torn Valley", 3, students, max(4, students // 5), max(5, students // 3), 3.0, staff=2)
        self.district: SandboxDistrict = generate_district(spec, rng.randrange(1 << 30))
        self.gone: list[tuple[str, Object]] = []

    def live(self, edits: int) -> None:
        """Make some random changes in Clever."""
        for _ in range(edits):
            self.rng.choice(EDITS)(self)

    def crowd_leaves(self) -> None:
        """Remove more students than may leave without approval, from their classes too."""
        students = self._people("student")
        for key in self.rng.sample(students, len(students) // 4):
            self._take_out(key)
            self.remove("users", key)

    def class_empties(self) -> None:
        section = max(self.district.resources["sections"].values(), key=lambda one: len(one["students"]))
        self.district.put("sections", section | {"students": []})

    def arrive(self) -> Object:
        """Add a new person with an own email."""
        key = f"{self.rng.getrandbits(96):024x}"
        name = {"first": self._text(), "last": self._text()}
        newcomer = self._person() | {"id": key, "email": f"{key}@example.org", "name": name}
        self.district.put("users", newcomer)
        return newcomer

    def remove(self, resource: str, key: str) -> None:
        """Remove a record, unless it is the last one of its list. An empty list would prove nothing."""
        if resource == "users":
            last = any(self._people(role) == [key] for role in ("student", "teacher"))
        else:
            last = len(self.district.resources[resource]) == 1
        if not last:
            self.gone.append((resource, self.district.get(resource, key)))
            self.district.remove(resource, key)

    def _people(self, role: str) -> list[str]:
        return [key for key, user in self.district.resources["users"].items() if role in user["roles"]]

    def _take_out(self, key: str) -> None:
        for section in list(self.district.resources["sections"].values()):
            if key in section["students"]:
                rest = [one for one in section["students"] if one != key]
                self.district.put("sections", section | {"students": rest})

    def _any(self, resource: str) -> Object:
        return self.district.get(resource, self.rng.choice(self.district.resources[resource].ids()))

    def _person(self) -> Object:
        return self.district.get("users", self.rng.choice(self._people("student") + self._people("teacher")))

    def _some(self, ids: Sequence[str], most: int) -> list[str]:
        return self.rng.sample(ids, self.rng.randint(0, min(most, len(ids))))

    def _rename(self) -> None:
        person = self._person()
        which = self.rng.choice((("first",), ("last",), ("first", "last")))
        self.district.put("users", person | {"name": person["name"] | {one: self._text() for one in which}})

    def _readdress(self) -> None:
        other = self._person().get("email")
        number = self.rng.randrange(1 << 30)
        fresh = f"moved{number}@example.org"
        email = self.rng.choice((fresh, fresh.upper(), f" {fresh}\t", other, None, "", self._text(), "no address"))
        self.district.put("users", self._person() | {"email": email})

    def _swap(self) -> None:
        one, two = self._person(), self._person()
        if one["id"] != two["id"]:
            self.district.put("users", one | {"email": two.get("email")})
            self.district.put("users", two | {"email": one.get("email")})

    def _change_role(self) -> None:
        person = self._person()
        part = next(iter(person["roles"].values()))
        if not any(self._people(role) == [person["id"]] for role in ("student", "teacher")):
            roles = self.rng.choice((("student",), ("teacher",), ("student", "teacher"), ("staff",)))
            self.district.put("users", person | {"roles": dict.fromkeys(roles, part)})

    def _move(self) -> None:
        person, schools = self._person(), self._some(self.district.resources["schools"].ids(), 3)
        part = {"school": schools[0] if schools else None, "schools": schools}
        self.district.put("users", person | {"roles": dict.fromkeys(person["roles"], part)})

    def _leave(self) -> None:
        key = self._person()["id"]
        if self.rng.random() < 0.5:
            self._take_out(key)
        self.remove("users", key)

    def _go(self) -> None:
        resource = self.rng.choice(("sections", "sections", "schools", "terms"))
        self.remove(resource, self._any(resource)["id"])

    def _come_back(self) -> None:
        if self.gone:
            self.district.put(*self.gone.pop(self.rng.randrange(len(self.gone))))

    def _retitle(self) -> None:
        said = {name: self._text() for name in self.rng.sample(("name", "subject", "grade", "period"), 2)}
        terms = [*self.district.resources["terms"], None, UNKNOWN]
        self.district.put("sections", self._any("sections") | said | {"term_id": self.rng.choice(terms)})

    def _reseat(self) -> None:
        teachers = self._some(self._people("teacher"), 3)
        students = [*self._some(self._people("student"), 9), *self._some([UNKNOWN], 1)]
        members = {"teachers": teachers, "teacher": teachers[0] if teachers else None, "students": students}
        place = {"school": self._any("schools")["id"]}
        self.district.put("sections", self._any("sections") | members | place)

    def _rename_places(self) -> None:
        for resource in ("schools", "terms"):
            self.district.put(resource, self._any(resource) | {"name": self._text()})

    def _school_day(self) -> None:
        school_days(self.district, 1)

    def _text(self) -> str:
        return self.rng.choice(self.texts)


EDITS: tuple[Callable[[Town], object], ...] = (
    *(Town._rename, Town._readdress, Town._swap, Town._change_role, Town._move, Town._leave, Town._go),
    *(Town._come_back, Town.arrive, Town._retitle, Town._reseat, Town._rename_places, Town._school_day),
)
