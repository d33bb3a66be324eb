"""Scenarios M-5, M-7, M-8, M-10 to M-16 and M-18: the members and pending members of a class, and their roles."""

import pytest

from roster_pipeline.model.limits import Limits
from roster_pipeline_tests.support.readers import contents, execute, published, query
from roster_pipeline_tests.support.seen import Person, flagged, person_of, roster_of


@pytest.fixture
def home(town):
    """The school that everybody here belongs to."""
    return town.school(0)


@pytest.mark.scenario("M-5")
def test_deleted_person_in_a_section_is_pending(town, resync, product, home):
    key = town.student(1)
    section = town.section(1, students=[key])
    resync()
    town.leave(key)
    gone = Person("ended", {home: "ended"}, learns={section: "ended"}, awaited={section: "student"})
    for name in ("Named still", "Named again"):
        town.edit("sections", section, name=name)
        resync()
        assert person_of(product, key) == gone


@pytest.mark.scenario("M-7")
def test_returning_person_joins_only_classes_that_list_them(town, resync, product, home, link):
    key = town.student(1)
    kept, dropped = (town.section(number, students=[key]) for number in (1, 2))
    resync()
    account, student = link(key), town.person(key)
    town.leave(key)
    resync()
    town.put("users", student)
    town.edit("sections", dropped, students=[])
    resync()
    assert person_of(product, key) == Person("student", {home: "primary"}, learns={kept: "live", dropped: "ended"})
    assert link(key) == account


@pytest.mark.scenario("M-8")
def test_second_drop_from_a_class_changes_nothing(town, resync, product):
    key = town.student(1)
    section = town.section(1, students=[key])
    resync()
    town.edit("sections", section, students=[])
    resync()
    rows = contents(product)
    town.remove("sections", section)
    assert resync().counts == {"rosters": {"end": 1}}
    assert contents(product)["roster_students"] == rows["roster_students"]


@pytest.mark.scenario("M-10")
def test_section_with_unshared_people_is_published_and_flagged(town, resync, product):
    key, guest, substitute = town.student(1), "f" * 24, "e" * 24
    section = town.section(1, teachers=[substitute], students=[key, guest])
    resync()
    roster = roster_of(product, section)
    assert (roster.state, roster.teachers, roster.students) == ("live", {}, {key: "live"})
    assert roster.awaited == {guest: "student", substitute: "teacher"}
    assert flagged(town, "pending_section_members") == {guest, substitute}
    assert not {guest, substitute} & published(product, town.id).people.keys()


@pytest.mark.scenario("M-11")
def test_pending_members_join_when_they_arrive_and_not_before(town, resync, product, home):
    key, teacher = town.student(1), town.teacher(2)
    people = [town.person(one) for one in (key, teacher)]
    town.leave(key, teacher)
    section = town.section(1, teachers=[teacher], students=[key])
    resync()
    assert resync().total == 0
    assert person_of(product, key) == Person(awaited={section: "student"})
    for person in people:
        town.put("users", person)
    resync()
    assert person_of(product, key) == Person("student", {home: "primary"}, learns={section: "live"})
    assert person_of(product, teacher) == Person("teacher", {home: "primary"}, teaches={section: "primary"})
    assert roster_of(product, section).awaited == {}
    assert resync().total == 0


@pytest.mark.scenario("M-11")
def test_pending_member_no_longer_listed_joins_nothing(town, resync, product, home):
    key = town.student(1)
    student = town.person(key)
    town.leave(key)
    section = town.section(1, students=[key])
    resync()
    town.edit("sections", section, students=[])
    resync()
    town.put("users", student)
    resync()
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
def test_section_of_an_unknown_school_is_flagged(town, resync, product, home):
    key = town.student(1)
    lost, found = town.section(1, school="f" * 24, students=[key]), town.section(2, students=[key])
    resync()
    assert person_of(product, key) == Person("student", {home: "primary"}, learns={lost: "live", found: "live"})
    assert (roster_of(product, lost).school, roster_of(product, found).school) == (None, home)
    assert flagged(town, "rosters_without_school") == {lost}


