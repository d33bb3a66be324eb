"""What can happen to one person's rows when somebody decides who they are: queries, by entity, for the writer.

Each gives rows of the product as they shall be. Parameters: `:person` is the Clever id, `:own` the account that it is
linked to, `:about` the account of the review, `:fresh` the id of an account to be made.
"""

from __future__ import annotations

from collections.abc import Iterable

from roster_pipeline.publish.table_mappings import AT, TARGETS

Rows = dict[str, list[str]]
NAMES = ("first_name", "last_name")
MEMBERSHIPS = {
    "org_memberships": "it.organization_id = :organization_id and it.source in ({sources}) and not it.is_admin",
    "school_memberships": "it.source in ({sources}) and it.school_id in "
    "(select id from roster.schools where organization_id = :organization_id)",
    **dict.fromkeys(
        ("roster_teachers", "roster_students"),
        "it.roster_id in "
        "(select id from roster.rosters where organization_id = :organization_id and source in ({sources}))",
    ),
}
NO_END = "null::timestamptz"


def merge(parts: Iterable[Rows]) -> Rows:
    merged: Rows = {}
    for part in parts:
        for entity, queries in part.items():
            merged.setdefault(entity, []).extend(queries)
    return merged


def take_over() -> Rows:
    """What Clever says of the person goes from `:own` to `:about`, which keeps its address and being an admin."""
    return {
        "accounts": [
            _rows(
                "accounts",
                "update",
                "roster.accounts as it join roster.accounts as own on own.id = :own where it.id = :about",
                **{name: f"own.{name}" for name in (*NAMES, "clever_email")},
                role="case it.role when 'admin' then 'admin' else own.role end",
                imported_from_clever="true",
                archived_at=NO_END,
            ),
            _rows("accounts", "end", "roster.accounts as it where it.id = :own"),
        ]
    }


def claim_address() -> Rows:
    """`:own` gets the address that Clever gives for the person."""
    return {
        "accounts": [_rows("accounts", "update", "roster.accounts as it where it.id = :own", email="it.clever_email")]
    }


def accept_name() -> Rows:
    """`:own` gets the name that Clever gives, as the review keeps it. The address follows with the next sync."""
    return {
        "accounts": [
            _rows(
                "accounts",
                "update",
                "roster.accounts as it join roster.reviews as said on said.id = :review where it.id = :own",
                **{name: f"said.clever_says ->> '{name}'" for name in NAMES},
            )
        ]
    }


def open_account(*, as_clever_says: bool) -> Rows:
    """An account `:fresh` for the person: named as the review says, or as `:own` is; no address yet.

    The next sync gives it the address if that is free; where it was refused once, nobody is asked again.
    """
    named = {name: f"said.clever_says ->> '{name}'" if as_clever_says else f"own.{name}" for name in NAMES}
    return {
        "accounts": [
            _rows(
                "accounts",
                "insert",
                "roster.accounts as own join roster.reviews as said on said.id = :review where own.id = :own",
                id="cast(:fresh as bigint)",
                **named,
                role="case own.role when 'admin' then 'teacher' else own.role end",
                email="null::text",
                clever_email="null::text" if as_clever_says else "own.clever_email",
                imported_from_clever="true",
                archived_at=NO_END,
            )
        ]
    }


def give_back() -> Rows:
    """`:own` gets back what it had before it was linked to the person, from the journal."""
    columns = (*NAMES, "role", "clever_email", "imported_from_clever")
    return {
        "accounts": [
            _rows(
                "accounts",
                "update",
                "roster.accounts as it join roster.identity_links as link "
                "on link.account_id = it.id and link.clever_id = :person and link.unlinked_at is null "
                "join roster.changes as journal on journal.sync_id = link.sync_id and journal.entity = 'accounts' "
                "and journal.op <> 'insert' and journal.key = jsonb_build_object('id', it.id) "
                "cross join lateral jsonb_populate_record(null::roster.accounts, journal.before) as was "
                "where it.id = :own",
                **{column: f"was.{column}" for column in columns},
                email="case when not exists (select from roster.accounts as other where other.email = was.email "
                "and other.id <> it.id) then was.email end",
                archived_at="was.archived_at",
            )
        ]
    }


