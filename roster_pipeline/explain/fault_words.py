"""The words for lists of Clever, their fields, and what is wrong with a record of them.

The reason of a broken record is stored in English when the record is read (`extract`, `validate`). Here it is taken
apart into its field and its complaint, so that a reader gets it in the own language. An unknown reason stays as it is.
"""

from __future__ import annotations

import re

from roster_pipeline.messages import Catalogue, product

LISTS = {
    "schools": product.mark("schools"),
    "teachers": product.mark("teachers"),
    "students": product.mark("students"),
    "sections": product.mark("classes"),
    "terms": product.mark("terms"),
    "courses": product.mark("courses"),
}
FIELDS = {
    "id": product.mark("Clever's id"),
    "Clever id": product.mark("Clever's id"),
    "clever id": product.mark("Clever's id"),
    "section id": product.mark("Clever's id"),
    "name": product.mark("name"),
    "name.first": product.mark("first name"),
    "name.last": product.mark("last name"),
    "email": product.mark("email"),
    "school": product.mark("school"),
    "school id": product.mark("school"),
    "school ids": product.mark("schools"),
    "term_id": product.mark("term"),
    "term id": product.mark("term"),
    "course": product.mark("course"),
    "course id": product.mark("course"),
    "sis_id": product.mark("number in your school's system"),
    "teacher": product.mark("first teacher"),
    "teachers": product.mark("list of teachers"),
    "teacher ids": product.mark("list of teachers"),
    "students": product.mark("list of students"),
    "student ids": product.mark("list of students"),
    "subject": product.mark("subject"),
    "grade": product.mark("grade"),
    "period": product.mark("period"),
}
"""The fields in words, by their path in Clever's record or the name of their column. Other fields stay as they are."""
COMPLAINTS = {
    "is missing": product.mark("{field} is missing"),
    "is not an object": product.mark("{field} is not in the form that Clever documents"),
    "is not text": product.mark("{field} is not text"),
    "is not a list": product.mark("{field} is not a list"),
    "holds something that is not text": product.mark("{field} has something that is not text"),
    "holds a character that cannot be stored": product.mark("{field} has a character that cannot be stored"),
    "is not 24 hexadecimal digits": product.mark("{field} is not an id of Clever"),
    "hold an id that is not 24 hexadecimal digits": product.mark("{field} has something that is not an id of Clever"),
}
TOO_LONG = product.mark("{field} is longer than {number} characters")
WHOLE_RECORDS = {
    "the record is not a JSON object in UTF-8": product.mark("the record cannot be read"),
    "belongs to another district": product.mark("the record belongs to another district"),
    "the Clever id belongs to another district": product.mark("the record belongs to another district"),
}
TOO_LARGE = product.mark("the record is too large")
_LENGTH = re.compile(r"(.+?) (?:holds one that )?is longer than ([\d,]+) characters")


def describe_list(name: str, words: Catalogue) -> str:
    """Return the name of a list of Clever in words."""
    known = name.removeprefix("stg_")
    return words.text(LISTS[known]) if known in LISTS else name


def describe_fault(reason: str, words: Catalogue) -> str:
    """Return what is wrong with a record."""
    if reason in WHOLE_RECORDS:
        return words.text(WHOLE_RECORDS[reason])
    if reason.startswith("the record is larger than "):
        return words.text(TOO_LARGE)
    if match := _LENGTH.fullmatch(reason):
        return words.text(TOO_LONG, field=_describe_field(match[1], words), number=match[2])
    for ending, complaint in COMPLAINTS.items():
        if reason.endswith(f" {ending}"):
            return words.text(complaint, field=_describe_field(reason.removesuffix(f" {ending}"), words))
    return reason


def _describe_field(field: str, words: Catalogue) -> str:
    known = re.sub(r"^roles\.\w+\.", "", field)
    return words.text(FIELDS[known]) if known in FIELDS else field
