"""The verdict on a person and a class is that of the first rule that applies, and every verdict has its sentences."""

from datetime import UTC, datetime, timedelta
from types import SimpleNamespace as Row

import pytest

from roster_pipeline.explain.district_file import NO_FILE, SYNC_IS_RUNNING
from roster_pipeline.explain.product_facts import ProductFacts
from roster_pipeline.explain.source_facts import LastRead, SourceFacts
from roster_pipeline.explain.subject import DistrictFacts, Subject
from roster_pipeline.explain.verdict import ClassFacts, Question, Verdict, find_class_verdict, find_verdict
from roster_pipeline.explain.verdict_words import ACTORS, ADVICE, SENTENCES, describe_verdict
from roster_pipeline.messages import product
from roster_pipeline.product.organizations import Organization

NOW = datetime(2026, 11, 28, 12, tzinfo=UTC)
READ = LastRead(7, "u", "running", NOW, {}, (), is_decided=True)
ORGANIZATION = Organization(
    *(1, "d", "Town", "secure_sync", "active", NOW, NOW, NOW, NOW, NOW),
    *(None, None, None, None, None, None, None, "America/New_York"),
)
PLAN = Row(state="open")
DISTRICT = DistrictFacts(ORGANIZATION, Row(id=7, state="published", started_at=NOW), None, None)
HERE = Row(roster_id=3, section_id="c1", name="Math", ended_at=None, archived_at=None, hidden_at=None, is_pending=False)
LISTED = Row(section_id="c1", name="Math", finding=None)
LINK = Row(account_id=5, unlinked_at=None)
MEMBER = Row(ended_at=None)
REVIEW = Row(state="open")


def ask(*, district=DISTRICT, source=None, facts=None, group=None, **more):
    """Return the question about Ava, who is in a class and in Clever if nothing else is given."""
    here = {"links": (LINK,), "membership": MEMBER, "classes": (HERE,), **(facts or {})}
    there = {"records": {"students": None}, "faults": (), "classes": (LISTED,), **(source or {})}
    person = Subject("person", "p1", district, ProductFacts(**here), SourceFacts(READ, **there), None)
    return Question(district, NOW, "Ava", person, group, **more)


def section(key="c1", people=(), **source):
    there = {"records": {"sections": None}, "faults": (), **source}
    facts = ProductFacts(roster=Row(archived_at=None), members=people)
    subject = Subject("section", key, DISTRICT, facts, SourceFacts(READ, **there), None)
    return ClassFacts(3 if key == "c1" else 9, "Math", None, subject)


def with_sync(state):
    return DistrictFacts(ORGANIZATION, Row(id=7, state=state, started_at=NOW), None, None)


HELD = DistrictFacts(ORGANIZATION, DISTRICT.last_sync, None, PLAN)
BROKEN = Row(kind="quarantined", reason="no last name", resource="students")
CASES = {
    "all is well": (ask(), "W15", ""),
    "no update yet": (ask(district=DistrictFacts(ORGANIZATION, None, None, None)), "W3", "first"),
    "update runs": (ask(district=with_sync("running"), unread=SYNC_IS_RUNNING), "W4", "running"),
    "update was killed": (ask(district=with_sync("running")), "W4", "failed"),
    "no account yet": (ask(facts={"links": (), "membership": None, "classes": ()}), "W16", ""),
    "class not published": (ask(facts={"classes": ()}), "W16", ""),
    "record broken": (ask(source={"faults": (BROKEN,)}), "W7", "person"),
    "class record broken": (ask(group=section(faults=(BROKEN,))), "W7", "section"),
    "removal held": (ask(district=HELD, source={"held": (Row(section_id="c1"),)}), "W11", ""),
    "removal of another class held": (
        ask(district=HELD, source={"held": (Row(section_id="c2"),)}, group=section()),
        *("W15", ""),
    ),
    "name unknown": (Question(DISTRICT, NOW, "", None), "W5", ""),
    "name unknown, Clever not read": (Question(DISTRICT, NOW, "", None, unread=NO_FILE), "W5", "unread"),
    "made here": (Question(DISTRICT, NOW, "Ava", None, is_native=True), "W5", "native"),
    "listed in another role": (
        ask(facts={"classes": ()}, source={"classes": (Row(section_id="c1", name="Math", finding="x"),)}),
        *("W9", "role"),
    ),
    "class made here": (ask(group=ClassFacts(9, "Club", None, None)), "W9", "native"),
    "in other classes": (ask(group=section("c9"), source={"classes": ()}), "W9", "others"),
    "identity unsure": (ask(facts={"reviews": (REVIEW,)}), "W12", ""),
    "identity unsure, class waits": (
        ask(facts={"reviews": (REVIEW,), "classes": (Row(**{**vars(HERE), "is_pending": True}),)}),
        *("W12", "waits"),
    ),
    "older account": (ask(source={"near_accounts": (Row(email="a@example.org"),)}), "W14", ""),
    "older account of a stranger": (
        ask(source={"near_accounts": (Row(email="a@example.org"),)}, is_limited=True),
        *("W5", ""),
    ),
}


@pytest.mark.parametrize("case", CASES)
def test_verdict_is_that_of_the_first_rule(case):
    question, name, variant = CASES[case]
    verdict = find_verdict(question)
    assert (verdict.name, verdict.variant) == (name, variant)


def test_class_with_an_unshared_member_has_a_pending_one():
    question = Question(DISTRICT, NOW, "", None, section(people=(Row(account_id=None),)))
    assert find_class_verdict(question).name == "W10"


def test_held_class_waits_for_a_decision():
    assert find_class_verdict(Question(HELD, NOW, "", None, section(held=(Row(section_id="c1"),)))).name == "W11"


@pytest.mark.parametrize("key", SENTENCES, ids="-".join)
def test_verdict_has_sentences_without_words_of_programs(key):
    name, variant = key
    facts = {"time": NOW - timedelta(days=1), "change": NOW, "classes": ["Art", "Math"]} | dict.fromkeys(
        ("reason", "class_name", "person", "email"), "x"
    )
    words = product().local("America/New_York", NOW)
    text = describe_verdict(ask(), Verdict(name, "admin", variant, facts), words, admins=["Jo Lee"])
    said = f"{text.says} {text.todo}".lower()
    assert text.actor == ACTORS["admin"]
    assert not [word for word in ("sync", "section", "provision", "quarantine", "digest", "{") if word in said]


def test_every_verdict_says_what_to_do():
    assert {name for name, _ in SENTENCES} == {f"W{number}" for number in range(1, 17)}
    assert {key for key in SENTENCES if key not in ADVICE and (key[0], "") not in ADVICE} == set()