def link_to(account: str) -> Rows:
    """The person's link ends, and so does any of `account`'s; they are linked to each other."""
    made = {
        "id": "nextval(pg_get_serial_sequence('roster.identity_links', 'id'))",
        "organization_id": "cast(:organization_id as bigint)",
        "clever_id": "cast(:person as text)",
        "account_id": f"cast({account} as bigint)",
        "rule": "cast(:decision as text)",
        "evidence": "jsonb_build_object('review_id', cast(:review as bigint), 'was_account_id', cast(:own as bigint))",
        "sync_id": "cast(:sync_id as bigint)",
        "decided_by": "cast(:decided_by as text)",
        "linked_at": AT,
        "unlinked_sync_id": "null::bigint",
        "unlinked_at": NO_END,
    }
    live = f"roster.identity_links as it where it.unlinked_at is null and it.account_id in (:own, {account})"
    return {
        "identity_links": [
            _rows("identity_links", "end", live),
            _rows("identity_links", "insert", "(select) as it", **made),
        ]
    }


def move_memberships(to: str, *, is_closing: bool) -> Rows:
    """Every live membership of `:own` in the organization that is Clever's goes to account `to`.

    Args:
        is_closing: `:own` closes because `to` is the same person: what is native goes along, and so does having been
            verified. Somebody else is verified by nobody yet.
    """
    sources = "'clever', 'native'" if is_closing else "'clever'"
    unverified = {} if is_closing else {"verified_at": "null::timestamptz"}
    moved: Rows = {}
    for entity, scope in MEMBERSHIPS.items():
        container = next(column for column in TARGETS[entity].key if column != "account_id")
        leaving = f"it.account_id = :own and it.ended_at is null and {scope.format(sources=sources)}"
        moved[entity] = [
            _rows(entity, "end", f"roster.{entity} as it where {leaving}"),
            _rows(
                entity,
                "case when there.account_id is null then 'insert' else 'restore' end",
                f"roster.{entity} as it left join roster.{entity} as there "
                f"on there.{container} = it.{container} and there.account_id = {to} "
                f"where {leaving} and (there.account_id is null or there.ended_at is not null)",
                account_id=f"cast({to} as bigint)",
                **(unverified if entity == "org_memberships" else {}),
            ),
        ]
    return moved


def leave_other_organizations() -> Rows:
    """Every live membership of `:about` in another organization ends (R2.29); its native classes keep it (R4.8)."""
    elsewhere = {
        "org_memberships": "it.organization_id <> :organization_id and not it.is_admin",
        "school_memberships": "it.school_id in "
        "(select id from roster.schools where organization_id <> :organization_id)",
        **dict.fromkeys(
            ("roster_teachers", "roster_students"),
            "it.roster_id in (select id from roster.rosters "
            "where organization_id <> :organization_id and source = 'clever')",
        ),
    }
    mine = "it.account_id = :about and it.ended_at is null"
    return {
        entity: [_rows(entity, "end", f"roster.{entity} as it where {mine} and {which}")]
        for entity, which in elsewhere.items()
    }


def release_pending(to: str) -> Rows:
    """The classes that waited for the person take account `to` in, if the district shares the person."""
    waiting = (
        "roster.pending_members as it join roster.rosters as roster on roster.id = it.roster_id "
        "and roster.organization_id = :organization_id and exists (select from roster.org_memberships as m "
        "where m.organization_id = :organization_id and m.ended_at is null and m.account_id in (:own, {to}))"
    ).replace("{to}", to)
    released = {"pending_members": [_rows("pending_members", "delete", f"{waiting} where it.clever_id = :person")]}
    for role in ("teacher", "student"):
        members = f"roster_{role}s"
        released[members] = [
            _rows(
                members,
                "case when there.account_id is null then 'insert' else 'restore' end",
                f"{waiting} left join roster.{members} as there on there.roster_id = it.roster_id "
                f"and there.account_id = {to} where it.clever_id = :person and it.role = '{role}' and not exists "
                f"(select from roster.{members} as own where own.roster_id = it.roster_id and own.account_id = :own "
                "and own.ended_at is null)",
                account_id=f"cast({to} as bigint)",
                ended_at=NO_END,
                **({"is_primary": "coalesce(there.is_primary, false)"} if role == "teacher" else {}),
            )
        ]
    return released


def close_review() -> Rows:
    return {
        "reviews": [
            _rows(
                "reviews",
                "update",
                "roster.reviews as it where it.id = :review",
                state="'resolved'",
                decision="cast(:decision as text)",
                decided_by="cast(:decided_by as text)",
                decided_at=AT,
            )
        ]
    }


def _rows(entity: str, op: str, source: str, **values: str) -> str:
    """Rows of `source` (its alias `it`) as they shall be: as they are, but for `values`, and closed if they end."""
    target = TARGETS[entity]
    columns = {column: f"it.{column}" for column in target.expressions} | values
    if op == "end":
        columns = target.written(columns, "'end'")
    said = op if op.startswith("case ") else f"'{op}'"
    listed = ", ".join(f"{value} as {column}" for column, value in columns.items())
    return f"select {said} as op, {listed} from {source}"
