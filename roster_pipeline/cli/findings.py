"""Whom somebody should look at before a sync, read from the district's file, in words that a school's admin knows.

Of an account that belongs to another organization, is closed, or is an admin's of elsewhere, only the reason is told.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import groupby
from typing import Any

import duckdb

Row = dict[str, Any]

COUNTS = """
    select
        count(*) filter (rule = 'linked') as linked,
        count(*) filter (rule = 'email') as linked_by_email,
        count(*) filter (rule = 'created') as created,
        (select count(distinct clever_id) from marts.pending_members) as pending
    from intermediate.int_identities
"""
FINDINGS = """
    with reviewed as (
        select clever_id, reason as finding, account_id from marts.reviews
        except
        -- What a person has decided is not asked again.
        select clever_id, reason, account_id from current.reviews where is_native
    ),
    found as (
        select clever_id, 'near_match' as finding, account_id, differs from intermediate.int_near_matches
        union all by name
        select
            clever_id,
            finding,
            account_id,
            case finding when 'role_differs' then ['role'] when 'name_differs' then ['name'] end as differs
        from reviewed
        union all by name
        select clever_id, 'shared_address' as finding
        from intermediate.int_people
        where email_is_valid and email_carriers > 1
            and clever_id not in (select clever_id from reviewed where finding = 'email_shared')
        union all by name
        select clever_id, 'unusable_address' as finding
        from intermediate.int_people
        where email is not null and not email_is_valid
        union all by name
        select distinct clever_id, finding
        from intermediate.int_section_members
        where finding is not null
    ),
    to_be_shown as (
        select account_id, role, first_name, last_name, email
        from current.accounts
        where not (is_linked_elsewhere or is_member_elsewhere or is_ended or (role = 'admin' and not is_admin_here))
        union
        select account_id, role, first_name, last_name, account_email from current.near_accounts
    )
    select
        person.clever_id, person.role, person.sis_id, person.first_name, person.last_name, person.email,
        case identity.rule when 'email' then 'linked_by_email' else identity.rule end as outcome,
        found.finding, coalesce(found.differs, []) as differs,
        account.account_id, account.role as account_role, account.first_name as account_first_name,
        account.last_name as account_last_name, account.email as account_email
    from found
    inner join intermediate.int_people as person using (clever_id)
    inner join intermediate.int_identities as identity using (clever_id)
    left join to_be_shown as account on account.account_id = found.account_id
    order by clever_id, finding <> 'near_match', account.account_id is null, finding, account.account_id
