"""The sentences of verdicts: what is the case, who acts, and what to do."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from unicodedata import bidirectional

from roster_pipeline.explain.fault_words import describe_fault
from roster_pipeline.explain.verdict import Question, Verdict
from roster_pipeline.messages import LocalCatalogue, product

Key = tuple[str, str]
SENTENCES: dict[Key, str] = {
    ("W1", "until"): product.mark("Clever is paused until {time}. Nothing changes here until then."),
    ("W1", "paused"): product.mark("Updates of your district are paused. Nothing changes here until they start again."),
    ("W1", "disconnected"): product.mark("Clever is disconnected. Nothing changes here until it is connected again."),
    ("W1", "sso_only"): product.mark("Your plan has logins only. Class lists do not come from Clever."),
    ("W2", ""): product.mark(
        "Your change of {change} has not reached Clever yet. Clever last read your system {time}."
    ),
    ("W3", ""): product.mark("Clever has it, and we have not read it yet."),
    ("W3", "first"): product.mark("The first update has not run yet, so nothing of Clever is here."),
    ("W4", "running"): product.mark("An update is running. Look again in a moment."),
    ("W4", "failed"): product.mark("The last update, {time}, failed. We will try again by ourselves."),
    ("W5", ""): product.mark("Clever does not share anyone with this name."),
    ("W5", "unread"): product.mark("Nobody with this name is here. What Clever shares cannot be read now."),
    ("W5", "native"): product.mark("The account of {name} was made here. It belongs to nobody in Clever."),
    ("W6", ""): product.mark("Clever no longer shares {name}. The account and the work are kept."),
    ("W6", "since"): product.mark("Clever stopped sharing {name} {time}. The account and the work are kept."),
    ("W7", "person"): product.mark("Clever's record of {name} is broken: {reason}."),
    ("W7", "section"): product.mark("Clever's record of {group} is broken: {reason}."),
    ("W8", ""): product.mark("Clever does not share this class with us."),
    ("W9", ""): product.mark("{name} is in Clever, but Clever does not list {name} in {group}."),
    ("W9", "others"): product.mark(
        "{name} is in Clever, but Clever does not list {name} in {group}. {name} is in: {classes}."
    ),
    ("W9", "nowhere"): product.mark("{name} is in Clever, but no class in Clever lists {name}."),
    ("W9", "role"): product.mark(
        "Clever lists {name} both as a student and as a teacher, so {name} is not in the class."
    ),
    ("W9", "native"): product.mark("{group} was made here and not in Clever. {name} was not added to it."),
    ("W10", ""): product.mark("Clever lists a student in this class whom it does not share with us."),
    ("W11", ""): product.mark("A removal waits for a decision by {admins}. Until then nothing changes."),
    ("W12", ""): product.mark(
        "{name} is in class. We are not sure which older account belongs to {name}. {admins} can decide."
    ),
    ("W12", "waits"): product.mark("We are not sure who {name} is, so the new classes wait. {admins} can decide."),
    ("W13", ""): product.mark("{name} is in {class_name}, which was hidden {time}."),
    ("W13", "by"): product.mark("{name} is in {class_name}, which {person} hid {time}."),
    ("W13", "class"): product.mark("{group} was hidden {time}."),
    ("W14", ""): product.mark("{name} also has an older account and may be logging in with that one."),
    ("W14", "email"): product.mark("{name} also has an older account, {email}, and may be logging in with that one."),
    ("W15", ""): product.mark("{name} is in {classes}. Clever and this page agree."),
    ("W15", "nowhere"): product.mark("{name} is in Clever. Clever and this page agree."),
    ("W15", "class"): product.mark("{group} is here as in Clever."),
    ("W16", ""): product.mark("Clever has it and we have read it. It is published with the next update."),
}
ADVICE: dict[Key, str] = {
    ("W1", "until"): product.mark("Wait for that day, or ask your Clever admin to end the pause."),
    ("W1", "paused"): product.mark("Ask our account team when updates start again."),
    ("W1", "disconnected"): product.mark("Ask our account team to connect your district again."),
    ("W1", "sso_only"): product.mark("Ask our account team about class lists from Clever."),
    ("W2", ""): product.mark(
        "Wait for the next upload of your school's system, or ask who runs it to send the data now."
    ),
    ("W3", ""): product.mark("Open Updates and press Update Roster."),
    ("W3", "first"): product.mark("Open Updates and press Update Roster, or wait for the night."),
    ("W4", "running"): product.mark("Open this page again in a minute."),
    ("W4", "failed"): product.mark("Wait for the next update. If it fails again, ask our account team."),
    ("W5", ""): product.mark(
        "Check the spelling. If it is right, ask your Clever admin: in Clever, open Applications, choose our app, "
        "then Edit sharing, and share the student."
    ),
    ("W5", "unread"): product.mark("Check the spelling, or ask again in a few minutes."),
    ("W5", "native"): product.mark("The student logs in with Clever. Then the account from Clever is used."),
    ("W6", ""): product.mark(
        "If this is wrong, ask your Clever admin: in Clever, open Applications, choose our app, then Edit sharing."
    ),
    ("W7", ""): product.mark("Ask your Clever admin to correct it in Clever or in your school's system."),
    ("W8", ""): product.mark(
        "Ask your Clever admin: in Clever, open Applications, choose our app, then Edit sharing, and share the class."
    ),
    ("W9", ""): product.mark("Ask your Clever admin to add the student to the class in your school's system."),
    ("W9", "role"): product.mark("Ask your Clever admin to correct the role in your school's system."),
    ("W9", "native"): product.mark("The teacher of the class can add the student here."),
    ("W10", ""): product.mark(
        "Ask your Clever admin: in Clever, open Applications, choose our app, then Edit sharing, and share the student."
    ),
    ("W11", ""): product.mark("An admin of your district opens Updates and decides."),
    ("W12", ""): product.mark("An admin of your district opens Reviews and decides."),
    ("W13", ""): product.mark("Open the class and press Show."),
    ("W14", ""): product.mark("Ask which email the student types, and use the button Log in with Clever."),
    ("W15", ""): product.mark("Nothing needs to be done."),
    ("W16", ""): product.mark("Open Updates and press Update Roster, or wait for the night."),
}
"""What to do, click by click. A variant without an entry takes that of the verdict."""
ACTORS = {
    "you": product.mark("You"),
    "clever_admin": product.mark("Your Clever admin"),
    "sis": product.mark("The person who runs your school's system"),
    "us": product.mark("We"),
    "admin": product.mark("An admin of your district"),
    "nobody": product.mark("Nobody"),
}


@dataclass(frozen=True)
class VerdictText:
    """A verdict in words."""

    name: str
    says: str
    actor: str
    todo: str


def describe_verdict(
    question: Question, verdict: Verdict, words: LocalCatalogue, *, admins: Sequence[str]
) -> VerdictText:
    """Say a verdict in words.

    Args:
        admins: the names of the admins of the district.
    """
    facts = {key: _say(value, words) for key, value in verdict.facts.items()}
    if reason := verdict.facts.get("reason"):
        facts["reason"] = describe_fault(str(reason), words)
    values = {
        "name": _isolate(question.name) or words.text("this student"),
        "group": _isolate(question.group.name) if question.group else words.text("this class"),
        "admins": words.join(list(admins)) if admins else words.text("an admin of your district"),
        "time": words.text("at a time that Clever does not say"),
        **facts,
    }
    todo = ADVICE.get((verdict.name, verdict.variant)) or ADVICE[verdict.name, ""]
    return VerdictText(
        verdict.name,
        _capitalize(words.text(SENTENCES[verdict.name, verdict.variant], **values)),
        words.text(ACTORS[verdict.whose]),
        words.text(todo),
    )


def _capitalize(sentence: str) -> str:
    """Begin a sentence with a capital letter, also one that begins with a person or a class without a name."""
    return sentence[:1].upper() + sentence[1:]


def _say(value: object, words: LocalCatalogue) -> object:
    if value is None:
        return words.text("at a time that Clever does not say")
    if isinstance(value, datetime):
        return words.at(value)
    return words.join([_isolate(each) for each in value]) if isinstance(value, list) else _isolate(str(value))


def _isolate(text: str) -> str:
    """Return a name so that its direction of writing does not reorder the sentence around it."""
    is_plain = not any(bidirectional(letter) in ("R", "AL", "RLE", "RLO", "RLI", "LRO") for letter in text)
    return text if is_plain else f"\u2068{text}\u2069"
