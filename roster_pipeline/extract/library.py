"""Read what Clever shows to one teacher of Clever Library, with the teacher's token (docs/clever-api.md#library)."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import httpx
import msgspec

from roster_pipeline.extract.bearer import Bearer
from roster_pipeline.extract.decode import Page, PageDecoder
from roster_pipeline.extract.envelope import broken
from roster_pipeline.extract.records import Person, Section
from roster_pipeline.model.resources import SECTIONS, TEACHERS, Resource

if TYPE_CHECKING:
    from roster_pipeline.extract.client import CleverClient

DEFAULT_PAGE = 100
"""The records of a page without paging. A list of exactly this length may be cut."""
_SECTION_LINES, _PERSON_LINES = msgspec.json.Decoder(Section), msgspec.json.Decoder(Person)


@dataclass(frozen=True)
class LibraryTeacher:
    """A teacher of Clever Library, and the token that Clever gave for the teacher's last login.

    Attributes:
        clever_id: the Clever id of the teacher.
        token: the token. It does not appear in the repr.
    """

    clever_id: str
    token: str = field(repr=False)


@dataclass(frozen=True)
class LibrarySection:
    """A section that the teacher teaches, as primary teacher or with others.

    Attributes:
        section_id: the Clever id of the section.
        name: the name in Clever. It may be empty.
        students: the number of students that the section lists.
    """

    section_id: str
    name: str
    subject: str | None
    grade: str | None
    students: int


def list_library_sections(clever: CleverClient, teacher: LibraryTeacher) -> tuple[LibrarySection, ...]:
    """Return the sections of a teacher, ordered by name. A teacher may have none.

    Raises:
        TokenRefused: Clever no longer accepts the token. The caller deletes it and asks Clever for a new login.
        SourceRefused: Clever shows no sections to this teacher. The district blocks the app, or the teacher removed it.
        SourceUnusable: Clever gave no usable answer.
    """
    page = read_teacher_list(clever, teacher, SECTIONS, f"users/{teacher.clever_id}/sections")
    sections = {
        section.id: LibrarySection(
            section.id, section.name or "", section.subject, section.grade, len(set(section.students))
        )
        for section in decode_sections(page)
    }
    return tuple(sorted(sections.values(), key=lambda section: (section.name, section.section_id)))


def read_teacher_list(
    clever: CleverClient, teacher: LibraryTeacher, resource: Resource, path: str, **query: str
) -> Page:
    """Read a list that the token of a teacher opens. It has one page, because paging does not work with such a token.

    Raises:
        TokenRefused: Clever no longer accepts the token.
        SourceRefused: Clever does not show the list to the teacher.
        SourceUnusable: Clever gave no usable answer.
    """
    return _decode(resource, teacher, _get(clever, teacher, path, query))


def read_teacher(clever: CleverClient, teacher: LibraryTeacher) -> Page:
    """Read the record of the teacher, as a list of one. Raise errors as `read_teacher_list` does."""
    body = _get(clever, teacher, f"users/{teacher.clever_id}", {})
    # The answer wraps its record as a list wraps each of its records.
    page = _decode(TEACHERS, teacher, b'{"data":[%b],"links":[]}' % body)
    if [person.id for person in _PERSON_LINES.decode_lines(page.lines)] != [teacher.clever_id]:
        raise broken(_name(teacher))
    return page


def _get(clever: CleverClient, teacher: LibraryTeacher, path: str, query: dict[str, str]) -> bytes:
    url = httpx.URL(clever.access.lists.join(path), params=query)
    return clever.request(url, Bearer(teacher.token), _name(teacher))


def _decode(resource: Resource, teacher: LibraryTeacher, body: bytes) -> Page:
    return PageDecoder(resource, "library").decode(body, f"{_name(teacher)}, {resource.name}")


def _name(teacher: LibraryTeacher) -> str:
    return f"Library teacher {teacher.clever_id}"


def decode_sections(page: Page) -> list[Section]:
    """Return the sections of a page."""
    return _SECTION_LINES.decode_lines(page.lines)


def is_whole(page: Page) -> bool:
    """Return whether a list without paging was surely read to its end (docs/rules.md R5.2)."""
    has_next = any(link.rel == "next" and link.uri for link in page.links)
    return not has_next and not page.rejections and page.rows != DEFAULT_PAGE
