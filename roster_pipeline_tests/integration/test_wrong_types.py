"""A record with a field of a wrong type is rejected alone, and its published data stays.

A field that only describes is dropped; one that says who or where somebody is takes its record with it.
"""

import copy
import logging
from collections import Counter

import dagster as dg
import pytest
from dagster._serdes import serialize_value

from roster_pipeline_tests.support.misprints import ABYSS, INFINITE, MARK, NUMBER, misprint, reprint
from roster_pipeline_tests.support.people import users_of
from roster_pipeline_tests.support.readers import difference, published, query
from roster_pipeline_tests.support.rule_book import expect

DROPPED = [
    *(("users", {"email": value}) for value in (NUMBER, 13.7, True, [], [MARK], {}, {MARK: MARK}, ABYSS)),
    *(("users", {"name": value}) for value in (MARK, NUMBER, [MARK], ABYSS)),
    *(("users", {"name": {"first": value, "last": "Moss"}}) for value in ({MARK: MARK}, [MARK], NUMBER)),
    *(("schools", {"name": value}) for value in (NUMBER, {MARK: MARK})),
    *(("sections", {"name": value}) for value in (NUMBER, [MARK], ABYSS)),
    *(("sections", {"grade": value, "subject": value, "period": value}) for value in (NUMBER, {MARK: MARK})),
    ("terms", {"name": {MARK: MARK}}),
]
"""The list, and what is wrong in a record of it: the record lands without those fields."""
UNREADABLE = [
    *(("users", {"id": value}) for value in (NUMBER, [MARK], {MARK: MARK}, True, None, "")),
    *(("users", {"roles": value}) for value in (NUMBER, MARK, [MARK], ["student"], ABYSS)),
    *(("users", {"roles": {"student": value}}) for value in (MARK, [MARK])),
    *(("users", {"roles": {"student": {"school": value}}}) for value in (NUMBER, [MARK])),
    *(("users", {"roles": {"student": {"schools": value}}}) for value in (MARK, {MARK: MARK}, [None], [NUMBER])),
    *(("users", wrong) for wrong in ({"district": NUMBER}, {"email": INFINITE}, {"id": MARK, "roles": []})),
    *(("sections", {"students": value}) for value in (None, {}, {MARK: MARK}, MARK, NUMBER, [None], [[MARK]])),
    *(("sections", {"teachers": value}) for value in ({MARK: MARK}, MARK, [NUMBER])),
    *(("sections", {"school": value}) for value in (NUMBER, [MARK])),
    ("schools", {"id": NUMBER}),
]
"""The list, and what is wrong in a record of it: the record does not land."""
NO_IDS = [
    ("users", {"id": MARK}),
    ("users", {"roles": {"student": {"school": MARK}}}),
    ("sections", {"school": MARK}),
    ("sections", {"term_id": MARK}),
]
"""Text where an id should be: the record lands, and breaks its contract."""


def misprint_each(district, wrongs):
    """Every wrong value in a record of its own, from the first one of its list on."""
    keys = {name: iter(items.ids()) for name, items in district.resources.items()}
    keys["users"] = iter(users_of(district, "student"))
    for resource, wrong in wrongs:
        misprint(district, resource, next(keys[resource]), wrong)


@pytest.fixture
def said(instance, product, caplog, capfd):
    """All that the last run said, anywhere but in the tables of rosters."""
    caplog.set_level(logging.INFO)

    def words():
        (run,) = instance.get_runs(limit=1)
        events = [serialize_value(entry) for entry in instance.all_logs(run.run_id)]
        syncs = query(product, "select to_jsonb(s)::text from roster.syncs as s")
        return "\n".join([*events, repr(run), repr(syncs), caplog.text, *capfd.readouterr()])

    return words


@pytest.mark.parametrize("wrongs", [DROPPED, UNREADABLE, NO_IDS], ids=["dropped", "unreadable", "no ids"])
def test_wrong_types_of_known_records_keep_their_values(valley, quick_sync, known_sync, product, wrongs):
    known_sync(valley)
    before = published(product, valley.id)
    teacher, section = valley.get("users", users_of(valley, "teacher")[0]), valley.resources["sections"].ids()[-1]
    valley.put("users", teacher | {"name": {"first": "Ida", "last": "Moss"}})
    valley.put("sections", valley.get("sections", section) | {"name": "Changed since"})
    misprint_each(valley, wrongs)
    quick_sync(valley)
    assert difference(expect(valley, before), published(product, valley.id)) == {}
    assert quick_sync(valley).total == 0
    reprint(valley)
    assert quick_sync(valley).total == 0


def test_newcomer_of_wrong_types_loses_the_field_or_is_rejected(valley, quick_sync, product):
    without_email, without_name, nobody = users_of(valley, "student")[:3]
    without_title, no_class = valley.resources["sections"].ids()[:2]
    readable = copy.deepcopy(valley)
    readable.put("users", valley.get("users", without_email) | {"email": None})
    readable.put("users", valley.get("users", without_name) | {"name": None})
    readable.put("sections", valley.get("sections", without_title) | {"name": None})
    readable.remove("users", nobody)
    readable.remove("sections", no_class)
    misprint(valley, "users", without_email, {"email": {MARK: MARK}})
    misprint(valley, "users", without_name, {"name": MARK})
    misprint(valley, "users", nobody, {"roles": ["student"]})
    misprint(valley, "sections", without_title, {"name": NUMBER})
    misprint(valley, "sections", no_class, {"students": {MARK: MARK}})
    quick_sync(valley)
    assert difference(expect(readable), published(product, valley.id)) == {}
    assert quick_sync(valley).total == 0


def test_wrong_types_are_counted_and_not_quoted(valley, sync, instance, checks, said):
    misprint_each(valley, [*DROPPED, *UNREADABLE, *NO_IDS])
    assert sync(valley).exit_code == 0
    expected = Counter(resource for resource, wrong in DROPPED for _field in wrong)
    expected.update(resource for resource, _ in UNREADABLE)
    expected["students"] = expected.pop("users")
    for resource, count in expected.items():
        landed = instance.get_latest_materialization_event(dg.AssetKey(["raw", resource])).asset_materialization
        assert landed.metadata["rejections"].value == count
    refused = {asset for asset, (passed, _) in checks("contract").items() if not passed}
    assert refused == {"staging/stg_students", "staging/stg_sections"}
    words = said()
    assert MARK not in words
    assert str(NUMBER) not in words


def test_classes_that_list_text_keep_their_members(valley, known_sync, sync, product, said):
    known_sync(valley)
    before = published(product, valley.id)
    texts = (MARK, f"ida.{MARK}@example.org", MARK * 10_000)
    misprint_each(valley, [("sections", {role: [text]}) for role in ("students", "teachers") for text in texts])
    assert sync(valley).exit_code == 0
    assert difference(before, published(product, valley.id)) == {}
    assert MARK not in said()
