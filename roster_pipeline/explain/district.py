"""The steps that explanations of people and classes share."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from contextlib import suppress
from dataclasses import asdict
from datetime import UTC, datetime

from roster_pipeline.explain.facts import Row
from roster_pipeline.explain.fault_words import describe_fault, describe_list
from roster_pipeline.explain.freshness import Reached, describe_arrival, describe_freshness
from roster_pipeline.explain.source_facts import LISTS
from roster_pipeline.explain.steps import Item, State, Step
from roster_pipeline.explain.subject import DistrictFacts, Subject
from roster_pipeline.messages import LocalCatalogue, product
from roster_pipeline.model.plan import PREVIEW_SYNC_ID

ARRIVAL_STATES: Mapping[Reached, State] = {
    "nowhere": "waiting",
    "clever": "waiting",
    "published": "ok",
    "unknown": "unknown",
}
HELD_CHANGES = {
    "accounts": product.plural("{n:,} change of a name or email", "{n:,} changes of names or emails"),
    "identity_links": product.plural("{n:,} link to an account", "{n:,} links to accounts"),
    "org_memberships": product.plural("{n:,} membership of the district", "{n:,} memberships of the district"),
    "school_memberships": product.plural("{n:,} school membership", "{n:,} school memberships"),
    "rosters": product.plural("{n:,} class", "{n:,} classes"),
    "roster_teachers": product.plural("{n:,} place as a teacher", "{n:,} places as a teacher"),
    "roster_students": product.plural("{n:,} place as a student", "{n:,} places as a student"),
    "pending_members": product.plural("{n:,} pending member", "{n:,} pending members"),
    "reviews": product.plural("{n:,} review", "{n:,} reviews"),
}
OPERATIONS = {
    "insert": product.mark("would add {changes}"),
    "update": product.mark("would change {changes}"),
    "restore": product.mark("would bring back {changes}"),
    "end": product.mark("would end {changes}"),
}
FAULTS = product.mark("{reason} (list: {resource})")
STOPPED_DISTRICTS = {
    "paused": product.mark("The district is paused. Nothing is synced, and everything it has is kept."),
    "disconnected": product.mark("The district is disconnected. Nothing is synced, and everything it has is kept."),
    "sso_only": product.mark("The district has single sign-on only. Nothing is synced, and everything it has is kept."),
}
DECIDED_PLANS = {
    "approved": product.mark("Plan {plan} was approved by {person} on {time}."),
    "rejected": product.mark("Plan {plan} was rejected by {person} on {time}."),
}


def describe_unread(subject: Subject, words: LocalCatalogue) -> str:
    """Return a sentence that says why the district file cannot be read."""
    assert subject.unread
    return words.text("Unknown: {reason}.", reason=words.text(subject.unread.reason))


def source_step(subject: Subject, words: LocalCatalogue) -> Step:
    """Build the step that says whether Clever shares the record."""
    source = subject.source
    if source is None:
        return Step("In Clever", "unknown", describe_unread(subject, words))
    last = source.last_read
    facts = {"lists": dict(source.records), "uploaded_at": last.uploaded_at, "clever": last.clever_state}
    lists = list(source.records) or [fault.resource for fault in source.rejections][:1]
    if not lists:
        return Step("In Clever", "unknown" if emptied_lists(subject) else "stopped", _absence(subject, words), facts)
    listed, changed_at = words.join([describe_list(name, words) for name in lists]), _newest(source.records.values())
    if changed_at is None:
        return Step("In Clever", "ok", words.text("In Clever's data ({lists}).", lists=listed), facts)
    says = words.text("In Clever's data ({lists}), last changed {time}.", lists=listed, time=words.at(changed_at))
    return Step("In Clever", "ok", says, facts)


def emptied_lists(subject: Subject) -> list[str]:
    """Return the lists of the subject that were empty at the last read and had not been before."""
    emptied = subject.source.last_read.emptied if subject.source else ()
    return [name for name in LISTS[subject.kind] if name in emptied]


def describe_last_read(district: DistrictFacts, words: LocalCatalogue) -> str:
    """Return a sentence that says that a record is not in Clever's data, with the time of the data."""
    if district.read_sync is None:
        return words.text("Not in Clever's data at the last read.")
    return words.text("Not in Clever's data as of {time}.", time=words.at(district.read_sync.started_at))


