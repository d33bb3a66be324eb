"""What Clever shares, in words: the fields of each list that the product keeps, and the data that it never keeps."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from roster_pipeline.messages import Catalogue, product
from roster_pipeline.model.resources import RESOURCES, Resource

LISTS = {
    "schools": product.mark("Schools"),
    "teachers": product.mark("Teachers"),
    "students": product.mark("Students"),
    "sections": product.mark("Classes"),
    "terms": product.mark("Terms"),
    "courses": product.mark("Courses"),
}
FIELDS = {
    "id": product.mark("Clever's id"),
    "district": product.mark("the district"),
    "name": product.mark("name"),
    "name.first": product.mark("first name"),
    "name.last": product.mark("last name"),
    "name.initial": product.mark("first letter of the last name"),
    "email": product.mark("email"),
    "roles.teacher": product.mark("schools and staff number"),
    "roles.student": product.mark("schools and student number"),
    "school": product.mark("school"),
    "sis_id": product.mark("number in your school's system"),
    "nces_id": product.mark("national number"),
    "low_grade": product.mark("lowest grade"),
    "high_grade": product.mark("highest grade"),
    "subject": product.mark("subject"),
    "grade": product.mark("grade"),
    "period": product.mark("period"),
    "teacher": product.mark("first teacher"),
    "teachers": product.mark("all teachers"),
    "students": product.mark("all students"),
    "term_id": product.mark("term"),
    "course": product.mark("course"),
    "number": product.mark("number"),
    "start_date": product.mark("first day"),
    "end_date": product.mark("last day"),
    "last_modified": product.mark("time of the last change"),
}
"""The kept fields in words, by their path in Clever's record."""
LIBRARY_FIELDS = {
    "teachers": ("id", "name.first", "name.last", "email"),
    "students": ("id", "name.first", "name.initial"),
    "sections": ("id", "name", "subject", "grade", "teacher", "teachers", "students"),
}
"""The fields that Clever Library gives, by list (docs/clever-api.md#library). The other lists do not exist there."""
NEVER_KEPT = (
    product.mark("birth date"),
    product.mark("gender"),
    product.mark("race and ethnicity"),
    product.mark("lunch status"),
    product.mark("home language"),
    product.mark("disability"),
    product.mark("address"),
    product.mark("parents and guardians"),
    product.mark("phone"),
)
"""What Clever may send and nobody here ever stores (docs/rules.md R6.2)."""


@dataclass(frozen=True)
class SharedList:
    """One list of Clever, with the kept fields in words."""

    name: str
    title: str
    fields: list[str]


def list_shared(words: Catalogue, *, is_library: bool) -> list[SharedList]:
    """Return every list of Clever that the product reads, with its kept fields.

    Args:
        is_library: the lists of Clever Library, which has fewer of them and of their fields.
    """
    paths = LIBRARY_FIELDS if is_library else {each.name: tuple(kept_paths(each)) for each in RESOURCES}
    return [
        SharedList(name, words.text(LISTS[name]), [words.text(FIELDS[path]) for path in fields])
        for name, fields in paths.items()
    ]


def kept_paths(resource: Resource) -> Iterator[str]:
    """Yield the path of each kept field of a list. A name has two fields, and a person the fields of the own role."""
    for name, kind in resource.fields.items():
        if name == "name" and kind.startswith("STRUCT"):
            yield from ("name.first", "name.last")
        elif name == "roles":
            yield f"roles.{resource.role}"
        else:
            yield name
