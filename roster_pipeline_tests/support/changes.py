"""Generate random changes of a tiny district, and apply them to its Clever data."""

import random

import pytest
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

from roster_pipeline.model.limits import Limits
from roster_pipeline.product.database import transaction
from roster_pipeline.product.organizations import connect_district
from roster_pipeline.sandbox.api.collection import Collection
from roster_pipeline.sandbox.data.district import SandboxDistrict
from roster_pipeline_tests.support.readers import empty

NO_LIMITS = Limits(class_removals=1.0, school_removals=1.0, district_removals=1.0, window_removals=1.0)
FIRST = ("Ada", "ada", "Zoë", "Zoe", "Bo")
LAST = ("Brook", "Stone", "O'Hara")
EMAILS = (
    None,
    "",
    "a@example.org",
    "A@example.org",
    " b@example.org\t",
    "b@example.org",
    "c@example.org",
    "no address",
)


NAMES = ("Maths", "Maths ", "", "Ünïcode 😀", "Room, 'a' \"b\"")


# An example is several syncs: to look for a smaller one that fails as well would take minutes of every failure.
examples = settings(
    max_examples=8,
    phases=[Phase.explicit, Phase.generate],
    deadline=None,
    derandomize=True,
    database=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)


def clever_id(kind, number, district):
    """Return a Clever id of 24 hexadecimal digits. The kinds are 1 school, 2 person, 3 section and 4 term."""
    return f"{district:08x}{kind:08x}{number:08x}"


def draw_examples(strategy, count):
    """Return examples of a strategy, the same ones in each run."""
    drawn = []

    @settings(examples, max_examples=count)
    @given(strategy)
    def collect(example):
        drawn.append(example)

    collect()
    return drawn


def tiny(district=1, *, domain=None):
    """Return a district with one record in each list, so that no list becomes empty.

    Args:
        domain: as in `apply`.
    """
    key = clever_id(0, 0, district)
    made = SandboxDistrict({"id": key, "name": "Tiny", "state": "running"}, {}, seed=district)
    for change in (("school", 0), ("person", 0, "teacher", 0, 0, 0, {0}), ("person", 9, "student", 1, 1, 0, {0})):
        apply(made, change, district, domain=domain)
    made.put("terms", {"id": clever_id(4, 0, district), "district": key, "name": "Autumn"})
    made.put("courses", {"id": clever_id(5, 0, district), "district": key, "name": "Any", "number": "1"})
    apply(made, ("section", 0, 0, 0, [0], [9]), district)
    return made


def apply(district, change, number=1, *, domain=None):
    """Apply one edit to the Clever data of a district.

    Args:
        number: the number of the district, which is part of the ids.
        domain: a text that makes each email one of this district alone. None leaves the emails of `EMAILS`.
    """

    def own(kind, index):
        return clever_id(kind, index, number)

    kind, index, *rest = change
    if kind == "gone":
        resource, code = {"s": ("schools", 1), "u": ("users", 2), "c": ("sections", 3)}[rest[0]]
        if own(code, index) in district.resources[resource]:
            district.remove(resource, own(code, index))
        return
    shared = {"district": district.id}
    if kind == "school":
        district.put("schools", {**shared, "id": own(1, index), "name": f"School {index}"})
    elif kind == "person":
        role, first, last, email, schools = rest
        schools = [own(1, one) for one in sorted(schools)]
        part = {"school": schools[0] if schools else None, "schools": schools, "sis_id": "1"}
        roles = {name: part for name in ("student", "teacher") if role in (name, "both")} or {"staff": {}}
        if role == "both":
            roles["student"] = {"school": own(1, 0), "schools": [own(1, 0)]}
        name = {"first": FIRST[first], "last": LAST[last]}
        email = _in_domain(EMAILS[email], domain)
        district.put("users", {**shared, "id": own(2, index), "email": email, "name": name, "roles": roles})
    else:
        name, school, teachers, students = rest
        section = {"id": own(3, index), "name": NAMES[name], "school": own(1, school), "term_id": own(4, index % 2)}
        people = {"teachers": [own(2, one) for one in teachers], "students": [own(2, one) for one in students]}
        primary = {"teacher": people["teachers"][0]} if teachers else {}
        district.put("sections", {**shared, **section, **people, **primary})


def _in_domain(email, domain):
    if not email or not domain:
        return email
    return email.replace("example.org", f"{domain}.example.org") if "@" in email else f"{email} {domain}"


number = st.integers(1, 3)


anyone = st.lists(st.integers(1, 9), unique=True, max_size=5)


changes = st.one_of(
    st.tuples(st.just("school"), number),
    st.tuples(
        st.just("person"),
        st.integers(1, 8),
        st.sampled_from(["student", "student", "teacher", "both", "staff"]),
        st.integers(0, len(FIRST) - 1),
        st.integers(0, len(LAST) - 1),
        st.integers(0, len(EMAILS) - 1),
        st.sets(st.integers(0, 3), max_size=3),
    ),
    st.tuples(st.just("section"), number, st.integers(0, len(NAMES) - 1), st.integers(0, 4), anyone, anyone),
    st.tuples(st.just("gone"), st.integers(1, 8), st.sampled_from("suuc")),
)


@pytest.fixture
def begin(product, clever, environment):
    """Empty the product and serve these districts, so that each example starts from nothing."""

    def begun(*districts):
        empty(product)
        clever.served[:] = districts
        for number_, district in enumerate(districts):
            with transaction(product) as pg:
                connect_district(pg, district.id, name=f"D{number_}", tier="secure_sync")

    return begun


class Shuffled(Collection):
    """A list whose records the sandbox returns in another order."""

    def ids(self):
        return self._shuffled(super().ids())

    def subset(self, label, wanted):
        return self._shuffled(super().subset(label, wanted))

    def _shuffled(self, ids):
        return random.Random(len(ids)).sample(ids, len(ids))


def shuffle(district):
    """Let the sandbox return the records of each list in another order."""
    for name in ("schools", "users", "sections", "terms", "courses"):
        district.resources[name] = Shuffled(district.resources[name].values())
