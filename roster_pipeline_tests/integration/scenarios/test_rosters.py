"""Scenarios R-6 to R-14 and R-17 to R-23: the name, the place and the end of a class.

Who teaches and who learns is `test_roster_members`'s.
"""

import pytest

from roster_pipeline_tests.support.readers import execute, published, query
from roster_pipeline_tests.support.seen import Person, person_of, roster_of
from roster_pipeline_tests.support.shared_syncs import shares_syncs

ROW = "select id from roster.rosters where clever_id = :key"
HIDE = "update roster.rosters set hidden_at = '2026-03-01T12:00:00Z' where clever_id = :key returning hidden_at"
HIDDEN = "select hidden_at from roster.rosters where clever_id = :key"


def class_of(town):
    """Return a class of one teacher and one student."""
    return town.section(1, teachers=[town.teacher(1)], students=[town.student(1)])


@pytest.mark.scenario("R-6")
@shares_syncs
def test_renamed_section_changes_only_the_name(town, product):
    section = class_of(town)
    yield
    before = query(product, ROW, key=section)
    town.edit("sections", section, name="Botany 2")
    yield
    assert town.counts() == {"rosters": {"update": 1}}
    assert roster_of(product, section).name == "Botany 2"
    assert query(product, ROW, key=section) == before


@pytest.mark.scenario("R-7")
@shares_syncs
def test_hidden_section_is_renamed_and_stays_hidden(town, product):
    """A name cannot be edited in the product: Clever rosters are read-only there, hiding is the only local act."""
    section = class_of(town)
    yield
    hidden_at = execute(product, HIDE, key=section)
    town.edit("sections", section, name="As Clever has it")
    yield
    assert roster_of(product, section).name == "As Clever has it"
    assert query(product, HIDDEN, key=section) == [(hidden_at,)]


@pytest.mark.scenario("R-8")
@shares_syncs
def test_new_surname_in_a_section_name_is_a_rename(town, product):
    section = class_of(town)
    yield
    rows, teacher = town.contents(), roster_of(product, section).teachers
    town.teacher(1, last="Married")
    town.edit("sections", section, name="Maths - Married - 1")
    yield
    assert town.counts() == {"accounts": {"update": 1}, "rosters": {"update": 1}}
    roster = roster_of(product, section)
    assert (roster.name, roster.teachers) == ("Maths - Married - 1", teacher)
    assert len(town.contents()["rosters"]) == len(rows["rosters"])


@pytest.mark.scenario("R-9")
@shares_syncs
def test_two_sections_of_one_name_and_teacher_are_two_rosters(town, product):
    teacher = town.teacher(1)
    twins = [town.section(number, teachers=[teacher], name="Study Hall") for number in (1, 2)]
    yield
    assert [roster_of(product, key).name for key in twins] == ["Study Hall", "Study Hall"]
    assert person_of(product, teacher).teaches == dict.fromkeys(twins, "primary")


@pytest.mark.scenario("R-10")
@shares_syncs
def test_section_without_a_name_is_published_and_flagged(town, product):
    """No name is made up: rosters are named as Clever has it, and the check says which have none."""
    shown = {town.section(10): "", town.section(11, name=""): "", town.section(12, name="  "): "  "}
    town.edit("sections", town.section(10), name=None)
    yield
    assert {key: roster_of(product, key).name for key in shown} == shown
    assert {roster_of(product, key).state for key in shown} == {"live"}
    assert town.flagged("rosters_without_name") == shown.keys()


@pytest.mark.scenario("R-11")
@shares_syncs
def test_very_long_names_are_published_whole(town, product):
    names = {town.section(number, name=name): name for number, name in enumerate(["L" * 250, "\U0001f600" * 1_000])}
    yield
    assert {key: roster_of(product, key).name for key in names} == names


@pytest.mark.scenario("R-12")
@shares_syncs
def test_replacement_under_a_new_id_leaves_the_old_history(town, product):
    section = class_of(town)
    yield
    before, old_row = roster_of(product, section), query(product, ROW, key=section)
    equal = town.get("sections", section)
    town.remove("sections", section)
    new = town.section(2)
    town.put("sections", equal | {"id": new})
    yield
    old = roster_of(product, section)
    assert (old.state, old.name, query(product, ROW, key=section)) == ("archived", before.name, old_row)
    assert old.teachers == dict.fromkeys(before.teachers, "ended")
    assert old.students == dict.fromkeys(before.students, "ended")
    assert roster_of(product, new) == before
    assert query(product, ROW, key=new) != old_row


@pytest.mark.scenario("R-13")
@shares_syncs
def test_deleted_section_that_returns_restores_its_rows(town, product):
    section = class_of(town)
    yield
    rows, item = town.contents(), town.get("sections", section)
    town.remove("sections", section)
    yield
    assert roster_of(product, section).state == "archived"
    town.put("sections", item)
    yield
    assert {op for ops in town.counts().values() for op in ops} == {"restore"}
    assert town.contents() == rows