"""

NEAR = "near_match"
OWN_EMAIL = "Give each person an email of their own in Clever."
NEW_ACCOUNT = "Correct the email in Clever, or leave it: the person's own account then has none."
WORDS = {
    NEAR: (
        "nearly the email of an account",
        "If it is the same person, make the email in Clever exactly that of the account, so that the sync finds it; "
        "if not, leave it.",
    ),
    "shared_address": ("somebody else in Clever has this email too", OWN_EMAIL),
    "unusable_address": (
        "the email is no email address",
        "Correct the email in Clever, or leave it empty: no account can be found by it.",
    ),
    "teacher_is_student": (
        "a class lists this student among its teachers",
        "Correct the class or the role in Clever: a student never teaches a class.",
    ),
    "student_is_teacher": (
        "a class lists this teacher among its students",
        "Correct the class or the role in Clever: a teacher is enrolled in no class.",
    ),
    "email_shared": ("somebody else has this email too", OWN_EMAIL),
    "already_linked": (
        "the account with this email belongs to another person in Clever",
        "If it is the same person under a new Clever id, decide the review; if not, correct the email in Clever.",
    ),
    "role_differs": (
        "the account with this email has another role",
        "Look whose account it is: correct the email in Clever, or decide the review.",
    ),
    "other_organization": (
        "the account with this email belongs to another organization",
        f"{NEW_ACCOUNT} If that organization is disconnected, the review can be resolved as relink.",
    ),
    "admin_account": ("the account with this email is an administrator's", NEW_ACCOUNT),
    "account_closed": (
        "the account with this email was closed",
        "Correct the email in Clever, or decide the review.",
    ),
    "name_differs": (
        "the account with this email has another name",
        "Look whether it is the same person: correct the email in Clever, or decide the review.",
    ),
    "recycled_id": (
        "first name, last name and email changed at once",
        "Look whether Clever gave the id to somebody else, and decide the review; until then nothing is renamed.",
    ),
}
"""By finding: what is wrong, and what to do."""
UNKNOWN = ("somebody has to look", "Decide the review.")
NEAR_BUT_UNSEEN = (
    "If it is the same person, have the account's email corrected in the product: Clever's never has blanks."
)
NEAR_BUT_LINKED = " As a new account was made already, the next sync then opens a review."
DIFFERENCES = {
    "case": "capital letters",
    "dots": "dots before the @",
    "unicode": "the form of a letter (accent, width)",
    "whitespace": "a blank or something that is not seen",
}


@dataclass(frozen=True)
class Findings:
    """What a sync would do with a district's people.

    Attributes:
        counts: people by what becomes of them, and by what somebody should look at; reviews by reason.
        near_matches: one row a person and account.
        people: one row a person whom somebody should look at, those with a near match first. Of several accounts that
            are nearly the same the first is told; all are in `near_matches`.
    """

    counts: Mapping[str, Any]
    near_matches: Sequence[Row]
    people: Sequence[Row]


def read_findings(con: duckdb.DuckDBPyConnection) -> Findings:
    """Read what the last plan of a district found; `con` is its file, as a sync up to the plan leaves it."""
    (counts,) = _rows(con, COUNTS)
    found = _rows(con, FINDINGS)
    people = [_person(list(rows)) for _, rows in groupby(found, key=lambda row: row["clever_id"])]
    each = Counter(finding for person in people for finding in person["findings"])
    return Findings(
        {
            **counts,
            "near_matches": each.pop(NEAR, 0),
            "unusable_addresses": each.pop("unusable_address", 0),
            "shared_addresses": each.pop("shared_address", 0),
            "teachers_who_are_students": each.pop("teacher_is_student", 0),
            "students_who_are_teachers": each.pop("student_is_teacher", 0),
            "reviews": dict(sorted(each.items())),
        },
        [row for row in found if row["finding"] == NEAR],
        sorted(people, key=lambda row: (row["findings"][0] != NEAR, row["findings"][0], row["clever_id"])),
    )


def in_words(row: Row) -> Row:
    """A row of `people` for a person: its lists as text."""
    return {
        **row,
        "outcome": row["outcome"].replace("_", " "),
        "findings": "; ".join(WORDS.get(one, UNKNOWN)[0] for one in row["findings"]),
        "differs": ", ".join(DIFFERENCES.get(one, one) for one in row["differs"]),
    }


def _rows(con: duckdb.DuckDBPyConnection, query: str) -> list[Row]:
    cursor = con.execute(query)
    columns = [name for name, *_ in cursor.description]
    return [dict(zip(columns, row, strict=True)) for row in cursor.fetchall()]


def _person(rows: Sequence[Row]) -> Row:
    """The findings about one person as one row, beside the account of the first of them."""
    first = {name: value for name, value in rows[0].items() if name != "finding"}
    return {
        **first,
        "findings": list(dict.fromkeys(row["finding"] for row in rows)),
        "what_to_do": " ".join(dict.fromkeys(_what_to_do(row) for row in rows)),
    }


def _what_to_do(row: Row) -> str:
    _, advice = WORDS.get(row["finding"], UNKNOWN)
    if row["finding"] != NEAR:
        return advice
    if any(one.isspace() or not one.isprintable() for one in row["account_email"]):
        return NEAR_BUT_UNSEEN
    return advice + (NEAR_BUT_LINKED if row["outcome"] == "linked" else "")
