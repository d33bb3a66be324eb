"""Read what the product has of one person or one class: who is there now, and who has ended."""

from dataclasses import dataclass, field

from roster_pipeline.land import open_warehouse
from roster_pipeline.settings import read_settings
from roster_pipeline.validate.sql_tests import load_sql_tests, run_sql_test
from roster_pipeline_tests.support.readers import query

LINKED = "join roster.identity_links as link on link.account_id = m.account_id and link.unlinked_at is null"
OF_ROSTER = "join roster.rosters as r on r.id = m.roster_id"
STATE = "case when m.ended_at is not null then 'ended'"
ROWS = {
    "members": f"select o.clever_district_id, link.clever_id, {STATE} else m.role end from roster.org_memberships as m "
    f"join roster.organizations as o on o.id = m.organization_id {LINKED} and link.organization_id = o.id",
    "in_schools": f"select s.clever_id, link.clever_id, {STATE} when m.is_primary then 'primary' else 'other' end "
    f"from roster.school_memberships as m join roster.schools as s on s.id = m.school_id {LINKED}",
    "teachers": f"select r.clever_id, link.clever_id, {STATE} when m.is_primary then 'primary' else 'co-teacher' end "
    f"from roster.roster_teachers as m {OF_ROSTER} {LINKED}",
    "students": f"select r.clever_id, link.clever_id, {STATE} else 'live' end "
    f"from roster.roster_students as m {OF_ROSTER} {LINKED}",
    "pending": f"select r.clever_id, m.clever_id, m.role from roster.pending_members as m {OF_ROSTER}",
}
"""Of each table: place, person, state; all by Clever id. Native rosters have none and are never here."""


@dataclass(frozen=True)
class Person:
    """The places of a person, by Clever id. `member` is the role in the organization, or `ended`."""

    member: str | None = None
    schools: dict = field(default_factory=dict)  # primary, other or ended
    teaches: dict = field(default_factory=dict)  # primary, co-teacher or ended
    learns: dict = field(default_factory=dict)  # live or ended
    awaited: dict = field(default_factory=dict)  # the role they are pending with


@dataclass(frozen=True)
class Roster:
    """A class and its members, by Clever id."""

    state: str
    name: str
    school: str | None
    term: str | None
    hidden: bool
    teachers: dict
    students: dict
    awaited: dict


def person_of(engine, key):
    """Return a person as the product has them, with or without an account."""
    found = {name: _by_place(engine, name, key) for name in ROWS}
    (member,) = found["members"].values() or [None]
    return Person(member, found["in_schools"], found["teachers"], found["students"], found["pending"])


def roster_of(engine, key):
    """Return the only roster of a section."""
    read = (
        "select case when r.archived_at is null then 'live' else 'archived' end, r.name, s.clever_id, r.term_name, "
        "r.hidden_at is not null from roster.rosters as r left join roster.schools as s on s.id = r.school_id "
        "where r.clever_id = :key"
    )
    (row,) = query(engine, read, key=key)
    return Roster(*row, *(_in_place(engine, name, key) for name in ("teachers", "students", "pending")))


def flagged(district, check):
    """Return the Clever ids that a check named in the last sync."""
    (test,) = [one for one in load_sql_tests() if one.name == check]
    with open_warehouse(read_settings().districts_folder, district.id) as con:
        return set(run_sql_test(con, test).sample)


def _by_place(engine, name, key):
    return _unique((place, state) for place, person, state in query(engine, ROWS[name]) if person == key)


def _in_place(engine, name, key):
    return _unique((person, state) for place, person, state in query(engine, ROWS[name]) if place == key)


def _unique(pairs):
    """Return rows as a dictionary, after a check that no key occurs twice."""
    pairs = list(pairs)
    assert len(dict(pairs)) == len(pairs), "a second row where there should be one"
    return dict(pairs)
