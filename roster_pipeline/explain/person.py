"""The steps of the explanation of a person, from Clever's list to the classes in the product."""

from __future__ import annotations

from roster_pipeline.explain.district import check_step, describe_district, hold_step, read_step, source_step
from roster_pipeline.explain.enrollment import NOT_ENROLLED, NOT_PLACED, PAST, STATES, WAITING
from roster_pipeline.explain.facts import Row
from roster_pipeline.explain.review_reasons import describe_evidence, describe_reason
from roster_pipeline.explain.steps import Item, State, Step, tally
from roster_pipeline.explain.subject import Subject
from roster_pipeline.messages import LocalCatalogue, product

ROLES = {"student": product.mark("student"), "teacher": product.mark("teacher"), "admin": product.mark("admin")}
LINKS = {
    "created": product.mark("New account {account} was created on {time} (no account had this email)."),
    "email": product.mark("Matched to existing account {account} by email on {time}."),
}
OTHER_LINK = product.mark("Linked to account {account} on {time} ({rule}).")
EMAILS = {
    "same": product.mark("Its email is the one in Clever."),
    "different": product.mark("Its email is not the one in Clever."),
    "neither": product.mark("It has no email, as in Clever."),
    "only Clever": product.mark("It has no email, because the one in Clever is not free or is not valid."),
    "only account": product.mark("It has an email, though Clever has none."),
}
NEXT_RULES = {
    "email": product.mark("No account is linked yet. The next sync links an account by email."),
    "created": product.mark("No account is linked yet. The next sync creates one."),
}
OTHER_NEXT_RULE = product.mark("No account is linked yet. The next sync decides.")


def person_steps(subject: Subject, words: LocalCatalogue) -> tuple[Step, ...]:
    """Return every step but freshness and the next action."""
    return (
        source_step(subject, words),
        read_step(subject, words),
        check_step(subject, words),
        _identity_step(subject, words),
        _account_step(subject, words),
        _organization_step(subject, words),
        _schools_step(subject, words),
        _classes_step(subject, words),
        _hold_step(subject, words),
    )


def class_items(subject: Subject, words: LocalCatalogue) -> tuple[Item, ...]:
    """Return a line for each class that the person is or was in, or that lists the person in Clever.

    Past classes come last.
    """
    source, state = subject.source, subject.district.held_state
    held = {(change.entity, change.section_id) for change in source.held} if source else set()
    rows = [
        (_class_state(row, state if (f"roster_{row.role}s", row.section_id) in held else None), row)
        for row in subject.product.classes
    ]
    present = {(row.section_id, row.role) for state, row in rows if state not in PAST}
    listed = [row for row in (source.classes if source else ()) if (row.section_id, row.role) not in present]
    items = [_class_item(state, row, words) for state, row in rows]
    items += [_class_item("unpublished" if row.finding is None else NOT_PLACED, row, words) for row in listed]
    return tuple(sorted(items, key=lambda item: item.state in PAST))


def is_unverified(subject: Subject) -> bool:
    """Return whether the person is a teacher whose membership no admin has verified yet."""
    membership = subject.product.membership
    return bool(membership and membership.role == "teacher" and not membership.ended_at and not membership.verified_at)


def _identity_step(subject: Subject, words: LocalCatalogue) -> Step:
    facts, link = subject.product, subject.product.link
    items = tuple(_review_item(review, words) for review in facts.reviews)
    items += tuple(_ended_link_item(row, words) for row in facts.links if row.unlinked_at)
    if link:
        says = f"{_describe_link(link, words)}{describe_evidence(link.evidence, words)}"
        return Step("Identity", "waiting" if facts.open_reviews else "ok", says, vars(link), items)
    if facts.links:
        says = words.text("The link to the account has ended, and there is no new one.")
        return Step("Identity", "ended", says, items=items)
    identity = subject.source.identity if subject.source else None
    if identity is None:
        return Step("Identity", "stopped", words.text("Never linked to an account."), items=items)
    says = words.text(NEXT_RULES.get(identity.rule, OTHER_NEXT_RULE))
    if identity.reason:
        says = f"{says} {describe_reason(identity.reason, words)}"
    return Step("Identity", "waiting", says, {"rule": identity.rule, "reason": identity.reason}, items)


def _describe_link(link: Row, words: LocalCatalogue) -> str:
    """Return a sentence that says how and when an account was linked, and by which sync or person."""
    values = {"account": link.account_id, "time": words.at(link.linked_at)}
    says = (
        words.text(LINKS[link.rule], **values)
        if link.rule in LINKS
        else words.text(OTHER_LINK, rule=link.rule, **values)
    )
    if link.decided_by != "sync":
        says += " " + words.text("Decided by {person}.", person=link.decided_by)
    return f"{says} " + words.text("Sync {sync}.", sync=link.sync_id) if link.sync_id else says


def _ended_link_item(link: Row, words: LocalCatalogue) -> Item:
    ended = words.text("Ended on {time}.", time=words.at(link.unlinked_at))
    return Item("ended", f"{_describe_link(link, words)} {ended}{describe_evidence(link.evidence, words)}", vars(link))