def read_step(subject: Subject, words: LocalCatalogue) -> Step:
    """Build the step about the last read: its time, its numbers of records, and what it could not decode."""
    source, sync = subject.source, subject.district.read_sync
    if source is None:
        return Step("Read", "unknown", describe_unread(subject, words))
    rows = source.last_read.rows
    counts = words.join([f"{rows.get(name, 0):,} {name}" for name in LISTS[subject.kind]])
    if sync:
        says = [
            words.text(
                "Sync {sync} read {counts} on {time}.", sync=sync.id, counts=counts, time=words.at(sync.started_at)
            )
        ]
    elif source.last_read.sync_id == PREVIEW_SYNC_ID:
        says = [words.text("A preview read {counts}.", counts=counts)]
    else:
        says = [words.text("A sync that this database does not know read {counts}.", counts=counts)]
    rejected, partial = fault_items(subject, "rejected", words), fault_items(subject, "partially read", words)
    if rejected:
        says.append(words.text("This record could not be decoded, so it is set aside."))
    elif partial:
        says.append(words.text("A field of this record could not be decoded, so its last published value stays."))
    facts = {"sync_id": source.last_read.sync_id, "read_at": sync.started_at if sync else None, "rows": dict(rows)}
    return Step("Read", "stopped" if rejected else "ok", " ".join(says), facts, rejected + partial)


def check_step(subject: Subject, words: LocalCatalogue) -> Step:
    """Build the step that says whether the record passed the checks."""
    source = subject.source
    if source is None:
        return Step("Checked", "unknown", describe_unread(subject, words))
    if not source.last_read.is_decided:
        return Step("Checked", "unknown", words.text("The sync ended before it checked the data."))
    broken = fault_items(subject, "quarantined", words)
    if broken:
        says = words.text("The record is set aside, so what was last published stays.")
        return Step("Checked", "stopped", says, items=broken)
    if not source.records:
        return Step("Checked", "unknown", words.text("There is no record to check."))
    return Step("Checked", "ok", words.text("The record is valid."))


def freshness_step(district: DistrictFacts, words: LocalCatalogue) -> Step:
    """Build the step that says when the data last moved on each hop, or how far the change of the question has come."""
    freshness, arrival = district.organization.freshness, district.arrival
    if arrival is None:
        state: State = "ok" if freshness.us_to_published else "unknown"
        return Step("Clock", state, describe_freshness(freshness, words), asdict(freshness))
    facts = {"changed_at": arrival.made_at, "reached": arrival.reached, "taken_in": arrival.uploaded_at}
    state = ARRIVAL_STATES[arrival.reached]
    return Step("Clock", state, describe_arrival(arrival, words), asdict(freshness) | facts)


def hold_step(subject: Subject, words: LocalCatalogue, others: tuple[Item, ...] = ()) -> Step:
    """Build the step that says which changes of the subject are held, and by which plan.

    Args:
        others: further lines about what is undecided, such as reviews.
    """
    plan, items = subject.district.held_plan, _held_items(subject, words)
    if items and plan and plan.state == "rejected" and not others:
        says = words.text("Nothing is on hold. {decision}", decision=describe_decision(plan, words))
        return Step("Waiting", "ok", says, items=items)
    if items or others:
        return Step("Waiting", "waiting", words.text("Action needed:"), items=items + others)
    if subject.unread and plan and plan.state == "open":
        reason = words.text(subject.unread.reason)
        says = words.text(
            "Plan {plan} is on hold. Unknown whether it is about this: {reason}.", plan=plan.plan, reason=reason
        )
        return Step("Waiting", "unknown", says)
    return Step("Waiting", "ok", words.text("Nothing is on hold."))


