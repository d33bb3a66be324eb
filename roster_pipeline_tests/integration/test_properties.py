"""The rules that always hold (design, *Rules that always hold*), over random histories of a tiny district.

The histories go stage by stage, several times as fast as through Dagster; that both ways end alike is tested first.
Limits are off here, so that everything that leaves the feed leaves the product; the brakes are in `test_sync_again`.
"""

import random
from datetime import UTC, datetime

import pytest
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

from roster_pipeline.corrections.undo import undo_sync
from roster_pipeline.extract import pagination
from roster_pipeline.model.limits import Limits
from roster_pipeline.product.database import transaction
from roster_pipeline.product.organizations import connect_district
from roster_pipeline.sandbox.api.collection import Collection
from roster_pipeline.sandbox.data.district import SandboxDistrict
from roster_pipeline_tests.integration.readers import (
    contents,
    difference,
    empty,
    execute,
    last_sync,
    live_rows,
    published,
    query,
    row_versions,
)
from roster_pipeline_tests.integration.rule_book import expect

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
    """24 hexadecimal digits; kinds: 1 school, 2 person, 3 section, 4 term."""
    return f"{district:08x}{kind:08x}{number:08x}"


def tiny(district=1):
    """A district of one of everything, which stays: a list that is empty after it was not proves nothing."""
    key = clever_id(0, 0, district)
    made = SandboxDistrict({"id": key, "name": "Tiny", "state": "running"}, {}, seed=district)
    for change in (("school", 0), ("person", 0, "teacher", 0, 0, 0, {0}), ("person", 9, "student", 1, 1, 0, {0})):
        apply(made, change, district)
    made.put("terms", {"id": clever_id(4, 0, district), "district": key, "name": "Autumn"})
    made.put("courses", {"id": clever_id(5, 0, district), "district": key, "name": "Any", "number": "1"})
    apply(made, ("section", 0, 0, 0, [0], [9]), district)
    return made


def apply(district, change, number=1):
    """One edit in Clever."""

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
        district.put("users", {**shared, "id": own(2, index), "email": EMAILS[email], "name": name, "roles": roles})
    else:
        name, school, teachers, students = rest
        section = {"id": own(3, index), "name": NAMES[name], "school": own(1, school), "term_id": own(4, index % 2)}
        people = {"teachers": [own(2, one) for one in teachers], "students": [own(2, one) for one in students]}
        primary = {"teacher": people["teachers"][0]} if teachers else {}
        district.put("sections", {**shared, **section, **people, **primary})


VERSION = "select cast(:other as text), t.xmin::text, to_jsonb(t)::text from"
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
histories = st.lists(st.lists(changes, min_size=1, max_size=10), min_size=1, max_size=3)


@pytest.fixture
def begin(product, clever, environment):
    """An empty product that serves these districts: an example starts where no other left anything."""

    def begun(*districts):
        empty(product)
        clever.served[:] = districts
        for number_, district in enumerate(districts):
            with transaction(product) as pg:
                connect_district(pg, district.id, name=f"D{number_}", tier="secure_sync")

    return begun


def test_the_stages_by_themselves_and_the_dagster_job_end_alike(valley, sync, quick_sync, product, begin):
    ends = []
    for how in (sync, quick_sync):
        begin(valley)
        how(valley)
        rows = {name: len(found) for name, found in contents(product).items()}
        ends.append((rows, published(product, valley.id), last_sync(product)))
    assert ends[0] == ends[1]


@settings(examples, max_examples=20)
@given(histories)
def test_after_each_sync_the_product_equals_the_rule_book_and_a_second_one_writes_nothing(
    quick_sync, product, begin, history
):
    district, expected = tiny(), None
    begin(district)
    for day in history:
        for change in day:
            apply(district, change)
        quick_sync(district, NO_LIMITS)
        expected = expect(district, expected)
        assert difference(expected, published(product, district.id)) == {}
    before = row_versions(product)
    assert quick_sync(district, NO_LIMITS).total == 0
    assert row_versions(product) == before


class Shuffled(Collection):
    """A list that Clever gives in another order."""

    def ids(self):
        return self._shuffled(super().ids())

    def subset(self, label, wanted):
        return self._shuffled(super().subset(label, wanted))

    def _shuffled(self, ids):
        return random.Random(len(ids)).sample(ids, len(ids))


@examples
@given(st.lists(changes, min_size=5, max_size=20))
def test_neither_the_order_of_the_records_nor_the_pages_change_the_end(quick_sync, product, begin, monkeypatch, feed):
    ends = []
    for limit, kind in ((2, Collection), (10_000, Shuffled)):
        district = tiny()
        for change in feed:
            apply(district, change)
        for name in ("schools", "users", "sections", "terms", "courses"):
            district.resources[name] = kind(district.resources[name].values())
        begin(district)
        with monkeypatch.context() as patched:
            patched.setattr(pagination, "LIMIT", limit)
            quick_sync(district, NO_LIMITS)
        ends.append(published(product, district.id))
    assert difference(*ends) == {}


