"""Scenarios H-10 to H-14 and H-16 to H-18: names and emails that attack, deceive, or are not English.

H-15, the suites of odd addresses, is `test_email_addresses`'s; any text in every field is `test_hostile_text`'s.
"""

import csv
import json
from io import StringIO

import pytest

from roster_pipeline.cli.holds import holds
from roster_pipeline.cli.preflight import COLUMNS
from roster_pipeline.explain.finding_words import describe_person
from roster_pipeline.explain.preflight import read_findings
from roster_pipeline.land import open_warehouse
from roster_pipeline.messages import product as words_of
from roster_pipeline.model.limits import Limits
from roster_pipeline.settings import read_settings
from roster_pipeline.spreadsheet import BOM, as_csv
from roster_pipeline_tests.support.accounts import row
from roster_pipeline_tests.support.changes import NO_LIMITS
from roster_pipeline_tests.support.readers import contents, difference, published, tables
from roster_pipeline_tests.support.rule_book import expect
from roster_pipeline_tests.support.seen import flagged

ATTACKS = (
    "<script>alert(1)</script>",
    "'; drop table roster.accounts; --",
    "' or ''='",
    "{{7*7}}${7*7}",
    "[red]Ann[/red]",
    "\x1b[2J\x1b]0;owned\x07",
)
FORMULAS = ("=1+1", "+1", "-1", "@SUM(A1)", '=HYPERLINK("https://example.org/?"&A1)', "\t=1", "\uff1d1+1", " =1+1")
NEAR, ALIKE = "near_matches", "invalid_emails"


@pytest.fixture
def nobody_is_matched(town, sign_up, resync, product, link):
    """Somebody signed up with each first address, and a student comes with each second: two people, all in class.

    Gives the students' Clever ids in the order of the pairs.
    """

    def checked(*pairs):
        accounts = [sign_up(email, "Ann", "Lake") for email, _ in pairs]
        before = [row(product, account) for account in accounts]
        keys = [town.student(number, "Ann", "Lake", email=email) for number, (_, email) in enumerate(pairs)]
        section = town.section(1, students=keys)
        resync()
        found = published(product, town.id)
        assert not {link(key)[0] for key in keys} & set(accounts)
        assert [row(product, account) for account in accounts] == before
        assert {(section, key) for key in keys} <= found.students
        assert found.reviews == set()
        return keys

    return checked


def emails(product, town, keys):
    people = published(product, town.id).people
    return [people[key][3] for key in keys]


@pytest.mark.scenario("H-10")
def test_script_and_sql_text_is_stored_and_shown_as_text(town, quick_sync, product, capsys):
    known = tables(product)
    people = [town.student(n, text, text, email=f"{text}@example.org") for n, text in enumerate(ATTACKS)]
    for number, text in enumerate(ATTACKS):
        town.section(number, students=people, name=text, subject=text)
    quick_sync(town)
    assert difference(expect(town), published(product, town.id)) == {}
    assert tables(product) == known
    for number in range(len(ATTACKS)):
        town.remove("sections", town.section(number))
    quick_sync(town)
    holds()
    shown = capsys.readouterr().out
    assert "\x1b" not in shown
    assert [
        text for text in ("<script>alert(1)", "drop table", "[red]Ann[/red]", "\\u001b[2J") if text not in shown
    ] == []


@pytest.mark.scenario("H-11")
def test_formulas_are_neutralized_in_spreadsheets(town, quick_sync):
    for number, text in enumerate(FORMULAS):
        role = {"student": town.role(number) | {"sis_id": text}}
        town.student(number, text, text, email=f"{text}@", roles=role)
    quick_sync(town)
    with open_warehouse(read_settings().districts_folder, town.id) as con:
        people = read_findings(con).people
    assert {person["first_name"] for person in people} == set(FORMULAS)
    written = as_csv([describe_person(person, words_of()) for person in people], COLUMNS)
    _, *lines = csv.reader(StringIO(written.removeprefix(BOM), newline=""))
    cells = [cell for line in lines for cell in line]
    assert sum(cell.startswith("'") for cell in cells) == 4 * len(FORMULAS)  # first and last name, email, sis id
    assert not [cell for cell in cells if cell.lstrip().startswith(("=", "+", "-", "@", "\uff1d"))]


@pytest.mark.scenario("H-12")
def test_two_unicode_forms_of_an_email_are_a_near_match(town, product, nobody_is_matched):
    keys = nobody_is_matched(("andr\u00e9@example.org", "andre\u0301@example.org"), ("\u212b@a.org", "\u00c5@a.org"))
    assert emails(product, town, keys) == ["andre\u0301@example.org", "\u00c5@a.org"]
    assert flagged(town, NEAR) == set(keys)