def describe_decision(plan: Row, words: LocalCatalogue) -> str:
    """Return a sentence that says who approved or rejected a plan, and when."""
    person, time = plan.decided_by or "-", words.at(plan.decided_at) if plan.decided_at else "-"
    return words.text(DECIDED_PLANS[plan.state], plan=plan.plan, person=person, time=time)


def describe_district(district: DistrictFacts, words: LocalCatalogue) -> str:
    """Return a sentence that says whether the district is synced."""
    organization = district.organization
    if district.is_blocked:
        is_active = organization.state == "active"
        return words.text(STOPPED_DISTRICTS[organization.tier if is_active else organization.state])
    if organization.state == "disconnected":
        return words.text("Clever no longer shows the district. Syncs fail, and everything it has is kept.")
    if organization.last_published_at is None:
        return words.text("The district is active and was never published.")
    time = words.at(organization.last_published_at)
    return words.text("The district is active, last published {time}.", time=time)


def fault_items(subject: Subject, kind: str, words: LocalCatalogue) -> tuple[Item, ...]:
    """Return a line for each fault of one kind."""
    return tuple(
        Item(
            kind,
            words.text(
                FAULTS, reason=describe_fault(fault.reason, words), resource=describe_list(fault.resource, words)
            ),
            {"resource": fault.resource, "reason": fault.reason},
        )
        for fault in (subject.source.faults if subject.source else ())
        if fault.kind == kind
    )


def _absence(subject: Subject, words: LocalCatalogue) -> str:
    """Return a sentence that says what it means that the last read has no such record."""
    emptied, source = emptied_lists(subject), subject.source
    assert source
    if emptied:
        return words.text(
            "Not in Clever's data at the last read. The list of {lists} was empty, which proves nothing.",
            lists=words.join([describe_list(name, words) for name in emptied]),
        )
    says = [describe_last_read(subject.district, words)]
    if source.last_read.uploaded_at:
        time = words.at(source.last_read.uploaded_at)
        says.append(words.text("Clever last received the district's data {time}.", time=time))
    if source.classes:
        listing = words.count(
            "{n:,} class still lists this person.", "{n:,} classes still list this person.", len(source.classes)
        )
        says.append(listing)
    return " ".join(says)


def _held_items(subject: Subject, words: LocalCatalogue) -> tuple[Item, ...]:
    """Return a line for each kind of held change, and a line for the plan, which people decide as a whole."""
    if subject.source is None or not subject.source.held:
        return ()
    kinds: dict[tuple[str, str], list[Row]] = {}
    for change in subject.source.held:
        kinds.setdefault((change.entity, change.op), []).append(change)
    items = tuple(
        Item(
            subject.district.held_state,
            words.text(OPERATIONS[op], changes=words.count(*HELD_CHANGES[entity], len(changes))),
            {"entity": entity, "op": op, "of": [vars(change) for change in changes]},
        )
        for (entity, op), changes in kinds.items()
    )
    plan = subject.district.held_plan
    return (*items, _plan_item(plan, words)) if plan else items


def _plan_item(plan: Row, words: LocalCatalogue) -> Item:
    impact = plan.impact or {}
    says = words.text("plan {plan} of sync {sync}", plan=plan.plan, sync=plan.sync_id)
    if impact.get("sentence"):
        says = f"{says}: {impact['sentence']}"
    counts = {key: value for key, value in impact.items() if key in ("total", "parts")}
    facts = {"plan": plan.plan, "hold_ids": list(plan.hold_ids), "reasons": list(plan.reasons), **counts}
    return Item(plan.state, says, facts)


def _newest(stamps: Iterable[str | None]) -> datetime | None:
    """Return the newest of the times that Clever wrote. A text that is no time is ignored."""
    times = []
    for stamp in stamps:
        with suppress(TypeError, ValueError):
            times.append(datetime.fromisoformat(stamp or "").astimezone(UTC))
    return max(times, default=None)
