"""Text as people, districts and attackers write it: it comes back byte for byte, or is left out alone and counted."""

import copy
import json

import duckdb
import pytest

from roster_pipeline.land import open_warehouse
from roster_pipeline.sandbox.data.district import SandboxDistrict
from roster_pipeline.settings import read_settings
from roster_pipeline_tests.integration.readers import difference, published, row_versions
from roster_pipeline_tests.integration.rule_book import expect
from roster_pipeline_tests.integration.test_properties import clever_id
from roster_pipeline_tests.integration.test_wrong_types import misprint, reprint

OWN = (
    *("", " ", "  Ada  ", "\t", "\n", "\r", "\r\n", "a\rb", "a\r\n\nb", "\v\f", "Ada\u00a0", "\u3000", "\u200b"),
    *('"', '""', "'", ",", '",\n"', '"\r\n"', ";", "\\", "\\\\", '\\"', "\\.", "a\n\\.\nb", "\n\\.\n", "\\N", "\\x00"),
    *("NULL", "null", "None", "nan", "true", "0", "-1", "1e5", "0x1F", "1,000", "2031-01-01", "[]", "{}", "{\n}"),
    *("\\u0000", "\\ud800", "\\ud83d\\ude00", "%s", "%(name)s", "{name}", "$1", ":name", "?", "$$", "${HOME}"),
    *("'; drop table roster.accounts; --", "' or ''='", "\\'; select 1; --", "/*", "--", "=1+1", "@SUM(A1)", "+1", "#"),
    *("<script>alert(1)</script>", "&lt;", "&#0;", "]]>", "\x1b[31mred", "\x01\x08\x7f", "\x85", "\u2028", "\u2029"),
    *("\ufeffAda", "\u202eadA", "\u2066Ada\u2069", "\u200fAda", "e\u0301", "\u00e9", "\u212b", "\ufb01", "\u0130"),
    *("e" + "\u0301" * 300, "\U0001f600", "\U0001f468\u200d\U0001f469", "\uffff", "\U0010ffff", "\ufffd", "\u00df"),
    *("x" * 320, "\U0001f600" * 320, '",\n"' * 80, "\ufdfd", "\u0e33" * 50, "../../etc/passwd", "C:\\temp"),
)
"""Distinct texts that break formats: CSV, COPY, JSON, SQL, markup, terminals, and what looks like another value."""
UNSTORABLE = ("a\0b", "\0", "\ud800", "\udc00 and more", "\ude00\ud83d", "\ud83d\U0001f600")
"""NUL and halves of surrogate pairs: JSON can say them, PostgreSQL cannot store them."""


def babel(texts):
    """A district in which each text is in every field: of a person, a school, a class, a term."""
    own = {"district": clever_id(0, 0, 1)}
    objects = {name: [] for name in ("schools", "users", "sections", "terms", "courses")}
    for number, text in enumerate(texts):
        last, email, other = (texts[number - step] for step in (1, 2, 3))
        school, person, section, term = (clever_id(kind, number, 1) for kind in (1, 2, 3, 4))
        role = ("student", "teacher")[number % 2]
        roles = {role: {"school": school, "schools": [school], "sis_id": text}}
        about = {"sis_id": last, "nces_id": email, "low_grade": text, "high_grade": other}
        named = {"name": text, "subject": last, "grade": email, "period": other}
        members = {"students": [], "school": school, "term_id": term} | {f"{role}s": [person]}
        objects["schools"].append({**own, "id": school, "name": text, **about})
        objects["users"].append(
            {**own, "id": person, "name": {"first": text, "last": last}, "email": email, "roles": roles}
        )
        objects["sections"].append({**own, "id": section, **named, **members})
        objects["terms"].append({**own, "id": term, "name": text})
    return SandboxDistrict({"id": own["district"], "name": "Babel", "state": "running"}, objects)


@pytest.fixture(params=["our own", "carriage returns", "naughty strings", "names of 73 locales"])
def texts(request):
    """Distinct texts; those that others collected are beside a development checkout."""
    if request.param == "our own":
        return OWN
    if request.param == "carriage returns":
        return "\r", "\r\n", "a\rb", '"\r\n'  # alone: the first row must not look like the others
    folder = request.getfixturevalue("shared") / "data"
    if request.param == "naughty strings":
        found = json.loads((folder / "strings/blns/blns.json").read_text(encoding="utf-8"))
    else:
        lines = (folder / "names/non-ascii-names.jsonl").read_text(encoding="utf-8").split("\n")
        found = [json.loads(line)["name"] for line in lines if line]
    return tuple(dict.fromkeys(found))


def in_snapshot(path):
    """What analysts read: schools, people and rosters as `published` gives them, as far as it is there."""
    with duckdb.connect(path, read_only=True) as con:
        return tuple(
            {key: tuple(row) for key, *row in con.execute(f"select {columns}").fetchall()}
            for columns in (
                "school_id, name, sis_id, nces_id, low_grade, high_grade from schools",
                "clever_id, role, first_name, last_name, email from people",
                "section_id, school_id, name, subject, grade, period, term_name from rosters",
            )
        )


def test_given_any_text_in_every_field_when_synced_then_product_and_snapshot_hold_it_byte_for_byte(
    connect, quick_sync, product, texts
):
    district = connect(babel(texts))
    quick_sync(district, snapshot=True)
    found = published(product, district.id)
    assert difference(expect(district), found) == {}
    people = {key: row[:4] for key, row in found.people.items()}
    assert in_snapshot(read_settings().snapshots_folder / "latest.duckdb") == (found.schools, people, found.rosters)
    assert quick_sync(district).total == 0


def unstorable(district):
    """(list, id, the field without it, the field as Clever sends it): a record of its own for each."""
    users, count = district.resources["users"], len(UNSTORABLE)
    for number, text in enumerate(UNSTORABLE):
        first, last, email = (users.ids()[number + step * count] for step in range(3))
        for key, field in ((first, "first"), (last, "last")):
            name = users[key]["name"]
            yield "users", key, {"name": name | {field: None}}, {"name": name | {field: text}}
        yield "users", email, {"email": None}, {"email": text}
        for resource in ("schools", "sections", "terms"):
            yield resource, district.resources[resource].ids()[number], {"name": None}, {"name": text}


def test_given_text_that_cannot_be_stored_when_synced_then_that_field_alone_is_left_out_or_stays_as_it_was(
    connect, quick_sync, product
):
    district = connect(babel(OWN))
    readable = copy.deepcopy(district)
    spoilt = list(unstorable(district))
    for resource, key, without, sent in spoilt:
        readable.put(resource, readable.get(resource, key) | without)
        misprint(district, resource, key, sent)
    quick_sync(district)
    assert difference(expect(readable), published(product, district.id)) == {}
    with open_warehouse(read_settings().districts_folder, district.id) as con:
        counted = con.execute("select count(*), count(distinct clever_id) from raw.rejected").fetchall()
    assert counted == [(len(spoilt), len(spoilt))]
    reprint(district)
    quick_sync(district)
    assert difference(expect(district), published(product, district.id)) == {}
    before = row_versions(product)
    for resource, key, _, sent in spoilt:
        misprint(district, resource, key, sent)
    assert quick_sync(district).total == 0
    assert row_versions(product) == before
