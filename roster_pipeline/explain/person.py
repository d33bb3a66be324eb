"""The chain of one person: from the list in Clever to the classes in the product. Facts come in, sentences go out."""

from __future__ import annotations

from dataclasses import dataclass, replace

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
from roster_pipeline.explain.product_facts import Account, ClassPlace, Link, PersonKept, Review
from roster_pipeline.explain.report import Item, State, Step, at, changed, count, dated, listed, tally, told
from roster_pipeline.explain.source_facts import FINDINGS, NOT_PLACED, PEOPLE, Named, PersonRead

PAST = ("ended", "archived")
OWN = "native"
"""A class that a teacher made: no sync touches it."""


@dataclass(frozen=True)
class Person:
    """Everything that is known of a Clever id in one district."""

    clever_id: str
    district: District
    kept: PersonKept
    read: PersonRead | Unread


def person_steps(person: Person) -> tuple[Step, ...]:
    """All but the last, which says whose move is next."""
    return (
        _in_clever(person),
        read_step(person.district, person.read, PEOPLE),
        checked_step(person.read),
        _identity(person),
        _account(person),
        _organization(person),
        _schools(person),
        _classes(person),
        _waiting(person),
    )


def _in_clever(person: Person) -> Step:
    read = person.read
    if isinstance(read, Unread):
        return Step("In Clever", "unknown", f"Not known: {read.because}.")
    facts = {"lists": dict(read.found), "uploaded_at": read.landing.uploaded_at, "clever": read.landing.clever_state}
    if read.found:
        return Step("In Clever", "ok", f"In the list of {listed(read.found)}{changed(read.found.values())}.", facts)
    if read.refusals:
        return Step("In Clever", "ok", f"In the list of {read.refusals[0].resource}.", facts)
    state, says = absent(person.district, read, PEOPLE)
    if read.classes:
        says += f" {count(len(read.classes), 'class names', 'classes name')} this person all the same."
    return Step("In Clever", state, says, facts)


def _identity(person: Person) -> Step:
    kept, link = person.kept, person.kept.link
    items = tuple(map(_review_item, kept.reviews)) + tuple(_link_item(one) for one in kept.links if one.unlinked_at)
    if link:
        rule = "Rule created made" if link.rule == "created" else f"Rule {link.rule} linked"
        says = f"{rule} account {link.account_id}, {at(link.linked_at)}{_by(link)}{told(link.evidence)}."
        return Step("Identity", "waiting" if kept.open_reviews else "ok", says, _link_facts(link), items)
    if kept.links:
        return Step("Identity", "ended", "The link to an account has ended, and there is no new one.", items=items)
    identity = None if isinstance(person.read, Unread) else person.read.identity
    if identity:
        against = f"; against another: {identity.reason}" if identity.reason else ""
        says = f"No account is linked yet. The next sync that publishes applies rule {identity.rule}{against}."
        return Step("Identity", "waiting", says, {"rule": identity.rule, "reason": identity.reason}, items)
    return Step("Identity", "stopped", "Never linked to an account.", items=items)


def _by(link: Link) -> str:
    """The sync that made a link, and who decided it if that was a person."""
    sync = f", sync {link.sync_id}" if link.sync_id else ""
    return sync if link.decided_by == "sync" else f"{sync}, decided by {link.decided_by}"


def _link_facts(link: Link) -> dict[str, object]:
    return {
        "account_id": link.account_id,
        "rule": link.rule,
        "evidence": link.evidence,
        "sync_id": link.sync_id,
        "decided_by": link.decided_by,
        "linked_at": link.linked_at,
        "unlinked_at": link.unlinked_at,
    }


def _link_item(link: Link) -> Item:
    """A link that has ended; which account it was is told, as links are never erased."""
    assert link.unlinked_at
    says = f"account {link.account_id}, rule {link.rule}, from {at(link.linked_at)} to {at(link.unlinked_at)}"
    return Item("ended", f"{says}{_by(link)}{told(link.evidence)}", _link_facts(link))


def _review_item(review: Review) -> Item:
    facts = {"review_id": review.id, "reason": review.reason, "decision": review.decision, "evidence": review.evidence}
    says = f"review {review.id}: {review.reason}{told(review.evidence)}"
    if review.state == "open":
        return Item("open", says, facts)
    by = f" by {review.decided_by}" if review.decided_by else ""
    return Item(
        review.state,
        f"{says}: {review.decision or 'no decision'}{by}{dated(review.decided_at)}",
        facts | {"decided_by": review.decided_by, "decided_at": review.decided_at},
    )


def _account(person: Person) -> Step:
    account = person.kept.account
    if account is None:
        past = person.kept.links
        return Step("Account", "ended" if past else "stopped", "No account is linked to this Clever id.")
    name = " ".join(filter(None, (account.first_name, account.last_name))) or "no name"
    says = f"Account {account.id} ({name}), {account.role}; {_email_words(account)}."
    facts = {"account_id": account.id, "role": account.role, "archived_at": account.archived_at}
    if account.archived_at:
        return Step("Account", "ended", f"{says} Archived {at(account.archived_at)}.", facts)
    return Step("Account", "ok", says, facts)


