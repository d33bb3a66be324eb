"""The district behind a question, and the steps that people and classes share: Read, Checked, Clock, what waits."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Connection

from roster_pipeline.explain.district_file import Landing, Unread, Waits
from roster_pipeline.explain.freshness import Arrival, Reached, change_words, hops_words
from roster_pipeline.explain.report import Item, State, Step, at, count, dated, listed
from roster_pipeline.explain.rows import read as read_rows
from roster_pipeline.explain.source_facts import Record
from roster_pipeline.model.plan import PREVIEW_SYNC_ID
from roster_pipeline.product.organizations import Organization

CHANGES = {
    "accounts": ("name or email", "names or emails"),
    "org_memberships": ("membership of the organization", "memberships of the organization"),
    "school_memberships": ("membership of a school", "memberships of schools"),
    "rosters": ("class", "classes"),
    "roster_teachers": ("teacher's place in class", "teachers' places in class"),
    "roster_students": ("student's place in class", "students' places in class"),
    "pending_members": ("waiting place in class", "waiting places in class"),
}
ARRIVED: Mapping[Reached, State] = {
    "nowhere": "waiting",
    "clever": "waiting",
    "published": "ok",
    "unknown": "unknown",
}
UNKNOWN_SYNC = "by a sync that the product does not know, as after a backup was restored"
WOULD = {"insert": "would be new", "update": "would change", "restore": "would be back", "end": "would end"}


@dataclass(frozen=True)
class Sync:
    id: int
    state: str
    started_at: datetime


@dataclass(frozen=True)
class Hold:
    """A plan of which a part waits, or was decided.

    Attributes:
        plan: its name, as `roster-pipeline holds` gives it.
        ids: of its holds.
        state: `open`; or `approved` or `rejected` by `decided_by`, where it is what the last sync held.
        leaves: what waits, in parts that sum to the total, and the sentence about it.
    """

    plan: str
    ids: Sequence[int]
    sync_id: int
    state: str
    reasons: Sequence[str]
    decided_by: str | None
    decided_at: datetime | None
    leaves: Mapping[str, Any] | None


@dataclass(frozen=True)
class District:
    """The district behind a question.

    Attributes:
        newest: the last sync that read, or tried to.
        reading: the one that made the last reading; None where a plan made it, or nobody knows.
        plan: what the last sync held, if it held anything that no sync has applied.
        arrival: how far the change has come that was asked about.
    """

    organization: Organization
    newest: Sync | None
    reading: Sync | None
    plan: Hold | None
    arrival: Arrival | None = None

    @property
    def is_blocked(self) -> bool:
        """Whether no sync of it is let begin."""
        return self.organization.is_stopped or self.organization.tier == "sso_only"


SYNC = """
    select id, state, started_at from roster.syncs
    where organization_id = :organization and mode not in ('resolve', 'undo')
"""
HOLDS = """
    select left(hold.plan_digest, 12) as plan, array_agg(hold.id order by hold.id) as ids, hold.sync_id, hold.state,
        array_agg(distinct hold.reason) as reasons, max(hold.decided_by) as decided_by,
        max(hold.decided_at) as decided_at, sync.counts -> 'leaves' as leaves
    from roster.holds as hold join roster.syncs as sync on sync.id = hold.sync_id
    where hold.organization_id = :organization and hold.state in ('open', 'approved', 'rejected')
        and hold.applied_sync_id is null and hold.sync_id = (
            select max(id) from roster.syncs where organization_id = :organization
                and state in ('published', 'held', 'undone') and mode not in ('resolve', 'undo')
        )
    group by hold.plan_digest, hold.sync_id, hold.state, sync.id
