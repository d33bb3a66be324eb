"""What waits of a plan, in parts that sum to the total, and in one sentence that says what is missing from Clever.

A person who would leave the district is one removal, whatever rows that takes (`told`). The thresholds count rows
instead, and rows of several kinds, so their counts do not sum to anything.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

import duckdb

from roster_pipeline.model.plan import FEED_INCOMPLETE, Held
from roster_pipeline.plan.change_summary import count_changes
from roster_pipeline.plan.threshold_rules import ENDING_ROSTER, GONE

OTHERS = "others"
LEFT = {"student": "students", "teacher": "teachers"}
IN_CLASS = {"student": "enrollments", "teacher": "class_teachers"}
MISSING = ("is missing from Clever", "are missing from Clever")
MOVED = ("is no longer listed there in Clever", "are no longer listed there in Clever")
GONE_FROM = ("is gone from Clever", "are gone from Clever")
RENAMED = " another name or email in Clever"
STAYS = f"not ({ENDING_ROSTER}) and not ({GONE})"


@dataclass(frozen=True)
class Subject:
    """What a sentence about a part counts.

    Attributes:
        entity, where: the rows that end, and the live ones that they are a share of.
        unit: the column of the school or class that they are of; None: they are of the district alone.
        units: what several such units are called.
        ending: a further condition on the rows that end.
        says: what became of one, and of several.
    """

    noun: tuple[str, str]
    entity: str
    where: str = "true"
    unit: str | None = "school_id"
    units: str = "schools"
    ending: str = "true"
    says: tuple[str, str] = MISSING


STUDENTS, TEACHERS = ("student", "students"), ("teacher", "teachers")
SUBJECTS = {
    "students": Subject(STUDENTS, "school_memberships", "role = 'student'", ending=GONE),
    "teachers": Subject(TEACHERS, "school_memberships", "role = 'teacher'", ending=GONE),
    "schools": Subject(("school", "schools"), "schools", unit=None),
    "rosters": Subject(("class", "classes"), "rosters"),
    "students_in_schools": Subject(
        STUDENTS, "school_memberships", "role = 'student'", ending=f"not ({GONE})", says=MOVED
    ),
    "teachers_in_schools": Subject(
        TEACHERS, "school_memberships", "role = 'teacher'", ending=f"not ({GONE})", says=MOVED
    ),
    "enrollments": Subject(STUDENTS, "roster_students", "true", "section_id", "classes", STAYS, MOVED),
    "class_teachers": Subject(TEACHERS, "roster_teachers", "true", "section_id", "classes", STAYS, MOVED),
}
DISTRICT = {"students": "role = 'student'", "teachers": "role = 'teacher'"}
"""Parts that are of the district where no one school is meant: which of its members they are."""
NAMES = {
    "school_id": "select name from current.schools where school_id = ?",
    "section_id": "select name from current.rosters where section_id = ?",
}


def held_parts(con: duckdb.DuckDBPyConnection) -> dict[str, int]:
    """Count what is held in `changes.*`, each removal or other change once, the largest part first."""
    counts: Counter[str] = Counter()
    for noun, became in count_changes(con, held=True).items():
        for what, count in became.items():
            counts[_part(noun, what)] += count
    return dict(sorted(counts.items(), key=lambda one: (-one[1], one[0])))


def first_sentence(con: duckdb.DuckDBPyConnection, held: Iterable[Held], parts: Mapping[str, int]) -> str | None:
    """Say what is missing, such as `160 of 400 students of Clever High School (40 %) are missing from Clever.`

    Args:
        held: why something is held, of the plan whose rows `con` has in `changes.*`, and the district's in `live.*`.
        parts: as `held_parts` gives them; the sentence is about the largest.
    """
    held = tuple(held)
    if any(one.reason == FEED_INCOMPLETE for one in held):
        return "A list in Clever is empty or has records without id, so nothing shows that what is not in it is gone."
    part = next(iter(parts), None)
    if part == "names_and_emails":
        changes = next((one for one in held if one.part == part), None)
        if changes is None:
            return None
        return _share(changes.removals, changes.of, ("person", "people"), "", ("has", "have"), RENAMED)
    if part is None or part not in SUBJECTS:
        return None
    return _of_one_unit(con, part, parts[part]) or _of_all(con, part, parts[part])


def _of_one_unit(con: duckdb.DuckDBPyConnection, part: str, total: int) -> str | None:
    """The sentence about one school or class, if all of the part is of it."""
    subject = SUBJECTS[part]
    units = _units(con, subject) if subject.unit else []
    if subject.unit is None or len(units) != 1 or units[0][1] != total:
        return None
    (unit, count) = units[0]
    row = con.execute(NAMES[subject.unit], [unit]).fetchone()
    live = _count(con, subject, f"{subject.unit} = ?", [unit])
    return _share(count, live, subject.noun, f" of {row[0]}" if row and row[0] else "", subject.says)


def _of_all(con: duckdb.DuckDBPyConnection, part: str, total: int) -> str:
    """The sentence about the district, or about the schools or classes that the part is of."""
    subject = SUBJECTS[part]
    if part in DISTRICT:
        members = Subject(subject.noun, "org_memberships", DISTRICT[part])
        return _share(total, _count(con, members), subject.noun, " of the district", subject.says)
    if subject.says == MISSING:
        return _share(total, _count(con, subject), subject.noun, " of the district", subject.says)
    units = _units(con, subject)
    places = sum(count for _, count in units)
    ids = [unit for unit, _ in units]
    live = _count(con, subject, f"{subject.unit} in (select unnest(?))", [ids])
    of = f" of {len(ids):,} {subject.units}"
    return _share(places, live, ("place of a " + subject.noun[0], "places of " + subject.noun[1]), of, GONE_FROM)


def _units(con: duckdb.DuckDBPyConnection, subject: Subject) -> list[tuple[str, int]]:
    """Schools or classes with rows that are held, and how many."""
    return con.execute(
        f"select {subject.unit}, count(*) from changes.{subject.entity} "
        f"where op = 'end' and held and ({subject.where}) and ({subject.ending}) group by 1 order by 1"
    ).fetchall()


def _count(
    con: duckdb.DuckDBPyConnection, subject: Subject, within: str = "true", values: list[object] | None = None
) -> int:
    """Rows that live now."""
    row = con.execute(
        f"select count(*) from baseline.{subject.entity} "
        f"where not is_ended and not is_native and ({subject.where}) and {within}",
        values or [],
    ).fetchone()
    assert row is not None  # a count always answers with one row
    return int(row[0])


def _share(count: int, of: int, noun: tuple[str, str], where: str, says: tuple[str, str], more: str = "") -> str:
    of = max(count, of)
    return f"{count:,} of {of:,} {noun[of != 1]}{where} ({round(100 * count / of)} %) {says[count != 1]}{more}."


def _part(noun: str, became: str) -> str:
    """The part that a fact of `told` is of."""
    if became == "left":
        return LEFT.get(noun, "people")
    if became == "taken out of a school":
        return f"{noun}s_in_schools"
    if became == "taken out of a class":
        return IN_CLASS.get(noun, OTHERS)
    if noun.endswith((" name", " email")):
        return "names_and_emails"
    return {"archived": "rosters", "removed": "schools"}.get(became, OTHERS)