@pytest.mark.scenario("R-17")
@shares_syncs
def test_unreadable_date_leaves_the_class_with_its_term(town, product):
    """A date that nobody can read is none. The term belongs to the whole town, so the part has no change."""
    section = class_of(town)
    term = town.resources["terms"].ids()[0]
    town.edit("terms", term, name="Autumn", start_date="2012-13-05", end_date={"no": "date"})
    town.edit("sections", section, term_id=term)
    yield
    assert (roster_of(product, section).state, roster_of(product, section).term) == ("live", "Autumn")
    town.edit("terms", term, start_date="2012-05-13", end_date=None)
    yield
    assert town.counts() == {}
    dates = "select start_date::text, end_date from roster.terms where clever_id = :term"
    assert query(product, dates, term=term) == [("2012-05-13", None)]


@pytest.mark.scenario("R-18")
@shares_syncs
def test_moved_section_keeps_its_roster_and_members(town, product):
    section = class_of(town)
    yield
    before, row = roster_of(product, section), query(product, ROW, key=section)
    town.edit("sections", section, school=town.school(1), course=town.resources["courses"].ids()[0])
    yield
    assert town.counts() == {"rosters": {"update": 1}}
    after = roster_of(product, section)
    assert after.school == town.school(1) != before.school
    assert (after.teachers, after.students) == (before.teachers, before.students)
    assert query(product, ROW, key=section) == row


@pytest.mark.scenario("R-19")
@shares_syncs
def test_deleted_section_ends_its_enrollments_in_the_journal(town, product):
    section = class_of(town)
    yield
    town.remove("sections", section)
    yield
    journal = (
        "select entity, op, coalesce(before ->> 'ended_at', before ->> 'archived_at') is null, "
        "coalesce(after ->> 'ended_at', after ->> 'archived_at') is not null "
        "from roster.changes left join roster.rosters as r on r.id = (key ->> 'roster_id')::bigint "
        "where sync_id = :sync_id and :section in (key ->> 'clever_id', r.clever_id) order by entity"
    )
    assert query(product, journal, sync_id=town.plan.sync_id, section=section) == [
        (entity, "end", True, True) for entity in ("roster_students", "roster_teachers", "rosters")
    ]


@pytest.mark.scenario("R-20")
@shares_syncs
def test_sections_of_a_deleted_school_stay_or_are_flagged(town, product):
    section = class_of(town)
    school = town.school(2)
    town.edit("sections", section, school=school)
    yield
    before = roster_of(product, section)
    town.remove("schools", school)
    town.edit("sections", section, name="Still in the feed")
    stray = town.section(2, school="f" * 24)
    yield
    after = roster_of(product, section)
    assert (after.state, after.school, after.students) == ("live", school, before.students)
    assert (roster_of(product, stray).state, roster_of(product, stray).school) == ("live", None)
    assert town.flagged("rosters_without_school") == {stray}


@pytest.mark.scenario("R-21")
@shares_syncs
def test_another_section_of_a_known_teacher_is_published(town, product):
    section = class_of(town)
    yield
    before = roster_of(product, section)
    (teacher,) = before.teachers
    new = town.section(2, teachers=[teacher])
    town.edit("sections", section, name="Renamed")
    yield
    assert person_of(product, teacher).teaches == {section: "primary", new: "primary"}
    assert roster_of(product, section).name == "Renamed"


@pytest.mark.scenario("R-22")
@shares_syncs
def test_hidden_section_stays_hidden_and_up_to_date(town, product):
    section = class_of(town)
    yield
    hidden_at = execute(product, HIDE, key=section)
    town.edit("sections", section, name="Fresh", school=town.school(1), students=[town.student(2)])
    yield
    fresh = roster_of(product, section)
    assert (fresh.name, fresh.school, fresh.hidden) == ("Fresh", town.school(1), True)
    assert fresh.students == {town.student(1): "ended", town.student(2): "live"}
    item = town.get("sections", section)
    town.remove("sections", section)
    yield
    assert roster_of(product, section).state == "archived"
    town.put("sections", item)
    yield
    assert roster_of(product, section) == fresh
    assert query(product, HIDDEN, key=section) == [(hidden_at,)]


@pytest.mark.scenario("R-23")
@shares_syncs
def test_district_id_in_place_of_a_school_makes_no_school(town, product):
    section = class_of(town)
    home = town.school(0)
    key = town.student(1, roles={"student": {"school": town.id, "schools": [home, town.id]}})
    town.edit("sections", section, school=town.id)
    yield
    schools = published(product, town.id).schools
    assert {home, town.school(1)} <= schools.keys()
    assert town.id not in schools
    assert person_of(product, key) == Person("student", {home: "other"}, learns={section: "live"})
    assert roster_of(product, section).school is None
    assert town.flagged("rosters_without_school") == {section}


@shares_syncs
def test_native_roster_of_the_same_name_is_untouched(town, product):
    section = class_of(town)
    yield
    own = execute(
        product,
        "insert into roster.rosters (organization_id, name, source) select organization_id, name, 'native' "
        "from roster.rosters where clever_id = :key returning id",
        key=section,
    )
    row = "select xmin::text, to_jsonb(r)::text from roster.rosters as r where id = :own"
    before = query(product, row, own=own)
    town.edit("sections", section, name="Renamed")
    yield
    town.remove("sections", section)
    yield
    assert query(product, row, own=own) == before
