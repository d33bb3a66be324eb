"""What is read from Clever, and which of its fields are kept: the one list behind raw files, raw tables and assets.

Fields that the product does not use (birth date, gender, address, contacts and so on) are not listed, and so are never
written anywhere (docs/rules.md R6.1). `last_modified` is kept to choose between two copies of one record; it is no
content (docs/clever-api.md#records).
"""

from __future__ import annotations

from dataclasses import dataclass

ROLE = "STRUCT(school VARCHAR, schools VARCHAR[], sis_id VARCHAR)"
PERSON = {
    "id": "VARCHAR",
    "district": "VARCHAR",
    "email": "VARCHAR",
    "name": "STRUCT(first VARCHAR, last VARCHAR)",
    "roles": f"STRUCT(teacher {ROLE}, student {ROLE})",
    "last_modified": "VARCHAR",
}
NO_CONTENT = frozenset({"last_modified"})
LONGEST_TEXT, LONGEST_EMAIL = 1_000, 320
"""Characters of a text and of an email that are read from Clever. No limit further down the flow is tighter."""
LARGEST_RECORD = 8 * 2**20
"""Bytes of the kept fields of one record; of a class with 300,000 members. DuckDB reads no JSON object above 16 MiB."""


@dataclass(frozen=True)
class Resource:
    """One Clever list.

    Attributes:
        name: the raw table, the asset key and the landing file.
        path: the list below the API version.
        role: the value of the `role` query, where the list is split by it.
        fields: the kept fields with their DuckDB types, in Clever's own shape.
    """

    name: str
    path: str
    role: str | None
    fields: dict[str, str]

    @property
    def content(self) -> tuple[str, ...]:
        """The fields whose change is a change."""
        return tuple(field for field in self.fields if field not in NO_CONTENT)


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
TERMS = Resource("terms", "terms", None, dict.fromkeys(("id", "district", "name"), "VARCHAR"))
COURSES = Resource("courses", "courses", None, dict.fromkeys(("id", "district", "name", "number"), "VARCHAR"))

RESOURCES: tuple[Resource, ...] = (SCHOOLS, TEACHERS, STUDENTS, SECTIONS, TERMS, COURSES)
"""In dependency order: people name schools, sections name people, terms and courses."""
