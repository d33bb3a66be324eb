"""Scenarios M-5, M-7, M-8, M-10 to M-16 and M-18: the members and pending members of a class, and their roles."""

import pytest

from roster_pipeline.model.limits import Limits
from roster_pipeline_tests.support.readers import execute, query
from roster_pipeline_tests.support.seen import Person, person_of, roster_of
from roster_pipeline_tests.support.shared_syncs import shares_syncs


@pytest.mark.scenario("M-5")
@shares_syncs
def test_deleted_person_in_a_section_is_pending(town, product):
    home = town.school(0)
    key = town.student(1)
    section = town.section(1, students=[key])
    yield
    town.leave(key)
    gone = Person("ended", {home: "ended"}, learns={section: "ended"}, awaited={section: "student"})
    for name in ("Named still", "Named again"):
        town.edit("sections", section, name=name)
        yield
        assert person_of(product, key) == gone


@pytest.mark.scenario("M-7")
@shares_syncs
def test_returning_person_joins_only_classes_that_list_them(town, product, link):
    home = town.school(0)
    key = town.student(1)
    kept, dropped = (town.section(number, students=[key]) for number in (1, 2))
    yield
    account, student = link(key), town.person(key)
    town.leave(key)
    yield
    town.put("users", student)
    town.edit("sections", dropped, students=[])
    yield
    assert person_of(product, key) == Person("student", {home: "primary"}, learns={kept: "live", dropped: "ended"})
    assert link(key) == account


@pytest.mark.scenario("M-8")
@shares_syncs
def test_second_drop_from_a_class_changes_nothing(town):
    key = town.student(1)
    section = town.section(1, students=[key])
    yield
    town.edit("sections", section, students=[])
    yield
    rows = town.contents()
    town.remove("sections", section)
    yield
    assert town.counts() == {"rosters": {"end": 1}}
    assert town.contents()["roster_students"] == rows["roster_students"]


@pytest.mark.scenario("M-10")
@shares_syncs
def test_section_with_unshared_people_is_published_and_flagged(town, product):
    key, guest, substitute = town.student(1), town.unknown(1), town.unknown(2)
    section = town.section(1, teachers=[substitute], students=[key, guest])
    yield
    roster = roster_of(product, section)
    assert (roster.state, roster.teachers, roster.students) == ("live", {}, {key: "live"})
    assert roster.awaited == {guest: "student", substitute: "teacher"}
    assert town.flagged("pending_section_members") == {guest, substitute}
    assert not {guest, substitute} & town.published().people.keys()


@pytest.mark.scenario("M-11")
@shares_syncs
def test_pending_members_join_when_they_arrive_and_not_before(town, product):
    home = town.school(0)
    key, teacher = town.student(1), town.teacher(2)
    people = [town.person(one) for one in (key, teacher)]
    town.leave(key, teacher)
    section = town.section(1, teachers=[teacher], students=[key])
    yield
    yield
    assert town.counts() == {}
    assert person_of(product, key) == Person(awaited={section: "student"})
    for person in people:
        town.put("users", person)
    yield
    assert person_of(product, key) == Person("student", {home: "primary"}, learns={section: "live"})
    assert person_of(product, teacher) == Person("teacher", {home: "primary"}, teaches={section: "primary"})
    assert roster_of(product, section).awaited == {}
    yield
    assert town.counts() == {}


@pytest.mark.scenario("M-11")
@shares_syncs
def test_pending_member_no_longer_listed_joins_nothing(town, product):
    home = town.school(0)
    key = town.student(1)
    student = town.person(key)
    town.leave(key)
    section = town.section(1, students=[key])
    yield
    town.edit("sections", section, students=[])
    yield
    town.put("users", student)
    yield
    assert person_of(product, key) == Person("student", {home: "primary"})


@pytest.mark.scenario("M-11")
def test_pending_members_stay_when_the_section_list_is_empty(town, resync, product):
    """A list that is empty after it was not proves nothing: nobody stops being awaited for it."""
    section = town.section(1, students=["f" * 24])
    resync()
    before = roster_of(product, section)
    for key in [*town.resources["sections"]]:
        town.remove("sections", key)
    assert resync(Limits()).counts == {}
    assert roster_of(product, section) == before


@pytest.mark.scenario("M-12")
@shares_syncs
def test_section_of_an_unknown_school_is_flagged(town, product):
    home = town.school(0)
    key = town.student(1)
    lost, found = town.section(1, school="f" * 24, students=[key]), town.section(2, students=[key])
    yield
    assert person_of(product, key) == Person("student", {home: "primary"}, learns={lost: "live", found: "live"})
    assert (roster_of(product, lost).school, roster_of(product, found).school) == (None, home)
    assert town.flagged("rosters_without_school") == {lost}


