"""Random histories of several Library teachers end as one full read of their classes would."""

from hypothesis import given, settings
from hypothesis import strategies as st

from roster_pipeline_tests.support.changes import examples
from roster_pipeline_tests.support.library import *  # noqa: F403 - the fixtures
from roster_pipeline_tests.support.readers import empty, query
from roster_pipeline_tests.support.town import Town

TEACHERS, SECTIONS = (1, 2, 3), (1, 2, 3, 4)
teacher, section = st.sampled_from(TEACHERS), st.sampled_from(SECTIONS)
# A class of four students never crosses the threshold of a class, which needs five removals.
members = st.lists(st.integers(1, 7), unique=True, max_size=4)
steps = st.lists(
    st.one_of(
        st.tuples(st.just("edit"), section, st.sets(teacher), members),
        st.tuples(st.just("gone"), section),
        st.tuples(st.sampled_from(["choose", "choose", "remove"]), teacher, section),
        st.tuples(st.just("update"), teacher),
        st.tuples(st.just("update"), teacher),
    ),
    min_size=8,
    max_size=14,
)
MEMBERS = """
    select l.clever_id from roster.org_memberships as m
    join roster.identity_links as l on l.account_id = m.account_id and l.unlinked_at is null
    where m.ended_at is null and m.role = 'student'
"""
CLASSES = "select clever_id from roster.rosters where archived_at is null"
ACCOUNTS = "select count(*), count(distinct clever_id) from roster.identity_links where unlinked_at is null"


class History:
    """Three teachers of one town, and the classes that each of them chose."""

    def __init__(self, library):
        self.library, self.town = library, library.serve(Town(1))
        self.students = {number: self.town.student(number, "Ada", "Brook") for number in range(1, 8)}
        self.teachers = {number: library.join(self.town.teacher(number)) for number in TEACHERS}
        self.tokens = {number: library.log_in(self.teachers[number].clever_id) for number in TEACHERS}
        # An empty list would not be complete, so each teacher has a class that nobody chooses.
        for number in TEACHERS:
            self.town.section(50 + number, teachers=[self.teachers[number].clever_id])
        self.sections = {number: self.edit(number, {1, 2}, [number]) for number in SECTIONS}
        self.chosen = {number: set() for number in TEACHERS}

    def edit(self, number, teachers, students):
        people = [self.teachers[each].clever_id for each in sorted(teachers)]
        return self.town.section(number, teachers=people, students=[self.students[each] for each in students])

    def gone(self, number):
        if self.sections[number] in self.town.resources["sections"]:
            self.town.remove("sections", self.sections[number])

    def choose(self, teacher, number):
        self.chosen[teacher].add(self.sections[number])
        self.library.choose(self.teachers[teacher], self.sections[number])

    def remove(self, teacher, number):
        self.chosen[teacher].discard(self.sections[number])
        self.library.remove(self.teachers[teacher], self.sections[number])

    def update(self, teacher):
        """Update the classes of one teacher. The other teachers keep every class."""
        before = {other: self.places(other) for other in TEACHERS if other != teacher}
        self.library.update(self.teachers[teacher], token=self.tokens[teacher])
        assert {other: self.places(other) for other in before} == before

    def places(self, teacher):
        return set(self.library.classes(self.teachers[teacher]))

    def expect(self, teacher):
        """Return the classes of a teacher, as one full read of the chosen sections gives them."""
        clever_id, shown = self.teachers[teacher].clever_id, self.town.resources["sections"]
        own = {key: shown[key] for key in self.chosen[teacher] if key in shown}
        return {key: sorted(item["students"]) for key, item in own.items() if clever_id in item["teachers"]}


@settings(examples, max_examples=4)
@given(history=steps)
def test_updates_of_several_teachers_end_as_one_full_read(library, product, history):
    empty(product)
    library.clever.served.clear()
    world = History(library)
    for act, *values in history:
        getattr(world, act)(*values)
    for teacher in TEACHERS:
        world.update(teacher)

    expected = {teacher: world.expect(teacher) for teacher in TEACHERS}
    assert {number: library.classes(world.teachers[number]) for number in TEACHERS} == expected
    classes = [own for per_teacher in expected.values() for own in per_teacher.items()]
    assert {key for (key,) in query(product, CLASSES)} == {key for key, _ in classes}
    assert {key for (key,) in query(product, MEMBERS)} == {student for _, own in classes for student in own}
    links, people = query(product, ACCOUNTS)[0]
    assert links == people
    assert [library.update(world.teachers[each], token=world.tokens[each]).total for each in TEACHERS] == [0, 0, 0]
