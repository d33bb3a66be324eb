"""The fix list: what an update would do with people, and which emails and records to correct in Clever first."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass, replace
from difflib import SequenceMatcher
from pathlib import Path

from sqlalchemy import Connection

from roster_pipeline.explain.district_file import Unread, open_file
from roster_pipeline.explain.facts import Row, read_district
from roster_pipeline.explain.finding_words import NEAR_MATCH
from roster_pipeline.explain.preflight import Findings, read_findings
from roster_pipeline.explain.source_facts import read_last
from roster_pipeline.messages import Catalogue

Piece = tuple[str, bool]
"""A part of an email, and whether it differs from the other email."""


@dataclass(frozen=True)
class FixList:
    """What the last preview found. Without a preview it is what the last update found.

    Attributes:
        set_aside: the records that are broken, with the reason.
        is_preview: a preview found it. Otherwise the last update has done already what its counts say.
    """

    findings: Findings
    set_aside: Sequence[Row]
    is_preview: bool


def read_fix_list(pg: Connection, folder: Path, district_id: str, words: Catalogue) -> FixList | Unread:
    """Read the fix list from the copy that the last preview worked on, or else from the district file."""
    preview = _read(pg, folder, district_id, words, is_preview=True)
    return _read(pg, folder, district_id, words, is_preview=False) if isinstance(preview, Unread) else preview


def _read(pg: Connection, folder: Path, district_id: str, words: Catalogue, *, is_preview: bool) -> FixList | Unread:
    with open_file(pg, folder, district_id, is_preview=is_preview) as con:
        if isinstance(con, Unread):
            return con
        last_read = read_last(con)
        if isinstance(last_read, Unread):
            return last_read
        return FixList(read_findings(con, words), read_district(con, "set_aside_records"), is_preview)


def leave_out(fix_list: FixList, decided: Collection[tuple[str, int]]) -> FixList:
    """Return a fix list without the near matches of which a person has decided since that they are another person.

    Args:
        decided: the Clever id of the person and the id of the account, of each decision.
    """
    findings = fix_list.findings
    near = [row for row in findings.near_matches if (row["clever_id"], row["account_id"]) not in decided]
    open_ids = {row["clever_id"] for row in near}
    people = [row for row in findings.people if row["findings"] != [NEAR_MATCH] or row["clever_id"] in open_ids]
    return replace(fix_list, findings=replace(findings, near_matches=near, people=people))


def mark_differences(email: str, other: str) -> tuple[list[Piece], list[Piece]]:
    """Return both emails in pieces, with the letters in which they differ marked."""
    mine: list[Piece] = []
    theirs: list[Piece] = []
    for kind, start, end, other_start, other_end in SequenceMatcher(None, email, other, autojunk=False).get_opcodes():
        is_different = kind != "equal"
        mine.append((email[start:end], is_different))
        theirs.append((other[other_start:other_end], is_different))
    return [piece for piece in mine if piece[0]], [piece for piece in theirs if piece[0]]
