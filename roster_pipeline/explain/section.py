"""The steps of the explanation of a class, from Clever's list to its members. Members are named by id only."""

from __future__ import annotations

from roster_pipeline.explain.district import check_step, describe_district, hold_step, read_step, source_step
from roster_pipeline.explain.enrollment import NOT_ENROLLED, NOT_PLACED, PAST, STATES, WAITING
from roster_pipeline.explain.facts import Row
from roster_pipeline.explain.steps import Item, State, Step, tally
from roster_pipeline.explain.subject import Subject
from roster_pipeline.messages import LocalCatalogue

STEP_NAMES = {"teacher": "Teachers", "student": "Students"}


def section_steps(subject: Subject, words: LocalCatalogue) -> tuple[Step, ...]:
    """Return every step but freshness and the next action."""
    district = subject.district
    return (
        source_step(subject, words),
        read_step(subject, words),
        check_step(subject, words),
        Step(
            "Organization",
            "stopped" if district.is_blocked else "ok",
            describe_district(district, words),
            {"organization_id": district.organization.id},
        ),
        _school_step(subject.product.roster, words),
        _class_step(subject.product.roster, words),
        _members_step(subject, "teacher", words),
        _members_step(subject, "student", words),
        hold_step(subject, words),
    )


def member_items(subject: Subject, role: str, words: LocalCatalogue) -> tuple[Item, ...]:
    """Return a line for each member of one role. Past members are last."""
    source = subject.source
    members = [member for member in subject.product.members if member.role == role]
    held = {change.clever_id for change in source.held if change.entity == f"roster_{role}s"} if source else set()
    listed = {member.clever_id: member for member in source.members if member.role == role} if source else {}
    items = []
    for member in members:
        held_state = subject.district.held_state if member.clever_id in held else None
        is_shared = bool(member.clever_id in listed and listed[member.clever_id].is_shared)
        facts = {"clever_id": member.clever_id, "account_id": member.account_id, "ended_at": member.ended_at}
        state = _member_state(subject.product.roster, member, held_state)
        items.append(Item(state, _describe_member(member, words, is_shared=is_shared), facts))
    present = {member.clever_id for member in members if not member.ended_at}
    items += [_listed_item(member, words) for key, member in listed.items() if key not in present]
    return tuple(sorted(items, key=lambda item: item.state in PAST))


def _school_step(roster: Row | None, words: LocalCatalogue) -> Step:
    if roster is None:
        return Step("School", "stopped", words.text("Not published, so in no school."))
    if roster.school_id is None:
        return Step("School", "waiting", words.text("The district has never shared the school of this class."))
    return Step("School", "ok", f"{roster.school_name} {roster.school_id}.", {"school_id": roster.school_id})


def _class_step(roster: Row | None, words: LocalCatalogue) -> Step:
    if roster is None:
        return Step("Class", "stopped", words.text("Never published."))
    facts = {"roster_id": roster.id, "hidden_at": roster.hidden_at, "archived_at": roster.archived_at}
    name = roster.name or words.text("no name")
    if roster.archived_at:
        time = words.at(roster.archived_at)
        says = words.text("Class {roster} ({name}), archived {time}.", roster=roster.id, name=name, time=time)
    else:
        says = words.text("Class {roster} ({name}), published.", roster=roster.id, name=name)
    if roster.hidden_at:
        says += " " + words.text("Hidden {time}; a sync never shows it again.", time=words.at(roster.hidden_at))
    state: State = "ended" if roster.archived_at else "stopped" if roster.hidden_at else "ok"
    return Step("Class", state, says, facts)


def _members_step(subject: Subject, role: str, words: LocalCatalogue) -> Step:
    name, items = STEP_NAMES[role], member_items(subject, role, words)
    present = [item for item in items if item.state not in PAST]
    if not present:
        state: State = "ended" if items else "ok" if subject.product.roster else "stopped"
        return Step(name, state, words.text("None now.") if items else words.text("None."), items=items)
    is_waiting = any(item.state in WAITING for item in present)
    return Step(name, "waiting" if is_waiting else "ok", f"{tally(items, STATES, words)}.", items=items)


def _listed_item(member: Row, words: LocalCatalogue) -> Item:
    """Return the line of a person whom the class lists and who is not enrolled."""
    facts = {"clever_id": member.clever_id}
    if member.finding is None:
        return Item("unpublished", member.clever_id, facts)
    says = f"{member.clever_id}: {words.text(NOT_ENROLLED[member.finding])}"
    return Item(NOT_PLACED, says, facts | {"finding": member.finding})


def _member_state(roster: Row | None, member: Row, held_state: str | None) -> str:
    """Return the state of a member. `held_state` is None if no change of the member is held."""
    states = (
        (member.account_id is None, "pending"),
        (member.ended_at, "ended"),
        (held_state, held_state or ""),
        (roster and roster.archived_at, "archived"),
        (roster and roster.hidden_at, "hidden"),
    )
    return next((state for applies, state in states if applies), "published")


def _describe_member(member: Row, words: LocalCatalogue, *, is_shared: bool) -> str:
    if member.account_id is None and is_shared:
        return words.text("{person}, waiting for a review of the identity", person=member.clever_id)
    if member.account_id is None:
        return words.text("{person}, not yet shared by Clever", person=member.clever_id)
    person = member.clever_id or words.text("no Clever ID now")
    if member.ended_at is None:
        return words.text("{person}, account {account}", person=person, account=member.account_id)
    time = words.at(member.ended_at)
    return words.text("{person}, account {account}, ended {time}", person=person, account=member.account_id, time=time)
