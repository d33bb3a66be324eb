"""The chain of one class: from the list in Clever to its roster and everybody in it. Members are named by id only."""

from __future__ import annotations

from dataclasses import dataclass

from roster_pipeline.explain.district import (
    District,
    absent,
    checked_step,
    district_words,
    held_state,
    read_step,
    waiting_step,
)
from roster_pipeline.explain.district_file import Unread
from roster_pipeline.explain.product_facts import Roster, RosterMember, SectionKept
from roster_pipeline.explain.report import Item, State, Step, at, changed, dated, tally
from roster_pipeline.explain.source_facts import FINDINGS, NOT_PLACED, SECTIONS, Member, SectionRead


@dataclass(frozen=True)
class Section:
    """Everything that is known of a class in one district."""

    clever_id: str
    district: District
    kept: SectionKept
    read: SectionRead | Unread


def section_steps(section: Section) -> tuple[Step, ...]:
    """All but the last, which says whose move is next."""
    return (
        _in_clever(section),
        read_step(section.district, section.read, SECTIONS),
        checked_step(section.read),
        Step(
            "Organization",
            "stopped" if section.district.is_blocked else "ok",
            district_words(section.district),
            {"organization_id": section.district.organization.id},
        ),
        _school(section.kept.roster),
        _class(section.kept.roster),
        _members(section, "teacher"),
        _members(section, "student"),
        waiting_step(section.district, section.read),
    )


def _in_clever(section: Section) -> Step:
    read = section.read
    if isinstance(read, Unread):
        return Step("In Clever", "unknown", f"Not known: {read.because}.")
    facts = {"lists": dict(read.found), "uploaded_at": read.landing.uploaded_at, "clever": read.landing.clever_state}
    if read.found or read.refusals:
        return Step("In Clever", "ok", f"In the list of sections{changed(read.found.values())}.", facts)
    return Step("In Clever", *absent(section.district, read, SECTIONS), facts)


def _school(roster: Roster | None) -> Step:
    if roster is None:
        return Step("School", "stopped", "Not published, so in no school.")
    if roster.school_id is None:
        return Step("School", "waiting", "In no school that the district has ever shared.")
    return Step("School", "ok", f"{roster.school_name} {roster.school_id}.", {"school_id": roster.school_id})


def _class(roster: Roster | None) -> Step:
    if roster is None:
        return Step("Class", "stopped", "Never published.")
    facts = {"roster_id": roster.id, "hidden_at": roster.hidden_at, "archived_at": roster.archived_at}
    says = f"Roster {roster.id} ({roster.name or 'no name'})"
    hidden = f", hidden {at(roster.hidden_at)}: a sync never shows it again" if roster.hidden_at else ""
    if roster.archived_at:
        return Step("Class", "ended", f"{says}, archived {at(roster.archived_at)}{hidden}.", facts)
    return Step("Class", "stopped" if hidden else "ok", f"{says}, published{hidden}.", facts)


def member_items(section: Section, role: str) -> tuple[Item, ...]:
    """A line for everybody of one role, whoever is there now first."""
    read = None if isinstance(section.read, Unread) else section.read
    members = [one for one in section.kept.members if one.role == role]
    word = held_state(section.district)
    held = {one.clever_id for one in read.held if one.entity == f"roster_{role}s"} if read else set()
    named = {one.clever_id: one for one in read.members if one.role == role} if read else {}
    items = [
        Item(
            _member_state(section.kept.roster, member, held_as=word if member.clever_id in held else None),
            _member_words(member, is_shared=bool(member.clever_id in named and named[member.clever_id].is_shared)),
            {"clever_id": member.clever_id, "account_id": member.account_id, "ended_at": member.ended_at},
        )
        for member in members
    ]
    present = {member.clever_id for member in members if not member.ended_at}
    items += [_named_item(one) for key, one in named.items() if key not in present]
    return tuple(sorted(items, key=lambda item: item.state in ("ended", "archived")))


def _named_item(member: Member) -> Item:
    """A person whom the class names, who is not in it yet or, because of a finding, never will be."""
    key = member.clever_id
    if member.finding is None:
        return Item("unpublished", key, {"clever_id": key})
    return Item(NOT_PLACED, f"{key}, {FINDINGS[member.finding]}", {"clever_id": key, "finding": member.finding})


def _member_state(roster: Roster | None, member: RosterMember, *, held_as: str | None) -> str:
    if member.account_id is None:
        return "pending"
    if member.ended_at:
        return "ended"
    if held_as:
        return held_as
    if roster and roster.archived_at:
        return "archived"
    return "hidden" if roster and roster.hidden_at else "published"


def _member_words(member: RosterMember, *, is_shared: bool) -> str:
    if member.account_id is None:
        waits = "their identity waits for a review" if is_shared else "not among the people read"
        return f"{member.clever_id}, {waits}"
    return f"{member.clever_id or 'no Clever id now'}, account {member.account_id}{dated(member.ended_at)}"


def _members(section: Section, role: str) -> Step:
    name, items = f"{role.capitalize()}s", member_items(section, role)
    now = [item for item in items if item.state not in ("ended", "archived")]
    if not now:
        state: State = "ended" if items else "ok" if section.kept.roster else "stopped"
        return Step(name, state, "None now." if items else "None.", items=items)
    waits = any(item.state in ("pending", "held", "unpublished", NOT_PLACED) for item in now)
    return Step(name, "waiting" if waits else "ok", f"{tally(items)}.", items=items)
