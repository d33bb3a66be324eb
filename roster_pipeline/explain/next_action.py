"""Finds the next action: who has to do what. The first rule that applies decides."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from roster_pipeline.explain.district import describe_decision, describe_last_read, describe_unread, emptied_lists
from roster_pipeline.explain.enrollment import NOT_PLACED
from roster_pipeline.explain.fault_words import describe_fault, describe_list
from roster_pipeline.explain.person import class_items, is_unverified
from roster_pipeline.explain.section import member_items
from roster_pipeline.explain.steps import Step
from roster_pipeline.explain.subject import Subject
from roster_pipeline.messages import LocalCatalogue, product

Rule = Callable[[Subject, LocalCatalogue], Step | None]
OWNERS = {
    "nobody": product.mark("No action needed: {action}"),
    "district": product.mark("Action needed in Clever: {action}"),
    "admin": product.mark("Action needed by an administrator: {action}"),
    "person": product.mark("Action needed: {action}"),
    "sync": product.mark("Next sync: {action}"),
}
UP_TO_DATE = {
    "person": product.mark("this person is up to date."),
    "section": product.mark("this class is up to date."),
}
SHARE = {
    "person": product.mark("share this person."),
    "section": product.mark("share this class."),
}
RESUME = {
    "paused": product.mark("resume the district. Until then everything is kept as it is."),
    "disconnected": product.mark("connect the district again. Until then everything is kept as it is."),
}
UNFINISHED_SYNCS = {
    "running": product.mark("sync {sync} of {time} was killed, so it has to run again."),
    "undone": product.mark("sync {sync} of {time} was undone, so it has to run again."),
    "canceled": product.mark("sync {sync} of {time} was stopped by a person, so it has to run again."),
}
FAILED_SYNC = product.mark("sync {sync} of {time} failed, so it has to run again.")


def find_next_action(subject: Subject, words: LocalCatalogue) -> Step:
    """Return the last step of an explanation. Rules about what everything else depends on come first."""
    for rule in RULES[subject.kind]:
        if step := rule(subject, words):
            return step
    if subject.source is None:
        says = words.text(
            "No action needed, as far as the product alone can tell. {unread}", unread=describe_unread(subject, words)
        )
        return Step("Next", "unknown", says, {"whose": "nobody"})
    return _action(words, "nobody", words.text(UP_TO_DATE[subject.kind]))


def _action(words: LocalCatalogue, whose: str, action: str, command: str | None = None, **ids: object) -> Step:
    """Return the step.

    Args:
        whose: a key of `OWNERS`.
        command: what an operator runs to do it.
    """
    facts = {"whose": whose, **({"command": command} if command else {}), **ids}
    return Step("Next", "ok" if whose == "nobody" else "waiting", words.text(OWNERS[whose], action=action), facts)


def _resume(subject: Subject, words: LocalCatalogue) -> Step | None:
    """Return the action for a district that is paused, disconnected or of a tier without roster syncs."""
    organization = subject.district.organization
    district_id = organization.district_id
    if not subject.district.is_blocked:
        if organization.state != "disconnected":
            return None
        return _action(
            words,
            "district",
            words.text("connect the app again. Until then everything is kept as it is."),
            district_id=district_id,
        )
    connect = f"roster-pipeline connect {district_id} --tier secure_sync"
    if organization.state not in RESUME:
        says = words.text("the district has single sign-on only. Connect it with the tier that it has bought.")
        return _action(words, "admin", says, connect, district_id=district_id)
    command = f"roster-pipeline resume {district_id}" if organization.state == "paused" else connect
    return _action(words, "admin", words.text(RESUME[organization.state]), command, district_id=district_id)


def _upload(subject: Subject, words: LocalCatalogue) -> Step | None:
    """Return the action for a change that has not reached Clever yet."""
    arrival = subject.district.arrival
    if arrival is None or arrival.reached != "nowhere":
        return None
    return _action(words, "district", words.text("upload the district's SIS data again."))


def _sync(subject: Subject, words: LocalCatalogue) -> Step | None:
    """Return the action for a district whose sync is running, has failed or has never run."""
    last, unread = subject.district.last_sync, subject.unread
    if unread and (unread.is_running or (last and last.state == "running")):
        return _action(words, "sync", words.text("it is running now. Ask again when it has ended."))
    if last is None:
        return _action(words, "sync", words.text("there was none yet."), _sync_command(subject))
    if last.state in ("published", "held"):
        return None
    sentence = UNFINISHED_SYNCS.get(last.state, FAILED_SYNC)
    says = words.text(sentence, sync=last.id, time=words.at(last.started_at))
    return _action(words, "sync", says, _sync_command(subject), sync_id=last.id)


def _sync_command(subject: Subject) -> str:
    return f"roster-pipeline sync --district {subject.district.organization.district_id}"


def _bring(subject: Subject, words: LocalCatalogue) -> Step | None:
    """Return the action for a change that has reached Clever and was not read yet."""
    arrival = subject.district.arrival
    if arrival is None or arrival.reached != "clever":
        return None
    return _action(words, "sync", words.text("it brings the change."), _sync_command(subject))


def _correct_record(subject: Subject, words: LocalCatalogue) -> Step | None:
    if subject.source is None or not subject.source.rejections:
        return None
    fault = subject.source.rejections[0]
    says = words.text(
        "correct the record (list: {resource}). {reason}.",
        resource=describe_list(fault.resource, words),
        reason=describe_fault(fault.reason, words),
    )
    return _action(words, "district", says)


def _share(subject: Subject, words: LocalCatalogue) -> Step | None:
    """Return the action for a record that Clever does not share, by its cause."""
    share = words.text(SHARE[subject.kind])
    if subject.source is None:
        end = _end_without_source(subject, words)
        return _action(words, "district", f"{share} {end}") if end else None
    if subject.source.records:
        return None
    emptied = emptied_lists(subject)
    if emptied:
        lists = words.join([describe_list(name, words) for name in emptied])
        says = words.text("share the list of {lists} again. It was empty and had not been.", lists=lists)
        return _action(words, "district", says)
    hold = _hold(subject, words)
    return hold or _action(words, "district", f"{share} {describe_last_read(subject.district, words)}")


def _end_without_source(subject: Subject, words: LocalCatalogue) -> str | None:
    """Return a sentence on why a record ended, from the facts of the product only, or None if it has not ended."""
    membership, roster = subject.product.membership, subject.product.roster
    if roster and roster.archived_at:
        time = words.at(roster.archived_at)
        return words.text("The class was archived {time}, because it was not in Clever's data then.", time=time)
    if membership and membership.ended_at:
        time = words.at(membership.ended_at)
        return words.text("The membership ended {time}, because the person was not in Clever's data then.", time=time)
    if subject.kind == "person" and not subject.product.links:
        return words.text("No published sync has found this person in Clever's data.")
    return None


def _review(subject: Subject, words: LocalCatalogue) -> Step | None:
    reviews = subject.product.open_reviews
    if not reviews:
        return None
    ids = words.join([str(review.id) for review in reviews])
    says = words.count("decide review {ids}.", "decide reviews {ids}.", len(reviews), ids=ids)
    command = f"roster-pipeline resolve {reviews[0].id} --as DECISION"
    return _action(words, "admin", says, command, review_ids=[review.id for review in reviews])


def _hold(subject: Subject, words: LocalCatalogue) -> Step | None:
    """Return the action for a held change: to decide about the plan, or none after it was rejected."""
    plan = subject.district.held_plan
    if subject.source is None or not subject.source.held or not plan:
        return None
    ids: dict[str, Any] = {"plan": plan.plan, "hold_ids": list(plan.hold_ids)}
    if plan.state == "open":
        says = words.text("approve or reject plan {plan}.", plan=plan.plan)
        return _action(words, "person", says, "roster-pipeline holds", **ids)
    decision = describe_decision(plan, words)
    if plan.state == "rejected":
        says = words.text("{decision} The data stays until Clever sends something else.", decision=decision)
        return _action(words, "nobody", says, **ids)
    says = words.text("{decision} The next sync applies it.", decision=decision)
    return _action(words, "sync", says, _sync_command(subject), **ids)


def _publish(subject: Subject, words: LocalCatalogue) -> Step | None:
    """Return the action for data that was read and is not published yet."""
    membership, roster = subject.product.membership, subject.product.roster
    if subject.kind == "person":
        is_published = bool(subject.product.link and membership and not membership.ended_at)
        items = class_items(subject, words)
    else:
        is_published = bool(roster and not roster.archived_at)
        items = member_items(subject, "teacher", words) + member_items(subject, "student", words)
    if is_published and all(item.state != "unpublished" for item in items):
        return None
    return _action(words, "sync", words.text("what was read is not published yet."), _sync_command(subject))


def _correct_person(subject: Subject, words: LocalCatalogue) -> Step | None:
    """Return the action for a person whom a class lists in the other role (docs/rules.md R4.13, R4.14)."""
    classes = [item for item in class_items(subject, words) if item.state == NOT_PLACED]
    if not classes:
        return None
    says = words.count(
        "correct {n:,} class or the person's role.", "correct {n:,} classes or the person's role.", len(classes)
    )
    return _action(words, "district", says)


def _correct_members(subject: Subject, words: LocalCatalogue) -> Step | None:
    """Return the action for a class that lists people in the other role (docs/rules.md R4.13, R4.14)."""
    items = member_items(subject, "teacher", words) + member_items(subject, "student", words)
    members = [item for item in items if item.state == NOT_PLACED]
    if not members:
        return None
    says = words.count(
        "correct the class or the role of {n:,} person.", "correct the class or the role of {n:,} people.", len(members)
    )
    return _action(words, "district", says)


def _verify(subject: Subject, words: LocalCatalogue) -> Step | None:
    if not is_unverified(subject):
        return None
    return _action(words, "admin", words.text("verify the teacher's membership. The classes are already published."))


def _show(subject: Subject, words: LocalCatalogue) -> Step | None:
    if not (subject.product.roster and subject.product.roster.hidden_at):
        return None
    return _action(words, "person", words.text("the class is hidden. The person who hid it can show it again."))


def _share_members(subject: Subject, words: LocalCatalogue) -> Step | None:
    """Return the action for a class with pending members."""
    pending = {member.clever_id for member in subject.product.members if member.account_id is None}
    if not pending:
        return None
    source = subject.source
    missing = pending - ({member.clever_id for member in source.members if member.is_shared} if source else set())
    if missing:
        says = words.count(
            "share {n:,} person whom this class lists.", "share {n:,} people whom this class lists.", len(missing)
        )
        return _action(words, "district", says)
    return _action(words, "admin", words.text("decide the reviews of the pending members."), "roster-pipeline reviews")


FIRST_RULES: tuple[Rule, ...] = (_resume, _upload, _sync, _bring, _correct_record, _share)
RULES: Mapping[str, tuple[Rule, ...]] = {
    "person": (*FIRST_RULES, _review, _hold, _publish, _correct_person, _verify),
    "section": (*FIRST_RULES, _hold, _publish, _show, _correct_members, _share_members),
}
