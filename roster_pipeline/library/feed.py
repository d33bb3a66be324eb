"""Reads the feed of one Library teacher into landing files: the teacher, the chosen sections and their students."""

from __future__ import annotations

import time
from collections.abc import Callable, Set
from dataclasses import dataclass
from pathlib import Path

import msgspec

from roster_pipeline.errors import SourceRefused, SourceUnreachable, TokenRefused
from roster_pipeline.extract.client import CleverClient
from roster_pipeline.extract.decode import Page
from roster_pipeline.extract.library import (
    LibraryTeacher,
    decode_sections,
    is_whole,
    read_teacher,
    read_teacher_list,
)
from roster_pipeline.extract.lists import open_compressed
from roster_pipeline.extract.records import Roles, Section
from roster_pipeline.messages import operator
from roster_pipeline.model.feed import ListFile
from roster_pipeline.model.resources import RESOURCES, SECTIONS, STUDENTS, TEACHERS, Resource

TOO_SLOW = operator.mark("Clever answers Library teacher {clever_id} too slowly. Nothing was changed.")
MAX_SECONDS = 300.0
"""The longest time for one feed. A Clever that hangs must not keep the updates of other teachers waiting."""


class _Identified(msgspec.Struct):
    id: str
    roles: Roles | None = None


@dataclass(frozen=True)
class TeacherFeed:
    """What Clever shows to one teacher.

    Attributes:
        lists: a landing file for each list. Those that Clever Library does not have are empty.
        sections: the Clever ids of the sections that were read.
        students: the Clever ids of the students who were read.
        teachers: those of them who are teachers too. They are teachers (docs/rules.md R1.3).
        is_complete: whether absence from the feed proves anything (docs/clever-api.md#library).
    """

    lists: tuple[ListFile, ...]
    sections: Set[str]
    students: Set[str]
    teachers: Set[str]
    is_complete: bool


def read_teacher_feed(
    clever: CleverClient,
    teacher: LibraryTeacher,
    chosen: Set[str],
    folder: Path,
    *,
    has_classes: bool,
    on_rows: Callable[[int], None] = lambda _rows: None,
) -> TeacherFeed:
    """Read the chosen sections of a teacher with their students.

    If Clever refuses the sections, the students of the teacher are read without them.

    Args:
        chosen: the Clever ids of the sections that the teacher chose. Sections that are not the teacher's are left out.
        folder: an empty folder for the files. They hold data of people, so the caller removes it.
        has_classes: whether the teacher has classes here. Then an empty list is not complete (docs/rules.md R5.3).
        on_rows: called with the number of rows of each answer.

    Raises:
        TokenRefused: Clever no longer accepts the token.
        SourceRefused: Clever shows nothing to this teacher.
        SourceUnusable: Clever gave no usable answer, or the answers took too long.
    """
    end = time.monotonic() + MAX_SECONDS
    own = f"users/{teacher.clever_id}"
    pages = {TEACHERS.name: [read_teacher(clever, teacher)]}
    try:
        listed = read_teacher_list(clever, teacher, SECTIONS, f"{own}/sections")
    except TokenRefused:
        raise
    except SourceRefused:
        pages[STUDENTS.name] = [read_teacher_list(clever, teacher, STUDENTS, f"{own}/mystudents")]
        return _write_feed(pages, folder, is_complete=False)
    is_complete = is_whole(listed) and (listed.rows > 0 or not has_classes)
    # A section that Clever gives twice is read once, in its last copy.
    sections = {section.id: section for section in decode_sections(listed) if section.id in chosen}
    pages[SECTIONS.name] = [_page_of(sections, listed)]
    pages[STUDENTS.name] = []
    for section in sections.values():
        if time.monotonic() > end:
            raise SourceUnreachable(operator.text(TOO_SLOW, clever_id=teacher.clever_id))
        page = read_teacher_list(clever, teacher, STUDENTS, f"sections/{section.id}/users", role="student")
        pages[STUDENTS.name].append(page)
        on_rows(page.rows)
        is_complete = is_complete and is_whole(page) and _read_ids([page]) == set(section.students)
    return _write_feed(pages, folder, is_complete=is_complete)


def _page_of(sections: dict[str, Section], listed: Page) -> Page:
    lines = msgspec.json.Encoder().encode_lines(list(sections.values()))
    return Page(lines, len(sections), listed.links, listed.rejections)


def _read_ids(pages: list[Page]) -> set[str]:
    return {record.id for record in _decode(pages)}


def _decode(pages: list[Page]) -> list[_Identified]:
    decoder = msgspec.json.Decoder(_Identified)
    return [record for page in pages for record in decoder.decode_lines(page.lines)]


def _write_feed(pages: dict[str, list[Page]], folder: Path, *, is_complete: bool) -> TeacherFeed:
    lists = tuple(_write_list(resource, pages.get(resource.name, []), folder) for resource in RESOURCES)
    sections, students = (_read_ids(pages.get(resource.name, [])) for resource in (SECTIONS, STUDENTS))
    people = _decode(pages.get(STUDENTS.name, []))
    teachers = {person.id for person in people if person.roles and person.roles.teacher is not None}
    return TeacherFeed(lists, sections, students, teachers, is_complete)


def _write_list(resource: Resource, pages: list[Page], folder: Path) -> ListFile:
    file = folder / f"{resource.name}.ndjson.zst"
    with open_compressed(file) as out:
        for page in pages:
            out.write(page.lines)
    rejections = tuple(rejection for page in pages for rejection in page.rejections)
    return ListFile(resource, file, len(pages), sum(page.rows for page in pages), rejections)