@pytest.mark.scenario("M-12")
@shares_syncs
def test_section_with_a_malformed_member_id_stays_as_it_is(town, product):
    """Who is meant cannot be known, so nobody leaves that class; an empty id is nobody."""
    key, other = town.student(1), town.student(2)
    section = town.section(1, students=[key])
    yield
    town.section(1, students=["", "'; drop table roster.accounts; --"])
    landing = town.section(2, students=["", other])
    yield
    assert roster_of(product, section).students == {key: "live"}
    assert roster_of(product, landing).students == {other: "live"}


@pytest.mark.scenario("M-13")
@shares_syncs
def test_student_joins_a_class_in_a_school_not_attended(town, product):
    """Members may belong to other schools: the section says who is in class, the person which schools."""
    home = town.school(0)
    key = town.student(1)
    section = town.section(1, school=town.school(1), students=[key])
    yield
    assert person_of(product, key) == Person("student", {home: "primary"}, learns={section: "live"})


@pytest.mark.scenario("M-14")
@pytest.mark.parametrize("other_role", [{}, {"student": {}}])
@shares_syncs
def test_teacher_among_students_teaches_and_is_not_enrolled(town, product, *, other_role):
    """A person with teacher among several roles is a teacher, and no list makes a teacher a student (R4.14)."""
    home = town.school(0)
    key = town.teacher(1, roles={"teacher": town.role(1)} | other_role)
    taught, attended = town.section(1, teachers=[key]), town.section(2, students=[key])
    yield
    assert person_of(product, key) == Person("teacher", {home: "primary"}, teaches={taught: "primary"})
    assert town.flagged("teachers_listed_as_students") == {key}
    assert roster_of(product, attended).state == "live"


@pytest.mark.scenario("M-15")
@pytest.mark.parametrize("first", [("users",), ("sections",), ("users", "sections")])
@shares_syncs
def test_student_who_becomes_teacher_of_the_class_swaps_roles(town, product, link, *, first):
    home = town.school(0)
    key = town.student(1)
    section, other = town.section(1, students=[key]), town.section(2, students=[key])
    yield
    account = link(key)
    changes = {
        "users": lambda: town.edit("users", key, roles={"teacher": town.role(1)}),
        "sections": lambda: town.edit("sections", section, teacher=key, teachers=[key], students=[]),
    }
    for step in (first, changes.keys() - set(first)):
        for name in step:
            changes[name]()
        yield
    assert person_of(product, key) == Person(
        "teacher", {home: "primary"}, {section: "primary"}, {section: "ended", other: "ended"}
    )
    after = town.published()
    assert (after.people[key][0], after.school_members[home, key]) == ("teacher", ("teacher", True))
    assert link(key) == account


@pytest.mark.scenario("M-16")
@shares_syncs
def test_teacher_in_both_lists_of_a_section_teaches_once(town, product):
    """A person who is listed twice teaches once, and no list makes a teacher a student (R4.14)."""
    key = town.teacher(1)
    section = town.section(1, teachers=[key, key], students=[key, key])
    yield
    roster = roster_of(product, section)
    assert (roster.teachers, roster.students) == ({key: "primary"}, {})
    town.edit("sections", section, students=[])
    yield
    assert town.counts() == {}
    assert roster_of(product, section).teachers == {key: "primary"}


@pytest.mark.scenario("M-18")
@shares_syncs
def test_drop_of_one_of_two_members_writes_one_row(town, product):
    keys = [town.student(number) for number in (1, 2)]
    section = town.section(1, students=keys)
    yield
    read = (
        "select m.xmin::text, m.ended_at from roster.roster_students as m join roster.identity_links as link "
        "on link.account_id = m.account_id where link.clever_id = :key"
    )
    before = [query(product, read, key=key) for key in keys]
    town.edit("sections", section, students=keys[1:])
    yield
    ((_, ended_at),), stayed = (query(product, read, key=key) for key in keys)
    assert ended_at is not None
    assert stayed == before[1]
    town.edit("sections", section, students=keys)
    yield
    assert roster_of(product, section).students == dict.fromkeys(keys, "live")


@shares_syncs
def test_native_roster_keeps_clever_students_who_leave(town, product, link):
    key = town.student(1)
    section = town.section(1, students=[key])
    yield
    own = execute(
        product,
        "insert into roster.rosters (organization_id, name, source) select id, 'Class 1', 'native' "
        "from roster.organizations returning id",
    )
    account = link(key)[0]
    for statement in (
        "insert into roster.roster_students (roster_id, account_id) values (:own, :account)",
        "insert into roster.roster_teachers (roster_id, account_id) select :own, min(account_id) "
        "from roster.org_memberships where role = 'teacher'",
    ):
        execute(product, statement, own=own, account=account)
    rows = (
        "select xmin::text, to_jsonb(m)::text from roster.roster_students as m where roster_id = :own union all "
        "select xmin::text, to_jsonb(m)::text from roster.roster_teachers as m where roster_id = :own union all "
        "select xmin::text, to_jsonb(m)::text from roster.rosters as m where id = :own"
    )
    before = query(product, rows, own=own)
    assert len(before) == 3
    town.leave(key)
    town.remove("sections", section)
    yield
    assert person_of(product, key).member == "ended"
    assert query(product, rows, own=own) == before