@examples
@given(st.lists(changes, min_size=3, max_size=12), st.lists(changes, min_size=3, max_size=12))
def test_a_sync_that_is_undone_leaves_every_row_as_it_was_and_can_be_done_again(
    quick_sync, product, begin, first, second
):
    district = tiny()
    begin(district)
    for change in first:
        apply(district, change)
    quick_sync(district, NO_LIMITS)
    rows, before = contents(product), live_rows(product)
    for change in second:
        apply(district, change)
    sync_id = quick_sync(district, NO_LIMITS).sync_id
    done = live_rows(product)
    undone = _undo(product, sync_id)
    assert undone.skipped == []
    assert live_rows(product) == before
    after = contents(product)
    assert [name for name, was in rows.items() if set(was) - set(after[name])] == []
    assert _undo(product, sync_id) is None
    again = _undo(product, undone.sync_id)
    assert live_rows(product) == done
    _undo(product, again.sync_id)
    assert live_rows(product) == before
    quick_sync(district, NO_LIMITS)
    assert _without_ids(live_rows(product)) == _without_ids(done)


def _undo(product, sync_id):
    with transaction(product) as pg:
        return undo_sync(pg, sync_id, datetime.now(UTC))


def _without_ids(rows):
    """A review that comes again is another row."""
    return rows | {"reviews": sorted((row[1:] for row in rows["reviews"]), key=repr)}


@examples
@given(st.lists(changes, min_size=3, max_size=10), st.lists(changes, min_size=3, max_size=10))
def test_a_sync_neither_touches_native_rows_nor_another_district(quick_sync, product, begin, first, second):
    here, there = tiny(1), tiny(2)
    begin(here, there)
    for district, number_, edits in ((here, 1, first), (there, 2, second)):
        for change in edits:
            apply(district, change, number_)
        quick_sync(district, NO_LIMITS)
    _native_rows(product)
    before = _protected(product, there.id)
    for change in second:
        apply(here, change)
    quick_sync(here, NO_LIMITS)
    assert _protected(product, there.id) == before


def _native_rows(product):
    """An admin, and in each organization a native roster with everyone in it; some verified, one class hidden."""
    admin = execute(product, "insert into roster.accounts (first_name, role) values ('Admin', 'admin') returning id")
    for statement in (
        "insert into roster.org_memberships (organization_id, account_id, role, is_admin, verified_at) "
        "select id, :admin, 'admin', true, now() from roster.organizations",
        "insert into roster.rosters (organization_id, name, source) select id, 'My own', 'native' "
        "from roster.organizations",
        "insert into roster.roster_students (roster_id, account_id) select r.id, m.account_id from roster.rosters as r "
        "join roster.org_memberships as m on m.organization_id = r.organization_id where r.source = 'native'",
        "update roster.org_memberships set verified_at = '2026-01-01' where role = 'teacher'",
        "update roster.rosters set hidden_at = '2026-01-01' where id = (select min(id) from roster.rosters)",
    ):
        execute(product, statement, admin=admin)


def _protected(product, other):
    """What no sync of the first district may write: native rows as they stand, and every row of the other one."""
    of_other = "(select id from roster.organizations where clever_district_id = :other)"
    linked = f"(select account_id from roster.identity_links where organization_id = {of_other})"
    roster = f"(select id from roster.rosters where organization_id = {of_other} or source = 'native')"
    school = f"(select id from roster.schools where organization_id = {of_other})"
    whole = {
        "organizations": f"id in {of_other}",
        "accounts": f"id in {linked} or role = 'admin'",
        "identity_links": f"organization_id in {of_other}",
        "org_memberships": f"organization_id in {of_other} or is_admin",
        "schools": f"organization_id in {of_other}",
        "school_memberships": f"school_id in {school}",
        "rosters": f"organization_id in {of_other} or source = 'native'",
        "roster_students": f"roster_id in {roster}",
        "roster_teachers": f"roster_id in {roster}",
        "parked_members": f"roster_id in {roster}",
        "reviews": f"organization_id in {of_other}",
        "syncs": f"organization_id in {of_other}",
        "holds": f"organization_id in {of_other}",
    }
    rows = {
        name: sorted(query(product, f"{VERSION} roster.{name} as t where {where}", other=other))
        for name, where in whole.items()
    }
    kept = "select account_id, verified_at from roster.org_memberships where verified_at is not null order by 1, 2"
    hidden = "select id, hidden_at from roster.rosters where hidden_at is not null"
    return rows, query(product, kept), query(product, hidden)
