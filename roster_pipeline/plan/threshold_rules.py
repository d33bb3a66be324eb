"""What the brakes watch: each kind of rows over the whole district, and class by class or school by school.

Tables only; `brakes` reads them.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from roster_pipeline.model.entities import END, UPDATE

CLASS_REMOVALS = "class_removals"
SCHOOL_REMOVALS = "school_removals"


@dataclass(frozen=True)
class Part:
    """One kind of rows, watched over the whole district.

    Attributes:
        resource: the Clever list that proves its absences.
        entity, where: the live rows that are counted.
        held: the changes that wait with it: entity, and a condition on its changes.
        op: what is counted and held: rows that would `end`, or names and emails that would `update`.
    """

    name: str
    resource: str
    entity: str
    where: str
    held: Mapping[str, str]
    op: str = END


@dataclass(frozen=True)
class Unit:
    """One kind of rows, watched class by class or school by school.

    Attributes:
        part: its name, as in `Part`.
        entity, where: the live rows that are counted.
        of: which class or school a row is of, as SQL.
        held: the changes that wait with it: entity, and a condition in which `units` are those that tripped.
    """

    reason: str
    part: str
    entity: str
    where: str
    of: str
    held: Mapping[str, str]


FOLLOWS = """
    was_email is null and (first_name, last_name) is not distinct from (was_first_name, was_last_name)
    and email in (select was_email from changes.accounts where op = 'update' and email is distinct from was_email)
"""
"""Somebody who gets nothing but an address, once whoever has it has moved: no change that waits by itself."""
KNOWN = f"account_id in (select account_id from current.accounts where is_linked_here) and not ({FOLLOWS})"
ENDING_ROSTER = "section_id in (select section_id from changes.rosters where op = 'end')"
ENDING_SCHOOL = "school_id in (select school_id from changes.schools where op = 'end')"
GONE = "coalesce(clever_id not in (select clever_id from marts.org_memberships), true)"
"""Of a row: nobody of the feed has it. Asked of the feed, because no change tells of a membership that is the product's
own: native, or an admin's."""
OF_PEOPLE = ("org_memberships", "school_memberships", "roster_teachers", "roster_students")
OF_ROSTERS = ("roster_teachers", "roster_students", "pending_members")
ROSTER_OF_ENDING_SCHOOL = f"section_id in (select section_id from changes.rosters where op = 'end' and {ENDING_SCHOOL})"
SCHOOL_OF_ROSTER = "(select school_id from baseline.rosters as roster where roster.section_id = it.section_id)"
ROSTER_OF_UNIT = "section_id in (select section_id from baseline.rosters where school_id in units)"


def _people(name: str, role: str) -> Part:
    held = {
        "org_memberships": f"role = '{role}'",
        "school_memberships": f"role = '{role}' and {GONE}",
        f"roster_{role}s": GONE,
    }
    return Part(name, name, "org_memberships", f"role = '{role}'", held)


def _school_members(name: str, role: str) -> Part:
    return Part(
        f"{name}_in_schools", name, "school_memberships", f"role = '{role}'", {"school_memberships": f"role = '{role}'"}
    )


def _in_class(name: str, entity: str, role: str) -> Part:
    return Part(name, "sections", entity, "true", _places(entity, role, "true"))


def _places(entity: str, role: str, within: str) -> dict[str, str]:
    """Who would leave a class; where the class would go too it stays with them, and all who are in it."""
    emptied = (
        f"{within} and {ENDING_ROSTER} and section_id in (select section_id from changes.{entity} where op = 'end')"
    )
    return dict.fromkeys(("rosters", *OF_ROSTERS), emptied) | {
        entity: within,
        "pending_members": f"{within} and role = '{role}' or {emptied}",
    }


PARTS: tuple[Part, ...] = (
    Part(
        "schools",
        "schools",
        "schools",
        "true",
        {
            "schools": "true",
            "school_memberships": ENDING_SCHOOL,
            "rosters": ENDING_SCHOOL,
            "roster_teachers": ROSTER_OF_ENDING_SCHOOL,
            "roster_students": ROSTER_OF_ENDING_SCHOOL,
            "pending_members": ROSTER_OF_ENDING_SCHOOL,
        },
    ),
    Part(
        "rosters",
        "sections",
        "rosters",
        "true",
        {"rosters": "true"} | dict.fromkeys(OF_ROSTERS, ENDING_ROSTER),
    ),
    _people("students", "student"),
    _people("teachers", "teacher"),
    _school_members("students", "student"),
    _school_members("teachers", "teacher"),
    _in_class("enrollments", "roster_students", "student"),
    _in_class("class_teachers", "roster_teachers", "teacher"),
    Part("names_and_emails", "students", "accounts", "true", {"accounts": KNOWN}, UPDATE),
)
"""In this order: what one part holds is no longer counted by the next, so that each removal has one reason."""
UNPROVEN_TOO: tuple[Part, ...] = (
    Part("enrollments", "students", "roster_students", GONE, {"roster_students": GONE}),
    Part("class_teachers", "teachers", "roster_teachers", GONE, {"roster_teachers": GONE}),
)
"""What else waits where a list of people proves nothing: places in class of members of the product's own."""
UNITS: tuple[Unit, ...] = (
    Unit(
        CLASS_REMOVALS,
        "enrollments",
        "roster_students",
        f"not {ENDING_ROSTER}",  # a class that ends takes its members along: that is a removal of a class
        "it.section_id",
        {"roster_students": "section_id in units", "pending_members": "section_id in units and role = 'student'"},
    ),
    Unit(
        SCHOOL_REMOVALS,
        "rosters",
        "rosters",
        "true",
        "it.school_id",
        {"rosters": "school_id in units"} | dict.fromkeys(OF_ROSTERS, f"{ROSTER_OF_UNIT} and {ENDING_ROSTER}"),
    ),
    *(
        Unit(
            SCHOOL_REMOVALS,
            f"{role}s_in_schools",
            "school_memberships",
            f"role = '{role}'",
            "it.school_id",
            {"school_memberships": f"school_id in units and role = '{role}'"},
        )
        for role in ("student", "teacher")
    ),
    *(
        Unit(
            SCHOOL_REMOVALS,
            part,
            entity,
            "true",
            SCHOOL_OF_ROSTER,
            _places(entity, role, ROSTER_OF_UNIT),
        )
        for part, entity, role in (
            ("enrollments", "roster_students", "student"),
            ("class_teachers", "roster_teachers", "teacher"),
        )
    ),
)
"""Finer grains first: classes, then schools."""