@pytest.mark.scenario("H-13")
def test_look_alike_letter_in_an_email_matches_nobody(town, product, nobody_is_matched):
    keys = nobody_is_matched(("ann@example.org", "\u0430nn@example.org"), ("leo@example.org", "le\u03bf@example.org"))
    assert emails(product, town, keys) == ["\u0430nn@example.org", "le\u03bf@example.org"]
    assert flagged(town, NEAR) == set()


@pytest.mark.scenario("H-14")
def test_letters_that_lower_case_oddly_match_nobody(town, product, nobody_is_matched):
    pairs = (
        ("\u0130pek@example.org", "ipek@example.org"),
        ("i\u0307zel@example.org", "\u0130zel@example.org"),
        ("\u0131rmak@example.org", "IRMAK@example.org"),
        ("strasse@example.org", "stra\u00dfe@example.org"),
        ("\u03bf\u03b4\u03cc\u03c2@example.org", "\u039f\u0394\u038c\u03a3@example.org"),
        ("\u03bf\u03b4\u03bf\u03c3@example.org", "\u03bf\u03b4\u03bf\u03c2@example.org"),
        ("\ufb01ne@example.org", "fine@example.org"),
        ("\u01c5ep@example.org", "\u01c6ep@example.org"),
    )
    keys = nobody_is_matched(*pairs)
    assert emails(product, town, keys) == [email for _, email in pairs]


@pytest.mark.scenario("H-16")
def test_apostrophes_and_plus_signs_are_kept_in_emails(town, product, nobody_is_matched, link, sign_up):
    own = sign_up("o'hara@example.org", "Ann", "O'Hara")
    same = town.student(50, "Ann", "O'Hara", email="o'hara@example.org")
    keys = nobody_is_matched(
        ("ann@example.org", "ann+maths@example.org"),
        ("bea+1@example.org", "bea@example.org"),
        ("o'dea@a.org", "odea@a.org"),
    )
    assert emails(product, town, keys) == ["ann+maths@example.org", "bea@example.org", "odea@a.org"]
    assert link(same) == (own, "email")
    assert flagged(town, ALIKE) == set()


@pytest.mark.scenario("H-17")
def test_only_ascii_blanks_are_trimmed_from_emails(town, product, nobody_is_matched, link, sign_up):
    """Space, tab, carriage return and line feed are no part of an address; anything else unseen makes it no address."""
    own = [sign_up(f"{name}@example.org", "Ann", "Lake") for name in ("tab", "lines")]
    trimmed = [
        town.student(50, "Ann", "Lake", email="\ttab@example.org "),
        town.student(51, "Ann", "Lake", email="\r\nlines@example.org\r\n"),
    ]
    unseen = ("\u00a0", "\u200b", "\ufeff", "\x07", "\x7f", "\u2028", "\u3000", "\u00ad", "\v", "\f", "\x85")
    pairs = [(f"u{n}@example.org", f"u{n}@example.org{sign}") for n, sign in enumerate(unseen)]
    keys = nobody_is_matched(*pairs, *(("\u200bv@example.org", "v@example.org"),))
    assert [link(key) for key in trimmed] == [(account, "email") for account in own]
    assert emails(product, town, keys) == [None] * len(unseen) + ["v@example.org"]


@pytest.mark.scenario("H-18")
def test_names_of_every_script_are_published_unchanged(town, quick_sync, product, shared):
    """Names come as changes here, and by no letter of them the next sync finds another one."""
    lines = (shared / "data/names/non-ascii-names.jsonl").read_text(encoding="utf-8").splitlines()
    locales = {one["locale"]: one["name"] for one in map(json.loads, filter(None, lines))}
    keys = [town.student(number) for number in range(len(locales))]
    classes = [town.section(number, students=keys[:1]) for number in range(len(locales))]
    quick_sync(town)
    before = contents(product)["identity_links"]
    for person, section, name in zip(keys, classes, locales.values(), strict=True):
        town.edit("users", person, name={"first": name, "last": name[::-1]})
        town.edit("sections", section, name=f"{name}, {name}")
    renamed = Limits(**{**vars(NO_LIMITS), "district_updates": 1.0})
    assert quick_sync(town, renamed).held == ()
    found = published(product, town.id)
    assert [found.people[key][1:3] for key in keys] == [(name, name[::-1]) for name in locales.values()]
    assert [found.rosters[key][1] for key in classes] == [f"{name}, {name}" for name in locales.values()]
    assert contents(product)["identity_links"] == before
    assert len(locales) > 50
