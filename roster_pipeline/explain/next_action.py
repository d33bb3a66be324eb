"""Whose move is next: the first of a list of rules that applies. What everything else waits for comes first."""

from __future__ import annotations

from collections.abc import Callable

from roster_pipeline.explain.district import District, decided_words, last_reading
from roster_pipeline.explain.district_file import Unread
from roster_pipeline.explain.person import Person, class_items, is_unverified
from roster_pipeline.explain.report import Step, at, count, listed
from roster_pipeline.explain.section import Section, member_items
from roster_pipeline.explain.source_facts import NOT_PLACED, PEOPLE, SECTIONS
from roster_pipeline.product.organizations import Organization

HANDS = {
    "nobody": "Nobody's",
    "district": "The district's, in Clever",
    "admin": "An admin's",
    "person": "A person's",
    "sync": "The product's sync",
}
RESUME = {
    "paused": "resume the district (roster-pipeline resume); until then everything is kept as it is.",
    "disconnected": "connect the district again (roster-pipeline connect); until then everything is kept as it is.",
}

ENDED = {"running": "was killed", "undone": "was undone", "canceled": "was stopped by a person"}
"""Of a sync that published nothing; every other one failed."""


def next_of_person(person: Person) -> Step:
    rules: tuple[Callable[[Person], Step | None], ...] = (
        _resume,
        _upload,
        _sync,
        _bring,
        _mend,
        _share_person,
        _review,
        _hold,
        _publish_person,
        _place_person,
        _verify,
    )
    return next((step for rule in rules if (step := rule(person))), _nobody(person, "person"))


def next_of_section(section: Section) -> Step:
    rules: tuple[Callable[[Section], Step | None], ...] = (
        _resume,
        _upload,
        _sync,
        _bring,
        _mend,
        _share_section,
        _hold,
        _publish_section,
        _show,
        _place_members,
        _share_members,
    )
    return next((step for rule in rules if (step := rule(section))), _nobody(section, "class"))


def _nobody(question: Person | Section, what: str) -> Step:
    if isinstance(question.read, Unread):
        return Step("Next", "unknown", "Nobody's, as far as the product alone can tell.", {"whose": "nobody"})
    return _move("nobody", f"what Clever shares of this {what} is published.")


def _move(whose: str, says: str, **ids: object) -> Step:
    return Step("Next", "ok" if whose == "nobody" else "waiting", f"{HANDS[whose]}: {says}", {"whose": whose, **ids})


def _resume(question: Person | Section) -> Step | None:
    organization = question.district.organization
    if not question.district.is_blocked:
        return _reconnect(organization)
    tier = f"tier {organization.tier} has no roster sync; connect the district with the tier that it has bought."
    return _move("admin", RESUME.get(organization.state, tier), district_id=organization.district_id)


def _reconnect(organization: Organization) -> Step | None:
    """The connection is gone, and no operator ended it."""
    if organization.state != "disconnected":
        return None
    says = "connect the app again; until then everything is kept as it is, and the next sync after that goes on."
    return _move("district", says, district_id=organization.district_id)


def _upload(question: Person | Section) -> Step | None:
    """A change that was asked about is not in Clever."""
    arrival = question.district.arrival
    if arrival is None or arrival.reached != "nowhere":
        return None
    return _move("district", "let Clever read the files of the district's own system (SIS) again; the clock says when.")


def _bring(question: Person | Section) -> Step | None:
    """It is in Clever, and nobody has read it."""
    arrival = question.district.arrival
    if arrival is None or arrival.reached != "clever":
        return None
    return _move("sync", f"the next one brings the change. {_run(question.district)}")


def _sync(question: Person | Section) -> Step | None:
    """A sync that runs, that has not ended well, or that never was."""
    newest, read = question.district.newest, question.read
    if isinstance(read, Unread) and (read.is_running or (newest and newest.state == "running")):
        return _move("sync", "it is running; ask again when it has ended.")
    if newest is None:
        return _move("sync", f"there was none yet. {_run(question.district)}")
    if newest.state in ("published", "held"):
        return None
    ended = ENDED.get(newest.state, "failed")
    says = f"sync {newest.id}, begun {at(newest.started_at)}, {ended}. {_run(question.district)}"
    return _move("sync", says, sync_id=newest.id)


def _run(district: District) -> str:
    return f"Run roster-pipeline sync --district {district.organization.district_id}"


def _mend(question: Person | Section) -> Step | None:
    if isinstance(question.read, Unread) or not question.read.refusals:
        return None
    fault = question.read.refusals[0]
    return _move("district", f"correct the record in the list of {fault.resource}: {fault.reason}.")