@pytest.mark.scenario("M-12")
def test_section_with_a_malformed_member_id_stays_as_it_is(town, resync, product):
    """Who is meant cannot be known, so nobody leaves that class; an empty id is nobody."""
    key, other = town.student(1), town.student(2)
    section = town.section(1, students=[key])
    resync()
    town.section(1, students=["", "'; drop table roster.accounts; --"])
    landing = town.section(2, students=["", other])
    resync()
    assert roster_of(product, section).students == {key: "live"}
    assert roster_of(product, landing).students == {other: "live"}


@pytest.mark.scenario("M-13")
def test_student_joins_a_class_in_a_school_not_attended(town, resync, product, home):
    """Members may belong to other schools: the section says who is in class, the person which schools."""
    key = town.student(1)
    section = town.section(1, school=town.school(1), students=[key])
    resync()
    assert person_of(product, key) == Person("student", {home: "primary"}, learns={section: "live"})


@pytest.mark.scenario("M-14")
@pytest.mark.parametrize("other_role", [{}, {"student": {}}])
def test_teacher_among_students_teaches_and_is_not_enrolled(town, resync, product, home, other_role):
    """A person with teacher among several roles is a teacher, and no list makes a teacher a student (R4.14)."""
    key = town.teacher(1, roles={"teacher": town.role(1)} | other_role)
    taught, attended = town.section(1, teachers=[key]), town.section(2, students=[key])
    resync()
    assert person_of(product, key) == Person("teacher", {home: "primary"}, teaches={taught: "primary"})
    assert flagged(town, "teachers_listed_as_students") == {key}
    assert roster_of(product, attended).state == "live"


@pytest.mark.scenario("M-15")
@pytest.mark.parametrize("first", [("users",), ("sections",), ("users", "sections")])
def test_student_who_becomes_teacher_of_the_class_swaps_roles(town, resync, product, home, link, first):
    key = town.student(1)
    section, other = town.section(1, students=[key]), town.section(2, students=[key])
    resync()
    account = link(key)
    changes = {
        "users": lambda: town.edit("users", key, roles={"teacher": town.role(1)}),
        "sections": lambda: town.edit("sections", section, teacher=key, teachers=[key], students=[]),
    }
    for step in (first, changes.keys() - set(first)):
        for name in step:
            changes[name]()
        resync()
    assert person_of(product, key) == Person(
        "teacher", {home: "primary"}, {section: "primary"}, {section: "ended", other: "ended"}
    )
    after = published(product, town.id)
    assert (after.people[key][0], after.school_members[home, key]) == ("teacher", ("teacher", True))
    assert link(key) == account


@pytest.mark.scenario("M-16")
def test_teacher_in_both_lists_of_a_section_teaches_once(town, resync, product):
    """A person who is listed twice teaches once, and no list makes a teacher a student (R4.14)."""
    key = town.teacher(1)
    section = town.section(1, teachers=[key, key], students=[key, key])
    resync()
    roster = roster_of(product, section)
    assert (roster.teachers, roster.students) == ({key: "primary"}, {})
    town.edit("sections", section, students=[])
    assert resync().total == 0
    assert roster_of(product, section).teachers == {key: "primary"}


@pytest.mark.scenario("M-18")
def test_drop_of_one_of_two_members_writes_one_row(town, resync, product):
    keys = [town.student(number) for number in (1, 2)]
    section = town.section(1, students=keys)
    resync()
    read = (
        "select m.xmin::text, m.ended_at from roster.roster_students as m join roster.identity_links as link "
        "on link.account_id = m.account_id where link.clever_id = :key"
    )
    before = [query(product, read, key=key) for key in keys]
    town.edit("sections", section, students=keys[1:])
    resync()
    ((_, ended_at),), stayed = (query(product, read, key=key) for key in keys)
    assert ended_at is not None
    assert stayed == before[1]
    town.edit("sections", section, students=keys)
    resync()
    assert roster_of(product, section).students == dict.fromkeys(keys, "live")


def test_native_roster_keeps_clever_students_who_leave(town, resync, product, link):
    key = town.student(1)
    section = town.section(1, students=[key])
    resync()
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
    resync()
    assert person_of(product, key).member == "ended"
    assert query(product, rows, own=own) == before
