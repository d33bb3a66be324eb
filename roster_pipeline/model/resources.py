"""Clever's lists and the fields of them that are kept. Raw files, raw tables and assets follow this list.

A field that is not listed here is never written anywhere (docs/rules.md R6.1). These are birth dates, genders,
addresses, contacts and all others that the product does not use. `last_modified` is kept to choose between two copies
of one record. It is not content (docs/clever-api.md#records).
"""

from __future__ import annotations

from dataclasses import dataclass

ROLE = "STRUCT(school VARCHAR, schools VARCHAR[], sis_id VARCHAR, grade VARCHAR)"
"""The fields of a role. Only students have a grade."""
PERSON = {
    "id": "VARCHAR",
    "district": "VARCHAR",
    "email": "VARCHAR",
    "name": "STRUCT(first VARCHAR, last VARCHAR)",
    "roles": f"STRUCT(teacher {ROLE}, student {ROLE})",
    "last_modified": "VARCHAR",
}
NON_CONTENT_FIELDS = frozenset({"last_modified"})
"""Fields whose change is no change of the record."""
TEXT_MAX_CHARS, EMAIL_MAX_CHARS = 1_000, 320
"""The most characters of a text and of an email from Clever. No later stage has a smaller limit."""
RECORD_MAX_BYTES = 8 * 2**20
"""The most bytes of the kept fields of one record. DuckDB reads no JSON object above 16 MiB."""


@dataclass(frozen=True)
class Resource:
    """One list of Clever.

    Attributes:
        name: the name of the raw table, of the asset and of the landing file.
        path: the path of the list below the API version.
        role: the value of the query `role`, if the list is split by role.
        fields: the kept fields with their DuckDB types, nested as in Clever's records.
    """

    name: str
    path: str
    role: str | None
    fields: dict[str, str]

    @property
    def content(self) -> tuple[str, ...]:
        """Return the fields whose change is a change of the record."""
        return tuple(field for field in self.fields if field not in NON_CONTENT_FIELDS)


SCHOOLS = Resource(
    "schools",
    "schools",
    None,
    dict.fromkeys(
        ("id", "district", "name", "sis_id", "nces_id", "low_grade", "high_grade", "last_modified"), "VARCHAR"
    ),
)
TEACHERS = Resource("teachers", "users", "teacher", PERSON)
STUDENTS = Resource("students", "users", "student", PERSON)
SECTIONS = Resource(
    "sections",
    "sections",
    None,
    {
        **dict.fromkeys(
            (
                "id",
                "district",
                "name",
                "school",
                "subject",
                "grade",
                "period",
                "teacher",
                "term_id",
                "course",
            ),
            "VARCHAR",
        ),
        "teachers": "VARCHAR[]",
        "students": "VARCHAR[]",
        "last_modified": "VARCHAR",
    },
)
TERMS = Resource("terms", "terms", None, dict.fromkeys(("id", "district", "name", "start_date", "end_date"), "VARCHAR"))
COURSES = Resource("courses", "courses", None, dict.fromkeys(("id", "district", "name", "number"), "VARCHAR"))

RESOURCES: tuple[Resource, ...] = (SCHOOLS, TEACHERS, STUDENTS, SECTIONS, TERMS, COURSES)
"""All lists in dependency order. People refer to schools. Sections refer to people, terms and courses."""