def _email_words(account: Account) -> str:
    """The address against the one in Clever, without saying either."""
    if account.email == account.clever_email:
        return "its email is the one in Clever" if account.email else "no email, as in Clever"
    if account.email is None:
        return "no email: the one in Clever is not free, or is no address"
    return "its email is not the one in Clever" if account.clever_email else "an email, though Clever has none"


def _organization(person: Person) -> Step:
    membership, district = person.kept.membership, person.district
    facts = {
        "organization_id": district.organization.id,
        "state": district.organization.state,
        "tier": district.organization.tier,
    }
    if membership is None:
        return Step("Organization", "stopped", f"No member of it. {district_words(district)}", facts)
    facts |= {"role": membership.role, "verified_at": membership.verified_at, "ended_at": membership.ended_at}
    if membership.ended_at:
        says = f"Membership as {membership.role} ended {at(membership.ended_at)}."
        return Step("Organization", "ended", f"{says} {district_words(district)}", facts)
    verified = f", verified {at(membership.verified_at)}" if membership.verified_at else ""
    if is_unverified(person):
        verified = ", not verified: only an admin does that"
    state: State = "stopped" if district.is_blocked else "waiting" if is_unverified(person) else "ok"
    return Step("Organization", state, f"Member as {membership.role}{verified}. {district_words(district)}", facts)


def is_unverified(person: Person) -> bool:
    """A teacher whose membership no admin has verified yet."""
    membership = person.kept.membership
    return bool(membership and membership.role == "teacher" and not membership.ended_at and not membership.verified_at)


def _schools(person: Person) -> Step:
    unshared = () if isinstance(person.read, Unread) else person.read.unshared_schools
    items = tuple(
        Item(
            "ended" if one.ended_at else "member",
            f"{one.name} {'(primary) ' if one.is_primary else ''}{one.school_id}{dated(one.ended_at)}",
            {"school_id": one.school_id, "is_primary": one.is_primary, "ended_at": one.ended_at},
        )
        for one in person.kept.schools
    ) + tuple(Item("unshared", f"school {one}: the district does not share it", {"school_id": one}) for one in unshared)
    living = [item for item in items if item.state == "member"]
    if living or not items:
        says = f"Member of {count(len(living), 'school', 'schools')}." if living else "Member of no school."
        return Step("Schools", "ok" if living or person.kept.membership else "stopped", says, items=items)
    return Step("Schools", "stopped" if unshared else "ended", "Member of no school now.", items=items)


def class_items(person: Person) -> tuple[Item, ...]:
    """A line for every class: where the person is or was, and where Clever names somebody who is not there yet."""
    read = None if isinstance(person.read, Unread) else person.read
    word = held_state(person.district)
    held = {(one.entity, one.section_id) for one in read.held} if read else set()
    places = [
        (_place_state(place, held_as=word if (f"roster_{place.role}s", place.section_id) in held else None), place)
        for place in person.kept.classes
    ]
    present = {(place.section_id, place.role) for state, place in places if state not in PAST}
    awaited = [one for one in (read.classes if read else ()) if (one.section_id, one.role) not in present]
    items = [_class_item(state, place.name, place.section_id, place.role, place.roster_id) for state, place in places]
    items += [_named_item(one) for one in awaited]
    return tuple(sorted(items, key=lambda item: item.state in PAST))


def _place_state(place: ClassPlace, *, held_as: str | None) -> str:
    if place.is_pending:
        return "pending"
    if place.archived_at:
        return "archived"
    if place.ended_at:
        return "ended"
    if held_as:
        return held_as
    if place.hidden_at:
        return "hidden"
    return "published" if place.section_id else OWN


def _named_item(named: Named) -> Item:
    """A class that names the person, who is not in it yet or, because of a finding, never will be."""
    if named.finding is None:
        return _class_item("unpublished", named.name, named.section_id, named.role, None)
    item = _class_item(NOT_PLACED, named.name, named.section_id, named.role, None)
    return replace(item, says=f"{item.says}, {FINDINGS[named.finding]}", facts={**item.facts, "finding": named.finding})


def _class_item(state: str, name: str, section_id: str | None, role: str, roster_id: int | None) -> Item:
    which = section_id or f"roster {roster_id}"
    return Item(state, f"{name} ({role}) {which}", {"section_id": section_id, "roster_id": roster_id, "role": role})


def _classes(person: Person) -> Step:
    items = class_items(person)
    now = [item for item in items if item.state not in PAST]
    if not items:
        return Step("Classes", "ok" if person.kept.membership else "stopped", "In no class.")
    if not now:
        return Step("Classes", "ended", "In no class now.", items=items)
    waits = any(item.state in ("pending", "held", "unpublished", NOT_PLACED) for item in now)
    return Step("Classes", "waiting" if waits else "ok", f"{tally(now)}.", items=items)


def _waiting(person: Person) -> Step:
    others = tuple(
        replace(_review_item(review), says=f"review {review.id}: {review.reason}")
        for review in person.kept.open_reviews
    )
    pending = sum(place.is_pending for place in person.kept.classes)
    if pending:
        others += (Item("pending", f"{count(pending, 'place', 'places')} in class"),)
    return waiting_step(person.district, person.read, others)
