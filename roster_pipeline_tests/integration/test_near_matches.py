"""Near matches: accounts whose email is nearly that of a person in the feed."""

import json
from functools import partial

import duckdb
import pytest

from roster_pipeline import pipeline
from roster_pipeline.explain.preflight import read_findings
from roster_pipeline.land import open_warehouse
from roster_pipeline.model.queries import define_macros
from roster_pipeline.reconcile.diff import compute_diff
from roster_pipeline.settings import read_settings
from roster_pipeline_tests.support.accounts import ACCOUNT, LINK, MEMBER, reasons, set_user
from roster_pipeline_tests.support.people import users_of
from roster_pipeline_tests.support.readers import execute, query
from roster_pipeline_tests.support.stages import sync_request

NEAR = "ida.moss@example.org"
FOLDED = "select roster.near_email(:one), roster.near_email(:other)"


@pytest.fixture
def looked(environment, product):
    """What preflight finds in a district, without Dagster."""

    def found(district):
        request = sync_request(read_settings(), product, district.id, is_preview=True)
        with pipeline.open_sync(request) as sync:
            pipeline.ingest(sync, mode="full")
            pipeline.stage(sync)
            pipeline.load_current(sync)
            pipeline.reconcile(sync)
            with sync.warehouse() as con:
                compute_diff(con)
                return read_findings(con)

    return found


@pytest.fixture
def teacher(valley):
    return set_user(valley, users_of(valley, "teacher")[0], email=NEAR, first="Ida", last="Moss")


@pytest.fixture
def account(product):
    """Makes an account that somebody opened without Clever."""

    def made(email="Ida.Moss@example.org", role="teacher", member_of=None, *, admin=False):
        key = execute(product, ACCOUNT, email=email, first="Ida", last="Moss", role=role)
        if member_of:
            execute(product, MEMBER, account=key, role=role, admin=admin, district=member_of.id)
        return key

    return made


ONE_EMAIL = [
    ("ida@example.org", "IDA@Example.ORG"),
    ("ida.moss@example.org", "i.damo.ss@example.org"),
    ("ide\u0301e@example.org", "id\u00c9e@example.org"),
    ("ida@example.org", "\uff49\uff44\uff41\uff20example\uff0eorg"),
    ("ida@example.org", " ida\u00a0@\u200bexam\u00adple.org\t\ufeff"),
    ("ida@example.org", "ida@example.org\x7f\u2060\ufe0f\u3164"),
    ("o\ufb03ce@example.org", "OFFICE@example.org"),
    ("\u212aay@example.org", "kay@example.org"),
]


def test_emails_equal_but_for_case_dots_or_blanks_fold_to_one(product, subtests):
    for one, other in ONE_EMAIL:
        with subtests.test(ascii(other)):
            ((left, right),) = query(product, FOLDED, one=one, other=other)
            assert left == right
            assert "@" in left


TWO_EMAILS = [
    ("ida@example.org", "ida+math@example.org"),
    ("id\u00e9e@example.org", "idee@example.org"),
    ("ida@example.org", "id\u0430@example.org"),
    ("ida@ex.ample.org", "ida@exam.ple.org"),
    ("ida@example.org", "ida@example.or"),
    ("ida@@example.org", "ida@example.org"),
    ("stra\u00dfe@example.org", "strasse@example.org"),
]


def test_emails_that_differ_in_more_stay_two(product, subtests):
    for one, other in TWO_EMAILS:
        with subtests.test(ascii(other)):
            ((left, right),) = query(product, FOLDED, one=one, other=other)
            assert left != right


def test_text_that_is_no_email_is_near_nothing(product):
    for text in ("", " ", "\u200b", "none", "n.a.", "@", "ida@", "@example.org"):
        assert query(product, FOLDED, one=text, other=None) == [(None, None)], ascii(text)


def test_endless_email_of_an_account_is_kept(product, account):
    for email in ("." * 100_000 + "x@example.org", "\ufdfa" * 2_000 + "@example.org"):
        account(email)
    assert query(product, "select max(length(roster.near_email(email))) from roster.accounts") == [(320,)]


def test_near_account_is_reported_and_the_person_gets_a_new_one(valley, quick_sync, looked, product, teacher, account):
    own = account()
    found = looked(valley)
    assert [(row["clever_id"], row["account_id"], row["differs"]) for row in found.near_matches] == [
        (teacher["id"], own, ["case"])
    ]
    quick_sync(valley)
    ((linked, rule, evidence),) = query(product, LINK, key=teacher["id"])
    assert (linked != own, rule, evidence["near_account_id"]) == (True, "created", own)
    assert "moss" not in json.dumps(evidence).casefold()
    assert reasons(product, teacher["id"]) == set()
    assert quick_sync(valley).total == 0


def _archived(product, account, _valley, _hamlet):
    execute(product, "update roster.accounts set archived_at = now() where id = :id", id=account())


def _of_another_organization(_product, account, _valley, hamlet):
    account(member_of=hamlet)


def _of_both_organizations(product, account, valley, hamlet):
    execute(product, MEMBER, account=account(member_of=hamlet), role="teacher", admin=False, district=valley.id)


def _an_admin_of_another_organization(_product, account, _valley, hamlet):
    account(role="admin", member_of=hamlet, admin=True)


def _linked_by_another_organization(product, account, _valley, hamlet):
    link = (
        "insert into roster.identity_links (clever_id, account_id, organization_id, rule) "
        "select :clever_id, :account, id, 'email' from roster.organizations where clever_district_id = :district"
    )
    execute(product, link, as_sync=True, clever_id="a" * 24, account=account(), district=hamlet.id)


def _an_admin_of_none(_product, account, _valley, _hamlet):
    account(role="admin")