def _absent(question: Person | Section, lists: tuple[str, ...], what: str) -> Step | None:
    """Not in a reading: the empty list, the removal that waits, or the sharing comes next."""
    read = question.read
    if isinstance(read, Unread) or read.found:
        return None
    emptied = [name for name in lists if name in read.landing.emptied]
    if emptied:
        return _move("district", f"the list of {listed(emptied)} came empty, and had not been: share it again.")
    share = _move("district", f"not in {last_reading(question.district)}: share the {what} in Clever.")
    return _hold(question) or share


def _share_person(person: Person) -> Step | None:
    membership = person.kept.membership
    if isinstance(person.read, Unread) and membership and membership.ended_at:
        ended = f"the membership ended {at(membership.ended_at)}, when a complete reading was without this person"
        return _move("district", f"{ended}: share the person in Clever.")
    if isinstance(person.read, Unread) and not person.kept.links:
        return _move("district", "no reading that was published had this person: share the person in Clever.")
    return _absent(person, PEOPLE, "person")


def _share_section(section: Section) -> Step | None:
    roster = section.kept.roster
    if isinstance(section.read, Unread) and roster and roster.archived_at:
        ended = f"archived {at(roster.archived_at)}, when a complete reading was without this class"
        return _move("district", f"{ended}: share the class in Clever.")
    return _absent(section, SECTIONS, "class")


def _review(person: Person) -> Step | None:
    reviews = person.kept.open_reviews
    if not reviews:
        return None
    which = listed([f"review {review.id} ({review.reason})" for review in reviews])
    command = f"roster-pipeline resolve {reviews[0].id} --as DECISION"
    return _move("admin", f"resolve {which}: {command}", review_ids=[review.id for review in reviews])


def _hold(question: Person | Section) -> Step | None:
    """What is held of it: a person decides the plan, or has decided."""
    plan = question.district.plan
    if isinstance(question.read, Unread) or not question.read.held or not plan:
        return None
    ids: dict[str, object] = {"plan": plan.plan, "hold_ids": list(plan.ids)}
    if plan.state == "rejected":
        return _move("nobody", f"{decided_words(plan)}; what the product has stays until Clever shows another.", **ids)
    if plan.state == "approved":
        return _move("sync", f"{decided_words(plan)}, and the next sync applies it. {_run(question.district)}", **ids)
    return _move("person", f"decide plan {plan.plan}; roster-pipeline holds says more.", **ids)


def _publish_person(person: Person) -> Step | None:
    membership = person.kept.membership
    is_in = person.kept.link and membership and not membership.ended_at
    if is_in and all(one.state != "unpublished" for one in class_items(person)):
        return None
    return _move("sync", f"what was read is not published yet. {_run(person.district)}")


def _place_person(person: Person) -> Step | None:
    """A class lists the person among those of the other role (R4.13, R4.14)."""
    classes = [item for item in class_items(person) if item.state == NOT_PLACED]
    if not classes:
        return None
    return _move("district", f"correct {count(len(classes), 'class', 'classes')} or the person's role in Clever.")


def _place_members(section: Section) -> Step | None:
    """The class lists people among those of the other role (R4.13, R4.14)."""
    members = [
        item for role in ("teacher", "student") for item in member_items(section, role) if item.state == NOT_PLACED
    ]
    if not members:
        return None
    people = count(len(members), "person", "people")
    return _move("district", f"correct the class or the role of {people} in Clever, by id above.")


def _verify(person: Person) -> Step | None:
    if not is_unverified(person):
        return None
    return _move("admin", "verify the teacher's membership; the roster itself is published.")


def _publish_section(section: Section) -> Step | None:
    roster = section.kept.roster
    members = member_items(section, "teacher") + member_items(section, "student")
    is_in = roster and not roster.archived_at and all(one.state != "unpublished" for one in members)
    if is_in:
        return None
    return _move("sync", f"what was read is not published yet. {_run(section.district)}")


def _show(section: Section) -> Step | None:
    if not (section.kept.roster and section.kept.roster.hidden_at):
        return None
    return _move("person", "the class is hidden in the product; whoever hid it can show it again.")


def _share_members(section: Section) -> Step | None:
    """Somebody pending is either not shared, or waits for a review of who they are."""
    pending = [one for one in section.kept.members if one.account_id is None]
    if not pending:
        return None
    read = section.read
    shared = set() if isinstance(read, Unread) else {one.clever_id for one in read.members if one.is_shared}
    missing = [one for one in pending if one.clever_id not in shared]
    if missing:
        people = count(len(missing), "person", "people")
        return _move("district", f"share {people} whom the class names, by id above.")
    return _move("admin", "resolve the reviews of those who are pending; roster-pipeline reviews lists them.")