def _review_item(review: Row, words: LocalCatalogue) -> Item:
    facts = {"review_id": review.id, "reason": review.reason, "decision": review.decision, "evidence": review.evidence}
    reason, evidence = describe_reason(review.reason, words), describe_evidence(review.evidence, words)
    says = words.text("review {review}: {reason}", review=review.id, reason=reason) + evidence
    if review.state == "open":
        return Item("open", says, facts)
    facts |= {"decided_by": review.decided_by, "decided_at": review.decided_at}
    decision = words.text(
        "Decision: {decision}, by {person}, {time}.",
        decision=review.decision or "-",
        person=review.decided_by or "-",
        time=words.at(review.decided_at) if review.decided_at else "-",
    )
    return Item(review.state, f"{says} {decision}", facts)


def _account_step(subject: Subject, words: LocalCatalogue) -> Step:
    account = subject.product.account
    if account is None:
        says = words.text("No account is linked to this Clever ID.")
        return Step("Account", "ended" if subject.product.links else "stopped", says)
    name = " ".join(filter(None, (account.first_name, account.last_name))) or words.text("no name")
    says = words.text(
        "Account {account} ({name}), {role}.", account=account.id, name=name, role=words.text(ROLES[account.role])
    )
    says = f"{says} {words.text(EMAILS[account.email])}"
    facts = {"account_id": account.id, "role": account.role, "archived_at": account.archived_at}
    if account.archived_at:
        archived = words.text("Archived {time}.", time=words.at(account.archived_at))
        return Step("Account", "ended", f"{says} {archived}", facts)
    return Step("Account", "ok", says, facts)


def _organization_step(subject: Subject, words: LocalCatalogue) -> Step:
    membership, district = subject.product.membership, subject.district
    organization, about = district.organization, describe_district(district, words)
    facts = {"organization_id": organization.id, "state": organization.state, "tier": organization.tier}
    if membership is None:
        return Step("Organization", "stopped", f"{words.text('Not a member of the district.')} {about}", facts)
    facts |= {"role": membership.role, "verified_at": membership.verified_at, "ended_at": membership.ended_at}
    role = words.text(ROLES[membership.role])
    if membership.ended_at:
        says = words.text("Was a {role} of the district until {time}.", role=role, time=words.at(membership.ended_at))
        return Step("Organization", "ended", f"{says} {about}", facts)
    says = words.text("Member of the district as {role}.", role=role)
    if membership.verified_at:
        says += " " + words.text("Verified {time}.", time=words.at(membership.verified_at))
    elif is_unverified(subject):
        says += " " + words.text("Not verified; only an admin can verify a teacher.")
    state: State = "stopped" if district.is_blocked else "waiting" if is_unverified(subject) else "ok"
    return Step("Organization", state, f"{says} {about}", facts)


def _schools_step(subject: Subject, words: LocalCatalogue) -> Step:
    unshared = subject.source.unshared_schools if subject.source else ()
    items = tuple(_school_item(school, words) for school in subject.product.schools)
    items += tuple(
        Item("unshared", words.text("school {school} is not shared by the district", school=one), {"school_id": one})
        for one in unshared
    )
    present = [item for item in items if item.state == "member"]
    if present:
        says = words.count("Member of {n:,} school.", "Member of {n:,} schools.", len(present))
        return Step("Schools", "ok", says, items=items)
    says = words.text("Not a member of any school.")
    if not items:
        return Step("Schools", "ok" if subject.product.membership else "stopped", says)
    return Step("Schools", "stopped" if unshared else "ended", says, items=items)


def _school_item(school: Row, words: LocalCatalogue) -> Item:
    says = f"{school.name} {school.school_id}"
    if school.is_primary:
        says = words.text("{school}, main school", school=says)
    if school.ended_at:
        says = words.text("{school}, ended {time}", school=says, time=words.at(school.ended_at))
    facts = {"school_id": school.school_id, "is_primary": school.is_primary, "ended_at": school.ended_at}
    return Item("ended" if school.ended_at else "member", says, facts)


def _class_state(row: Row, held_state: str | None) -> str:
    """Return the state of an enrollment. `held_state` is None if no change of it is held."""
    states = (
        (row.is_pending, "pending"),
        (row.archived_at, "archived"),
        (row.ended_at, "ended"),
        (held_state, held_state or ""),
        (row.hidden_at, "hidden"),
        (row.section_id, "published"),
    )
    return next((state for applies, state in states if applies), "native")


def _class_item(state: str, row: Row, words: LocalCatalogue) -> Item:
    roster_id, finding = getattr(row, "roster_id", None), getattr(row, "finding", None)
    says = f"{row.name} ({words.text(ROLES[row.role])}) {row.section_id or roster_id}"
    facts = {"section_id": row.section_id, "roster_id": roster_id, "role": row.role}
    if finding is None:
        return Item(state, says, facts)
    return Item(state, f"{says}: {words.text(NOT_ENROLLED[finding])}", facts | {"finding": finding})


def _classes_step(subject: Subject, words: LocalCatalogue) -> Step:
    items = class_items(subject, words)
    present = [item for item in items if item.state not in PAST]
    if not items:
        return Step("Classes", "ok" if subject.product.membership else "stopped", words.text("In no class."))
    if not present:
        return Step("Classes", "ended", words.text("No longer in any class."), items=items)
    is_waiting = any(item.state in WAITING for item in present)
    return Step("Classes", "waiting" if is_waiting else "ok", f"{tally(present, STATES, words)}.", items=items)


def _hold_step(subject: Subject, words: LocalCatalogue) -> Step:
    others = tuple(_review_item(review, words) for review in subject.product.open_reviews)
    pending = sum(row.is_pending for row in subject.product.classes)
    if pending:
        others += (Item("pending", words.count("in {n:,} class", "in {n:,} classes", pending)),)
    return hold_step(subject, words, others)
