"""Finds the verdict on a person and a class: the one sentence with which the page begins an explanation.

The first rule that applies decides. Rules about what everything else depends on come first. The names W1 to W16 are
those of `docs/clever-page.md`, Why.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime

from roster_pipeline.explain.district_file import Unread
from roster_pipeline.explain.facts import Row
from roster_pipeline.explain.subject import DistrictFacts, Subject

LIMITED = frozenset({"W1", "W2", "W3", "W4", "W16", "W5", "W8", "W9", "W10", "W15"})
"""What a person reads who may not see the child. Every other verdict is read as W5."""


@dataclass(frozen=True)
class ClassFacts:
    """The class of a question.

    Attributes:
        section: the facts about the class in Clever; None for a class that a teacher made.
    """

    roster_id: int
    name: str
    hidden_at: datetime | None
    section: Subject | None


@dataclass(frozen=True)
class Question:
    """Why is a person not in a class?

    Attributes:
        name: the name of the person, as the question or the product has it.
        person: what is known of the person, or None if nobody of this name is known.
        group: the class, or None if the question names none.
        is_class_missing: the class is none of those that are here.
        is_limited: the reader may not see the person, so the answer names no class of the person.
        unread: why the district file cannot be read, if it cannot.
        is_native: the person has an account here and no Clever id.
    """

    district: DistrictFacts
    now: datetime
    name: str
    person: Subject | None
    group: ClassFacts | None = None
    is_class_missing: bool = False
    is_limited: bool = False
    unread: Unread | None = None
    is_native: bool = False

    @property
    def rows(self) -> list[Row]:
        """The classes of the person in the product that have not ended: of the question, or all."""
        rows = self.person.product.classes if self.person else ()
        return [row for row in rows if not row.ended_at and not row.archived_at and self._is_meant(row)]

    @property
    def listed(self) -> list[Row]:
        """The classes that list the person in Clever: of the question, or all."""
        source = self.person.source if self.person else None
        return [row for row in (source.classes if source else ()) if self._is_meant(row)]

    def _is_meant(self, row: Row) -> bool:
        if self.group is None:
            return True
        section = self.group.section.clever_id if self.group.section else None
        return getattr(row, "roster_id", None) == self.group.roster_id or (
            section is not None and row.section_id == section
        )


@dataclass(frozen=True)
class Verdict:
    """The verdict on a question.

    Attributes:
        name: `W1` to `W16`.
        variant: which of the sentences of the verdict fits.
        whose: who acts: `you`, `clever_admin`, `sis`, `us`, `admin` or `nobody`.
        facts: the values of the sentence.
    """

    name: str
    whose: str
    variant: str = ""
    facts: Mapping[str, object] = field(default_factory=dict)


Rule = Callable[[Question], Verdict | None]


def find_class_verdict(question: Question) -> Verdict:
    """Return the verdict on a class as a whole. The question has a class that came from Clever, and no person."""
    return next(filter(None, (rule(question) for rule in CLASS_RULES)))


def find_verdict(question: Question) -> Verdict:
    """Return the verdict on a question."""
    verdict = next(filter(None, (rule(question) for rule in RULES)))
    if question.is_limited and verdict.name not in LIMITED:
        return Verdict("W5", "clever_admin")
    return verdict


def _stopped(question: Question) -> Verdict | None:
    organization = question.district.organization
    if organization.state == "disconnected" or organization.is_operator_disconnected:
        return Verdict("W1", "us", "disconnected")
    if organization.state == "paused":
        return Verdict("W1", "us", "paused")
    if organization.tier == "sso_only":
        return Verdict("W1", "us", "sso_only")
    if organization.clever_pause_end and organization.clever_pause_end > question.now:
        return Verdict("W1", "clever_admin", "until", {"time": organization.clever_pause_end})
    return None


def _not_uploaded(question: Question) -> Verdict | None:
    arrival = question.district.arrival
    if arrival is None or arrival.reached != "nowhere":
        return None
    return Verdict("W2", "sis", facts={"change": arrival.made_at, "time": arrival.uploaded_at})


def _unfinished(question: Question) -> Verdict | None:
    last, unread = question.district.last_sync, question.unread
    is_running = bool(last and last.state == "running")
    if unread and (unread.is_running or is_running):
        return Verdict("W4", "nobody", "running")
    if last and (last.state == "failed" or is_running):
        return Verdict("W4", "us", "failed", {"time": last.started_at})
    return None


def _not_read(question: Question) -> Verdict | None:
    arrival = question.district.arrival
    if question.district.last_sync is None:
        return Verdict("W3", "you", "first")
    return Verdict("W3", "you") if arrival and arrival.reached == "clever" else None


def _not_published(question: Question) -> Verdict | None:
    person = question.person
    # A reader who may not see the person does not see whether an account exists.
    if question.is_limited or person is None or not person.source or not person.source.records or person.source.held:
        return None
    if person.source.rejections or not person.source.last_read.is_decided:
        return None
    membership = person.product.membership
    is_member = bool(person.product.link and membership and not membership.ended_at)
    here = {row.section_id for row in question.rows}
    is_class_new = any(row.section_id not in here and row.finding is None for row in question.listed)
    return None if is_member and not is_class_new else Verdict("W16", "us")


def _broken(question: Question) -> Verdict | None:
    for subject in (question.person, question.group.section if question.group else None):
        if subject and subject.source and subject.source.rejections:
            reason = subject.source.rejections[0].reason
            return Verdict("W7", "clever_admin", subject.kind, {"reason": reason})
    return None


def _held(question: Question) -> Verdict | None:
    plan, person = question.district.held_plan, question.person
    held = person.source.held if person and person.source else ()
    section = question.group.section if question.group else None
    is_held = any(not change.section_id or section is None or change.section_id == section.clever_id for change in held)
    return Verdict("W11", "admin") if plan and plan.state == "open" and is_held else None


def _unknown(question: Question) -> Verdict | None:
    if question.person and question.person.is_known:
        return None
    return Verdict("W5", "clever_admin", "native" if question.is_native else "unread" if question.unread else "")


def _unshared(question: Question) -> Verdict | None:
    """Return the verdict on a person who was known and is not shared any more."""
    assert question.person
    source, facts = question.person.source, question.person.product
    ended_at = facts.membership.ended_at if facts.membership else None
    is_gone = not source.records if source else bool(ended_at)
    if not is_gone or not facts.links:
        return None
    return Verdict("W6", "clever_admin", "since" if ended_at else "", {"time": ended_at} if ended_at else {})


def _class_unshared(question: Question) -> Verdict | None:
    section = question.group.section if question.group else None
    source = section.source if section else None
    is_gone = bool(source and not source.records) or bool(
        section and section.product.roster and section.product.roster.archived_at
    )
    return Verdict("W8", "clever_admin") if question.is_class_missing or is_gone else None


def _not_listed(question: Question) -> Verdict | None:
    """Return the verdict on a person who is shared and whom the class does not list."""
    assert question.person
    if question.rows or (question.person.source and not question.person.source.records):
        return None
    if any(row.finding for row in question.listed):
        return Verdict("W9", "clever_admin", "role")
    if question.group and question.group.section is None:
        return Verdict("W9", "you", "native")
    names = sorted({row.name for row in question.person.product.classes if not row.ended_at and not row.archived_at})
    if question.group is None:
        return None if question.is_limited else Verdict("W9", "clever_admin", "nowhere")
    is_open = bool(names) and not question.is_limited
    return Verdict("W9", "clever_admin", "others" if is_open else "", {"classes": names} if is_open else {})


def _pending(question: Question) -> Verdict | None:
    assert question.person
    if question.person.product.open_reviews or (question.is_limited and question.group is None):
        return None
    is_listed = not question.rows and bool(question.listed)
    return Verdict("W10", "clever_admin") if is_listed or any(row.is_pending for row in question.rows) else None


def _review(question: Question) -> Verdict | None:
    assert question.person
    reviews = question.person.product.open_reviews
    if not reviews:
        return None
    return Verdict("W12", "admin", "waits" if any(row.is_pending for row in question.rows) else "")


def _hidden(question: Question) -> Verdict | None:
    hidden = [row for row in question.rows if row.hidden_at]
    if not hidden or (question.group is None and len(hidden) < len(question.rows)):
        return None
    facts = {"class_name": hidden[0].name, "roster_id": hidden[0].roster_id, "time": hidden[0].hidden_at}
    return Verdict("W13", "you", facts=facts)


def _other_account(question: Question) -> Verdict | None:
    assert question.person
    near = question.person.source.near_accounts if question.person.source else ()
    return Verdict("W14", "you", facts={"email": near[0].email}) if near else None


def _class_held(question: Question) -> Verdict | None:
    plan, section = question.district.held_plan, question.group.section if question.group else None
    is_held = bool(section and section.source and section.source.held)
    return Verdict("W11", "admin") if plan and plan.state == "open" and is_held else None


def _class_pending(question: Question) -> Verdict | None:
    section = question.group.section if question.group else None
    is_pending = any(member.account_id is None for member in (section.product.members if section else ()))
    return Verdict("W10", "clever_admin") if is_pending else None


def _class_hidden(question: Question) -> Verdict | None:
    group = question.group
    if group is None or not group.hidden_at:
        return None
    return Verdict("W13", "you", "class", {"roster_id": group.roster_id, "time": group.hidden_at})


def _class_well(_question: Question) -> Verdict:
    return Verdict("W15", "nobody", "class")


def _well(question: Question) -> Verdict:
    names = [] if question.is_limited else sorted({row.name for row in question.rows})
    return Verdict("W15", "nobody", "" if names else "nowhere", {"classes": names} if names else {})


RULES: tuple[Rule, ...] = (
    *(_stopped, _not_uploaded, _unfinished, _not_read, _not_published, _broken, _held, _unknown, _unshared),
    *(_class_unshared, _not_listed, _pending, _review, _hidden, _other_account, _well),
)
CLASS_RULES: tuple[Rule, ...] = (
    *(_stopped, _not_uploaded, _unfinished, _not_read, _broken, _class_held),
    *(_class_unshared, _class_pending, _class_hidden, _class_well),
)
