"""Implement docs/rules.md in plain Python over raw Clever objects, to compute what the product must hold.

The code follows the rules and not the SQL, so that a test can find differences. `rule_book_identity` decides
identities.
"""

from dataclasses import dataclass, field
from datetime import date

from roster_pipeline_tests.support.rule_book_identity import Account, Known, who_is_who


@dataclass
class Expected:
    """The content of a product in terms of Clever: live rows, and all accounts, schools and reviews."""

    people: dict = field(default_factory=dict)  # clever_id: (role, first, last, email, clever_email, imported)
    members: dict = field(default_factory=dict)  # clever_id: role
    schools: dict = field(default_factory=dict)  # school: (name, sis_id, nces_id, low_grade, high_grade)
    terms: dict = field(default_factory=dict)  # term: (name, first day, last day)
    courses: dict = field(default_factory=dict)  # course: (number, name)
    school_members: dict = field(default_factory=dict)  # (school, clever_id): (role, is_primary)
    rosters: dict = field(
        default_factory=dict
    )  # section: (school, name, subject, grade, period, term name and id, course)
    teachers: dict = field(default_factory=dict)  # (section, clever_id): is_primary
    students: set = field(default_factory=set)  # (section, clever_id)
    pending: set = field(default_factory=set)  # (section, clever_id, role)
    reviews: set = field(default_factory=set)  # (clever_id, reason)
    known_schools: set = field(default_factory=set)  # every school that was ever shared


def shown(items):
    """Return the objects of a list as Clever answers with them. A district may mask names and emails."""
    return [items.shown(key) for key in items]


def expect(district, before=None, known=None, told=frozenset()):
    """Return what the product must hold after a sync of `district`, if it held `before`.

    Args:
        known: every account there was, if others than Clever made some.
        told: reviews that are open; one of them is expected wherever docs/rules.md leaves open which of several it is.
    """
    before = before or Expected()
    known = known or _from_clever(before)
    lists = {name: shown(items) for name, items in district.resources.items()}
    feed = feed_of(district)
    people = who_is_who(feed, known)
    recycled = {key for key, person in people.items() if person.is_recycled}
    shared = {school["id"] for school in lists["schools"]}
    after = Expected(
        people=_people(known) | {key: person.content for key, person in people.items()},
        members=_members(known, people),
        schools={
            one["id"]: (one.get("name") or "", *(one.get(name) or None for name in SCHOOL_FIELDS))
            for one in lists["schools"]
        },
        terms={
            one["id"]: (one.get("name") or None, _day(one.get("start_date")), _day(one.get("end_date")))
            for one in lists["terms"]
        },
        courses={one["id"]: (one.get("number") or None, one.get("name") or None) for one in lists["courses"]},
        school_members={
            (school, key): (people[key].role, school == primary)
            for key, (*_, primary, schools) in feed.items()
            for school in schools & shared
        },
        reviews=_reviews(known, people, told),
        known_schools=before.known_schools | shared,
    )
    roles = {key: people[key].role for key in feed}
    for section in lists["sections"]:
        _add_roster(after, before, section, roles, recycled)
    return after


def feed_of(district):
    """Return role, names, email, primary school and schools of everyone with an account, by Clever id."""
    users = shown(district.resources["users"])
    return {user["id"]: person for user in users if (person := _person(user))}


def _from_clever(before):
    """Return the accounts of a product that only Clever fills. Each account is named by its Clever id."""
    return Known(
        accounts={
            key: Account(role, first, last, email, clever_email, imported, linked_to=key)
            for key, (role, first, last, email, clever_email, imported) in before.people.items()
        },
        reviews=dict.fromkeys(before.reviews),
    )


def _people(known):
    """Return the linked people whose account is open, as they were before."""
    return {
        one.linked_to: (one.role, one.first_name, one.last_name, one.email, one.clever_email, one.imported)
        for one in known.accounts.values()
        if one.linked_to and not one.is_closed
    }


def _members(known, people):
    """Return everyone in the feed, and the other people whose membership does not end by a sync."""
    members = {}
    for account in known.accounts.values():
        here = account.here
        if account.linked_to and here and here.is_live and (here.is_native or here.is_admin):
            members[account.linked_to] = here.role
    for key, person in people.items():
        account = known.accounts.get(person.account)
        here = account.here if account else None
        is_kept = here and here.is_live and (here.role == "admin" or here.is_native)
        members[key] = here.role if is_kept else person.role
    return members


def _reviews(known, people, told):
    """Return every review of people who left, and the expected reviews of each person in the feed."""
    reviews = {(key, reason) for key, reason in known.reviews if key not in people}
    for key, person in people.items():
        found = frozenset(reason for one, reason in told if one == key)
        reviews |= {(key, reason) for reason in (found if found in person.reviews else person.reviews[0])}
    return reviews


SCHOOL_FIELDS = ("sis_id", "nces_id", "low_grade", "high_grade")


def _person(user):
    """Return role, names, email, primary school and schools of a user, or None without an account."""
    for role in ("teacher", "student"):
        if part := user["roles"].get(role):
            name = user.get("name") or {}
            primary = part.get("school") or None
            schools = _schools(user["roles"].get("teacher")) | _schools(user["roles"].get("student"))
            email = (user.get("email") or "").strip(" \t\r\n") or None
            return role, name.get("first"), name.get("last"), email, primary, schools
    return None


def _schools(part):
    """Return every school that one role of a user names."""
    part = part or {}
    return {school for school in (*(part.get("schools") or ()), part.get("school")) if school}


def _day(text):
    """Return the date with which a text begins, or None."""
    try:
        return date.fromisoformat((text or "")[:10])
    except ValueError:
        return None


def _term_of(section, terms, roster_before):
    """Return the name and the id of the term. If the feed lacks the term, those that the roster had stay."""
    term = section.get("term_id")
    if term in terms:
        return terms[term][0], term
    return roster_before[-3:-1] if term and roster_before else (None, None)


def _course_of(section, courses, roster_before):
    """Return the id of the course. If the feed lacks the course, the one that the roster had stays."""
    course = section.get("course")
    if course in courses:
        return course
    return roster_before[-1] if course and roster_before else None


def _add_roster(after, before, section, known, recycled):
    key = section["id"]
    school = section.get("school")
    after.rosters[key] = (
        school if school in after.known_schools else None,
        section.get("name") or "",
        *(section.get(name) or None for name in ("subject", "grade", "period")),
        *_term_of(section, after.terms, before.rosters.get(key)),
        _course_of(section, after.courses, before.rosters.get(key)),
    )
    listed = section.get("teachers") or []
    primary = section.get("teacher") or next(iter(listed), None)
    for role, people in (("teacher", {*listed, section.get("teacher")}), ("student", section.get("students") or ())):
        was_in = before.teachers if role == "teacher" else before.students
        for person in {one for one in people if one}:
            if person not in known or (person in recycled and (key, person) not in was_in):
                after.pending.add((key, person, role))
            elif role != known[person]:
                continue  # R4.13 and R4.14: nobody gets the other role from a list
            elif role == "teacher":
                after.teachers[key, person] = person == primary
            else:
                after.students.add((key, person))