"""


def district_of(pg: Connection, organization: Organization, landing: Landing | None) -> District:
    of = {"organization": organization.id}
    newest = read_rows(pg, Sync, f"{SYNC} order by id desc limit 1", **of)
    reading = read_rows(pg, Sync, f"{SYNC} and uid::text = :uid", uid=landing.sync_uid, **of) if landing else ()
    plan = next(iter(read_rows(pg, Hold, HOLDS, **of)), None)
    return District(organization, next(iter(newest), None), next(iter(reading), None), plan)


def district_words(district: District) -> str:
    """How its syncs stand, in a sentence."""
    organization = district.organization
    if district.is_blocked:
        which = organization.state if organization.state != "active" else f"of tier {organization.tier}"
        return f"The district is {which}: nothing is synced, everything it has is kept."
    if organization.state == "disconnected":
        return "Clever shows the district no more: each sync fails, everything it has is kept."
    at_last = organization.last_published_at
    published = f"last published {at(at_last)}" if at_last else "never published"
    return f"The district is active ({organization.tier}), {published}."


def absent(district: District, read: Record, lists: tuple[str, ...]) -> tuple[State, str]:
    """What it means that a complete reading does not hold somebody."""
    emptied = [name for name in lists if name in read.landing.emptied]
    if emptied:
        return (
            "unknown",
            f"Not in the last reading; its list of {listed(emptied)} came empty, which proves nothing.",
        )
    uploaded = read.landing.uploaded_at
    upload = f" Clever last took in the district's data {at(uploaded)}." if uploaded else ""
    return "stopped", f"Not in {last_reading(district)}.{upload}"


def last_reading(district: District) -> str:
    return f"the last complete reading of {at(district.reading.started_at)}" if district.reading else "the last reading"


def read_step(district: District, read: Record | Unread, lists: tuple[str, ...]) -> Step:
    """When the lists were read, how far, and what could not be read of this record."""
    if isinstance(read, Unread):
        return Step("Read", "unknown", f"Not known: {read.because}.")
    landing, sync = read.landing, district.reading
    refused, dropped = faults(read, "refused"), faults(read, "dropped")
    unknown = "for a plan that was only looked at" if landing.sync_id == PREVIEW_SYNC_ID else UNKNOWN_SYNC
    by = f"by sync {sync.id}, {at(sync.started_at)}" if sync else unknown
    says = f"{listed([f'{landing.rows.get(name, 0):,} {name}' for name in lists])} read to the end {by}."
    if refused:
        says += " This record could not be read and is set aside."
    elif dropped:
        says += " Of this record a field could not be read: what the product has of it stays."
    facts = {"sync_id": landing.sync_id, "read_at": sync.started_at if sync else None, "rows": dict(landing.rows)}
    return Step("Read", "stopped" if refused else "ok", says, facts, refused + dropped)


def checked_step(read: Record | Unread) -> Step:
    """Whether the record keeps its contract."""
    if isinstance(read, Unread):
        return Step("Checked", "unknown", f"Not known: {read.because}.")
    if not read.landing.is_decided:
        return Step("Checked", "unknown", "The sync ended before what it had read was checked.")
    broken = faults(read, "broken")
    if broken:
        return Step("Checked", "stopped", "The record is set aside; what the product has of it stays.", items=broken)
    if not read.found:
        return Step("Checked", "unknown", "There was no record to check.")
    return Step("Checked", "ok", "The record is as it must be.")


def clock_step(district: District) -> Step:
    """When each hop was last made; asked about a change, how far it has come."""
    clock, arrival = district.organization.clock, district.arrival
    if arrival is None:
        return Step("Clock", "ok" if clock.us_to_published else "unknown", f"{hops_words(clock)}.", asdict(clock))
    facts = {"changed_at": arrival.made_at, "reached": arrival.reached, "taken_in": arrival.taken_in}
    return Step("Clock", ARRIVED[arrival.reached], f"{change_words(arrival)}.", asdict(clock) | facts)


def faults(read: Record, kind: str) -> tuple[Item, ...]:
    return tuple(
        Item(kind, f"{fault.reason} (in {fault.resource})", {"resource": fault.resource, "reason": fault.reason})
        for fault in read.faults
        if fault.kind == kind
    )


def waiting_step(district: District, read: Record | Unread, others: tuple[Item, ...] = ()) -> Step:
    """Held changes, the plan that they are of, and `others` that wait."""
    plan, items = district.plan, _held_items(district, read)
    if items and plan and plan.state == "rejected" and not others:
        return Step("Waiting", "ok", f"Nothing waits: {decided_words(plan)}.", items=items)
    if items or others:
        return Step("Waiting", "waiting", "Somebody has to act on this:", items=items + others)
    if isinstance(read, Unread) and plan and plan.state == "open":
        return Step("Waiting", "unknown", f"Whether plan {plan.plan} is about this: {read.because}.")
    return Step("Waiting", "ok", "Nothing waits.")


def decided_words(plan: Hold) -> str:
    """That a plan was approved or rejected, by whom and when."""
    by = f" by {plan.decided_by}" if plan.decided_by else ""
    return f"plan {plan.plan} was {plan.state}{by}{dated(plan.decided_at)}"


def _held_items(district: District, read: Record | Unread) -> tuple[Item, ...]:
    """Held changes by kind, and the plan: it is decided as a whole."""
    if isinstance(read, Unread) or not read.held:
        return ()
    kinds: dict[tuple[str, str], list[Waits]] = {}
    for change in read.held:
        kinds.setdefault((change.entity, change.op), []).append(change)
    return tuple(
        Item(
            held_state(district),
            f"{count(len(changes), *CHANGES.get(entity, (entity, entity)))} {WOULD[op]}",
            {"entity": entity, "op": op, "of": [asdict(change) for change in changes]},
        )
        for (entity, op), changes in kinds.items()
    ) + ((_plan_item(district.plan),) if district.plan else ())


def held_state(district: District) -> str:
    """The word for what is held: `kept` once a person has rejected it."""
    return "kept" if district.plan and district.plan.state == "rejected" else "held"


def _plan_item(plan: Hold) -> Item:
    sentence = (plan.leaves or {}).get("sentence")
    says = f"plan {plan.plan} of sync {plan.sync_id} ({', '.join(plan.reasons)}){f': {sentence}' if sentence else ''}"
    counts = {key: value for key, value in (plan.leaves or {}).items() if key in ("total", "parts")}
    return Item(
        plan.state, says, {"plan": plan.plan, "hold_ids": list(plan.ids), "reasons": list(plan.reasons), **counts}
    )
