"""A missing record is removed only with evidence: emptied lists, unreadable records and holds."""

import pytest

from roster_pipeline_tests.support.holds import all_rows_live
from roster_pipeline_tests.support.people import leave, users_of
from roster_pipeline_tests.support.readers import contents, difference, last_sync, published, query, row_versions


def held_parts(engine):
    return {part for (part,) in query(engine, "select counts ->> 'part' from roster.holds where state = 'open'")}


def test_removals_over_a_tenth_wait_and_the_rest_is_published(valley, sync, product):
    sync(valley)
    before = published(product, valley.id)
    leaving = users_of(valley, "student")[:7]
    for key in leaving:
        leave(valley, key)
    newcomer = valley.get("users", users_of(valley, "teacher")[0]) | {"id": "e" * 24, "email": "new@example.org"}
    valley.put("users", newcomer)
    section = valley.get("sections", valley.resources["sections"].ids()[0])
    valley.put("sections", section | {"name": "Renamed meanwhile"})
    assert sync(valley).exit_code == 0
    state, counts = last_sync(product)
    after = published(product, valley.id)
    assert state == "held"
    assert counts["held"]["org_memberships"] == {"end": 7}
    assert after.members == before.members | {"e" * 24: "teacher"}
    assert after.rosters[section["id"]][1] == "Renamed meanwhile"
    assert "students" in held_parts(product)
    assert query(product, "select distinct reason from roster.holds") == [("district_removals",)]


def test_hold_ends_when_people_return(valley, quick_sync, known_sync, product):
    known_sync(valley)
    rows, people = contents(product), {key: valley.get("users", key) for key in users_of(valley, "student")[:7]}
    for key in people:
        valley.remove("users", key)
    assert quick_sync(valley).held
    for person in people.values():
        valley.put("users", person)
    assert not quick_sync(valley).held
    assert held_parts(product) == set()
    assert contents(product) == rows


@pytest.mark.parametrize("name", ["schools", "users", "sections", "terms", "courses"])
def test_list_that_became_empty_removes_nothing(valley, quick_sync, known_sync, product, name):
    known_sync(valley)
    before = published(product, valley.id)
    for key in list(valley.resources[name]):
        valley.remove(name, key)
    quick_sync(valley)
    after = published(product, valley.id)
    assert all_rows_live(before, after)
    assert difference(before, after) == {}


def test_rosters_of_a_held_school_stay_in_it(valley, quick_sync, known_sync, product):
    known_sync(valley)
    before = published(product, valley.id)
    school = valley.resources["schools"].ids()[0]
    valley.remove("schools", school)
    assert {one.units for one in quick_sync(valley).held} == {(school,)}
    assert difference(before, published(product, valley.id)) == {}


def break_roles(district):
    key = users_of(district, "student")[0]
    item = district.get("users", key)
    return "users", item | {"roles": {"student": {"school": 7}}}


def break_section(district):
    return "sections", district.get("sections", district.resources["sections"].ids()[0]) | {"students": "all of them"}


def break_school(district):
    return "schools", district.get("schools", district.resources["schools"].ids()[0]) | {"district": "d" * 24}


def break_teacher(district):
    return "users", district.get("users", users_of(district, "teacher")[0]) | {"district": "d" * 24}


def test_unreadable_records_leave_no_dangling_row(valley, quick_sync, known_sync, product):
    known_sync(valley)
    before = row_versions(product)
    for spoil in (break_roles, break_section, break_school, break_teacher):
        valley.put(*spoil(valley))
    assert quick_sync(valley).counts == {}
    assert row_versions(product) == before


def test_records_with_unreadable_ids_remove_nothing(valley, quick_sync, known_sync, product):
    known_sync(valley)
    before = published(product, valley.id)
    for role in ("student", "teacher"):
        item = valley.get("users", users_of(valley, role)[0])
        valley.remove("users", item["id"])
        valley.put("users", item | {"id": f"no-id-of-a-{role}"})
    quick_sync(valley)
    assert all_rows_live(before, published(product, valley.id))


def test_dagster_reports_quarantined_records_with_reasons(valley, sync, product, checks):
    sync(valley)
    valley.put(*break_roles(valley))
    section = valley.get("sections", valley.resources["sections"].ids()[1])
    valley.put("sections", section | {"school": "nowhere"})
    assert sync(valley).exit_code == 0
    assert checks("contract")["staging/stg_sections"] == (
        False,
        {"quarantined": 1, "reasons": {"school id is not 24 hexadecimal digits": 1}},
    )
    assert section["id"] in published(product, valley.id).rosters


def test_mass_rename_waits_and_newcomers_join(valley, quick_sync, known_sync, product):
    known_sync(valley)
    before = published(product, valley.id)
    for key in users_of(valley, "student") + users_of(valley, "teacher"):
        valley.put("users", valley.get("users", key) | {"name": {"first": "Changed", "last": key}})
    newcomer = valley.get("users", users_of(valley, "student")[0]) | {"id": "f" * 24, "email": "new.here@example.org"}
    valley.put("users", newcomer)
    quick_sync(valley)
    after = published(product, valley.id)
    assert "names_and_emails" in held_parts(product)
    assert {key: after.people[key] for key in before.people} == before.people
    assert newcomer["id"] in after.people


def test_classes_that_lose_their_teachers_wait(valley, quick_sync, known_sync, product):
    known_sync(valley)
    before = published(product, valley.id)
    for key in valley.resources["sections"].ids():
        valley.put("sections", valley.get("sections", key) | {"teacher": None, "teachers": []})
    quick_sync(valley)
    assert held_parts(product) == {"class_teachers"}
    assert published(product, valley.id).teachers == before.teachers


def test_held_teachers_leave_one_primary_teacher_a_class(valley, quick_sync, known_sync, product):
    known_sync(valley)
    teachers = users_of(valley, "teacher")
    for section in [one for one in valley.resources["sections"].values() if one.get("teacher")]:
        following = teachers[(teachers.index(section["teacher"]) + 1) % len(teachers)]
        valley.put("sections", section | {"teacher": following, "teachers": [following]})
    assert quick_sync(valley).held
    primary = (
        "select roster_id, count(*) from roster.roster_teachers where is_primary and ended_at is null "
        "group by roster_id having count(*) <> 1"
    )
    assert query(product, primary) == []
    assert quick_sync(valley).total == 0


def test_held_moves_leave_one_primary_school_a_person(valley, quick_sync, known_sync, product):
    known_sync(valley)
    schools = valley.resources["schools"].ids()
    for key in users_of(valley, "student")[:20]:
        user = valley.get("users", key)
        following = schools[(schools.index(user["roles"]["student"]["school"]) + 1) % len(schools)]
        part = user["roles"]["student"] | {"school": following, "schools": [following]}
        valley.put("users", user | {"roles": user["roles"] | {"student": part}})
    assert quick_sync(valley).held
    primary = (
        "select account_id, count(*) from roster.school_memberships where is_primary and ended_at is null "
        "group by account_id having count(*) <> 1"
    )
    assert query(product, primary) == []
    quick_sync(valley)  # the new memberships count too: fewer may wait now
    assert query(product, primary) == []
    assert quick_sync(valley).total == 0