UNLINKABLE = {
    _archived: "account_closed",
    _of_another_organization: "other_organization",
    _of_both_organizations: "other_organization",
    _linked_by_another_organization: "other_organization",
    _an_admin_of_another_organization: "admin_account",
    _an_admin_of_none: "admin_account",
}
"""Accounts that cannot be linked, and the reason of the review that their exact email opens."""


def people_beside(accounts, make, product, valley, hamlet, email):
    """Make each account, and give a teacher the email that `email` returns for the same number. Return both ids."""
    made = {}
    for number, whose in enumerate(accounts):
        key = users_of(valley, "teacher")[number]
        set_user(valley, key, email=email(number), first="Ida", last="Moss")
        made[key] = whose(product, partial(make, f"Ida.Moss{number}@example.org"), valley, hamlet)
    return made


def test_account_that_cannot_be_linked_is_not_reported(valley, hamlet, looked, product, account):
    people_beside(UNLINKABLE, account, product, valley, hamlet, "ida.moss{}@example.org".format)
    assert looked(valley).near_matches == []
    assert _read_near(valley) == []


def test_exact_email_of_such_an_account_reports_only_the_reason(valley, hamlet, looked, product, account):
    made = people_beside(UNLINKABLE, account, product, valley, hamlet, "Ida.Moss{}@example.org".format)
    people = {person["clever_id"]: person for person in looked(valley).people}
    reasons_of = {key: person["findings"] for key, person in people.items()}
    assert reasons_of == {key: [reason] for key, reason in zip(made, UNLINKABLE.values(), strict=True)}
    for person in people.values():
        assert {value for name, value in person.items() if name.startswith("account_")} == {None}


def test_near_account_of_another_district_is_not_reported(valley, hamlet, quick_sync, looked, teacher):
    set_user(hamlet, users_of(hamlet, "teacher")[0], email="Ida.Moss@example.org", first="Ida", last="Moss")
    quick_sync(hamlet)
    assert looked(valley).near_matches == []
    assert _read_near(valley) == []


def _read_near(district):
    with open_warehouse(read_settings().districts_folder, district.id, is_preview=True) as con:
        return con.execute("from current.near_accounts").fetchall()


def _a_member(_product, account, valley, _hamlet):
    return account(member_of=valley)


def _an_admin_here(_product, account, valley, _hamlet):
    return account(role="admin", member_of=valley, admin=True)


def _once_of_another_organization(product, account, _valley, hamlet):
    key = account(member_of=hamlet)
    execute(product, "update roster.org_memberships set ended_at = now() where account_id = :id", id=key)
    return key


def test_account_that_an_exact_email_would_link_is_near(valley, hamlet, looked, product, account):
    near = (_a_member, _an_admin_here, _once_of_another_organization)
    made = people_beside(near, account, product, valley, hamlet, "ida.moss{}@example.org".format)
    assert {row["clever_id"]: row["account_id"] for row in looked(valley).near_matches} == made


def test_exact_match_hides_other_near_accounts(valley, quick_sync, looked, product, teacher, account):
    own, _near = account(NEAR), account()
    assert looked(valley).people == []
    quick_sync(valley)
    assert [linked for linked, *_ in query(product, LINK, key=teacher["id"])] == [own]
    assert looked(valley).people == []


def test_email_corrected_before_the_first_sync_links(valley, quick_sync, looked, product, teacher, account):
    own = account()
    assert "change the email in Clever to exactly that of the account" in looked(valley).people[0]["what_to_do"]
    valley.put("users", teacher | {"email": "Ida.Moss@example.org"})
    found = looked(valley)
    assert (found.near_matches, found.counts["linked_by_email"]) == ([], 1)
    quick_sync(valley)
    assert [linked for linked, *_ in query(product, LINK, key=teacher["id"])] == [own]
    assert looked(valley).people == []


def test_email_corrected_after_the_first_sync_opens_a_review(valley, quick_sync, looked, product, teacher, account):
    own = account()
    quick_sync(valley)
    assert "opens a review" in looked(valley).people[0]["what_to_do"]
    valley.put("users", teacher | {"email": "Ida.Moss@example.org"})
    quick_sync(valley)
    assert reasons(product, teacher["id"]) == {"email_shared"}
    (person,) = looked(valley).people
    assert (person["findings"], person["account_id"]) == (["email_shared"], own)


def test_blank_in_an_account_is_not_sent_to_clever(valley, looked, teacher, account):
    account(f"{NEAR} ")
    (person,) = looked(valley).people
    assert (person["differs"], "corrected" in person["what_to_do"]) == (["whitespace"], True)
    assert "make the email in Clever" not in person["what_to_do"]


def test_near_match_check_warns_by_clever_id(valley, sync, checks, teacher, account):
    account()
    assert sync(valley).exit_code == 0
    ((passed, said),) = checks("near_matches").values()
    assert (passed, said) == (False, {"rows": 1, "clever_ids": [teacher["id"]]})


SAME_KEY = """
    with characters as (
        select generate_series(1, 55295) as n
        union all select generate_series(57344, 120000)
        union all select generate_series(917504, 921599)
    )
    select n from characters
    where normalize(chr(n), nfkc) not like '%.%'
        and roster.near_email('a' || chr(n) || 'b@example.org') = roster.near_email('ab@example.org')
"""


def test_district_file_leaves_out_what_the_product_leaves_out(product):
    left_out = [n for (n,) in query(product, SAME_KEY)]
    assert ord("\u200b") in left_out
    with duckdb.connect() as con:
        define_macros(con)
        seen = "select n from unnest($left_out) as t (n) where remove_invisible(chr(n::integer)) <> ''"
        assert con.execute(seen, {"left_out": left_out}).fetchall() == []
