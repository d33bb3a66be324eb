"""Who is who, over random accounts that others made and random histories: the rule book's section, rule by rule.

Two tiny districts and everybody who signed up share a few names and addresses, so that they are for ever in each
other's way. Between syncs the product lives on: people sign up, join, close accounts, become admins.
"""

import json
from dataclasses import replace
from datetime import UTC, datetime

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from roster_pipeline.errors import CorrectionRefused
from roster_pipeline.extract import paging
from roster_pipeline.product.database import transaction
from roster_pipeline.product.organizations import connect_district
from roster_pipeline.publish.resolve import DECISIONS, resolve_review
from roster_pipeline.publish.undo import undo_sync
from roster_pipeline.sandbox.collection import Collection
from roster_pipeline_tests.integration.readers import (
    difference,
    execute,
    known,
    live_rows,
    published,
    query,
    row_versions,
    tables,
)
from roster_pipeline_tests.integration.rule_book import expect, feed_of
from roster_pipeline_tests.integration.rule_book_identity import who_is_who
from roster_pipeline_tests.integration.test_properties import NO_LIMITS, Shuffled, apply, clever_id, examples, tiny

NO_LIMITS = replace(NO_LIMITS, district_updates=1.0)
FIRST = ("Ada", "ada", "Zoë", "Zoe", "Bo")
LAST = ("Brook", "BROOK", "Stone")
ADDRESSES = tuple(f"{letter}@example.org" for letter in "aAbcde")
SIGN_UP = (
    "insert into roster.accounts (email, first_name, last_name, role, archived_at) values "
    "(:email, :first, :last, :role, case when :is_closed then now() end) on conflict (email) do nothing returning id"
)
JOIN = (
    "insert into roster.org_memberships (organization_id, account_id, role, is_admin, ended_at) "
    "select o.id, a.id, a.role, :is_admin, case when :has_left then now() end from roster.organizations as o "
    "cross join roster.accounts as a where o.clever_district_id = :place and a.id = :account on conflict do nothing"
)
ACTS = {
    "close": ("update roster.accounts set archived_at = now() where id = :account",),
    "move": (
        "update roster.accounts set email = :email where id = :account and not imported_from_clever "
        "and not exists (select from roster.accounts where email = :email)",
    ),
    "promote": (
        "update roster.accounts set role = 'admin' where id = :account",
        "update roster.org_memberships set role = 'admin', is_admin = true "
        "where account_id = :account and ended_at is null",
    ),
    "join": (JOIN,),
    "teach": (
        "insert into roster.rosters (organization_id, name) select o.id, 'My own' from roster.organizations as o "
        "where o.clever_district_id = :place and not exists (select from roster.rosters where source = 'native')",
        "insert into roster.roster_students (roster_id, account_id) select id, :account from roster.rosters "
        "where source = 'native' on conflict do nothing",
    ),
}
LINKS = (
    "select link.clever_id, link.account_id from roster.identity_links as link join roster.organizations as o "
    "on o.id = link.organization_id where o.clever_district_id = :district and link.unlinked_at is null"
)

number = st.integers(1, 5)
nth = st.integers(0, 9)
anyone = st.lists(st.integers(0, 5), unique=True, max_size=4)
addresses = st.sampled_from(ADDRESSES)
firsts = st.sampled_from([*FIRST, *FIRST, None])
lasts = st.sampled_from([*LAST, *LAST, None])
roles = ["student"] * 6 + ["teacher"] * 3
sign_ups = st.tuples(
    st.just("sign_up"),
    st.sampled_from([*ADDRESSES, *ADDRESSES, None, "no address"]),
    st.sampled_from([*FIRST, *FIRST, None, ""]),
    st.sampled_from([*LAST, *LAST, None, ""]),
    st.sampled_from([*roles, "admin"]),
    st.sampled_from([None] * 5 + [(0, "member"), (0, "admin"), (1, "member"), (2, "admin"), (2, "left")]),
    st.sampled_from([False] * 7 + [True]),
)
acts = st.one_of(
    sign_ups,
    st.tuples(st.just("close"), nth),
    st.tuples(st.just("promote"), nth),
    st.tuples(st.just("join"), nth, st.integers(0, 1), st.booleans()),
    st.tuples(st.just("teach"), nth),
    st.tuples(st.just("move"), nth, addresses),
)
people = st.tuples(
    st.just("person"),
    number,
    st.sampled_from([*roles, "staff"]),
    firsts,
    lasts,
    st.sampled_from([*ADDRESSES, *ADDRESSES, *ADDRESSES, " b@example.org\t", None, "no address"]),
)
edits = st.one_of(
    st.tuples(st.just("swap"), number, number),
    st.tuples(st.just("section"), st.integers(1, 2), st.just(0), st.just(0), anyone, anyone),
    st.tuples(st.just("gone"), number, st.just("u")),
)
happens = (
    st.lists(acts, max_size=3),
    st.lists(people, min_size=2, max_size=5),
    st.lists(edits, max_size=2),
)
days = st.tuples(st.sampled_from([0, 0, 0, 1]), *happens)
days_here = st.tuples(st.just(0), *happens)
signed_up = st.lists(sign_ups, min_size=3, max_size=6)
histories = st.lists(days, min_size=2, max_size=4)


@pytest.fixture
def towns(product, clever, environment):
    """Begins anew: a product without people, and three tiny districts, the last of which is never synced."""

    def begun():
        execute(product, f"truncate {', '.join(f'roster.{name}' for name in tables(product))} restart identity")
        districts = [tiny(1), tiny(2), tiny(3)]
        clever.served[:] = districts
        with transaction(product) as pg:
            for district in districts:
                connect_district(pg, district.id, name="Tiny", tier="secure_sync")
        return districts

    return begun


def edit(district, number, change):
    """One edit in Clever, of district `number`."""
    kind, index, *rest = change
    users = district.resources["users"]
    key = clever_id(2, index, number)
    if kind == "person":
        role, first, last, email = rest
        part = {"school": clever_id(1, 0, number), "schools": [clever_id(1, 0, number)], "sis_id": str(index % 2)}
        name = {"first": first, "last": last}
        user = {"id": key, "district": district.id, "email": email, "name": name, "roles": {role: part}}
        district.put("users", user)
    elif kind == "swap":
        other = clever_id(2, rest[0], number)
        if key in users and other in users:
            one, two = users[key], users[other]
            district.put("users", one | {"email": two.get("email")})
            district.put("users", two | {"email": one.get("email")})
    else:
        apply(district, change, number)


def act(product, districts, what):
    """One act in the product, by another hand than the sync's; `n` is the nth account there is."""
    kind, *rest = what
    if kind == "sign_up":
        email, first, last, role, joined, is_closed = rest
        values = {"email": email, "first": first, "last": last, "role": role, "is_closed": is_closed}
        account = execute(product, SIGN_UP, **values)
        if account and joined:
            place, state = joined
            values = {"is_admin": state == "admin", "has_left": state == "left", "place": districts[place].id}
            execute(product, JOIN, account=account, **values)
        return
    accounts = [key for (key,) in query(product, "select id from roster.accounts order by id")]
    if not accounts:
        return
    values = {"account": accounts[rest[0] % len(accounts)]}
    if kind == "join":
        values |= {"place": districts[rest[1]].id, "is_admin": rest[2], "has_left": False}
    elif kind == "move":
        values["email"] = rest[1]
    elif kind == "teach":
        values["place"] = districts[0].id
    for statement in ACTS[kind]:
        execute(product, statement, **values)


def written(before, after):
    """Rows that are not as they were, by table: as they are now, or were."""
    return {name: [json.loads(text) for _, text in {*before[name]} ^ {*after[name]}] for name in before}


def assert_only_its_own_is_written(product, district, rows, people):
    """Accounts of the feed, and rows of this organization that are not native (rules 7 and 8)."""
    ((here,),) = query(product, "select id from roster.organizations where clever_district_id = :id", id=district.id)
    schools, rosters = (
        {key for (key,) in query(product, f"select id from roster.{name} where organization_id = :here", here=here)}
        for name in ("schools", "rosters")
    )
    assert {row["id"] for row in rows.pop("accounts")} <= people
    for name, found in rows.items():
        for row in found:
            assert row.get("source") != "native", name
            assert row.get("organization_id", here) == here, name
            assert row.get("school_id") is None or row["school_id"] in schools, name
            assert row.get("roster_id") is None or row["roster_id"] in rosters, name


def sync_and_compare(product, quick_sync, district):
    """One sync, and whatever must hold after it."""
    before, accounts, rows = published(product, district.id), known(product, district.id), row_versions(product)
    links = dict(query(product, LINKS, district=district.id))
    quick_sync(district, NO_LIMITS)
    found = published(product, district.id)
    assert difference(expect(district, before, accounts, found.reviews), found) == {}
    wanted = {key: person.account for key, person in who_is_who(feed_of(district), accounts).items()}
    now = dict(query(product, LINKS, district=district.id))
    made = {key: account if account in accounts.accounts else None for key, account in now.items()}
    assert made == links | wanted
    assert_only_its_own_is_written(
        product, district, written(rows, row_versions(product)), {now[key] for key in wanted}
    )
    return found


def assert_writes_nothing(product, quick_sync, district):
    rows = row_versions(product)
    assert quick_sync(district, NO_LIMITS).total == 0
    assert row_versions(product) == rows


def live(product, districts, day):
    """What happens on one day, in the product and in Clever; the district that is synced at its end."""
    number, acted, met, edited = day
    for what in acted:
        act(product, districts, what)
    for change in (*met, *edited):
        edit(districts[number], number + 1, change)
    return districts[number]


@settings(examples, max_examples=20)
@given(signed_up, histories)
def test_given_accounts_of_others_when_synced_then_they_and_the_reviews_are_as_the_rule_book_says(
    quick_sync, product, towns, first, history
):
    districts = towns()
    for what in first:
        act(product, districts, what)
    for day in history:
        district = live(product, districts, day)
        sync_and_compare(product, quick_sync, district)
    assert_writes_nothing(product, quick_sync, district)


@settings(examples, max_examples=6)
@given(signed_up, st.lists(days_here, min_size=2, max_size=2))
def test_given_accounts_of_others_when_records_and_pages_come_in_another_order_then_everybody_is_the_same(
    quick_sync, product, towns, monkeypatch, first, history
):
    ends = []
    for limit, kind in ((2, Collection), (10_000, Shuffled)):
        districts = towns()
        district = districts[0]
        for name in ("schools", "users", "sections", "terms", "courses"):
            district.resources[name] = kind(district.resources[name].values())
        for what in first:
            act(product, districts, what)
        others = known(product, district.id).accounts
        for day in history:
            live(product, districts, day)
            with monkeypatch.context() as patched:
                patched.setattr(paging, "LIMIT", limit)
                quick_sync(district, NO_LIMITS)
        links = query(product, LINKS, district=district.id)
        ends.append((published(product, district.id), {key: account for key, account in links if account in others}))
    assert difference(ends[0][0], ends[1][0]) == {}
    assert ends[0][1] == ends[1][1]


def decide(product, review, decision):
    with transaction(product) as pg:
        return resolve_review(pg, review, decision, decided_by="the admin", at=datetime.now(UTC))


def undo(product, sync_id):
    with transaction(product) as pg:
        return undo_sync(pg, sync_id, datetime.now(UTC))


def open_reviews(product, district):
    """(id, person, reason, account that it is about) of each."""
    read = (
        "select r.id, r.clever_id, r.reason, r.account_id from roster.reviews as r join roster.organizations as o "
        "on o.id = r.organization_id where o.clever_district_id = :district and r.state = 'open' order by r.id"
    )
    return query(product, read, district=district.id)


def decided(product, district, review, decision):
    """Decides, takes it back and decides again; None where that is refused and so changes nothing."""
    number, key, _, about = review
    before, rows = live_rows(product), row_versions(product)
    own = dict(query(product, LINKS, district=district.id)).get(key)
    try:
        first = decide(product, number, decision)
    except CorrectionRefused:
        assert row_versions(product) == rows
        return None
    concerned = {own, about, first.account_id}
    assert_only_its_own_is_written(product, district, written(rows, row_versions(product)), concerned)
    assert undo(product, first.sync_id).skipped == []
    assert live_rows(product) == before
    return decide(product, number, decision)


@settings(examples, max_examples=8)
@given(signed_up, st.lists(days_here, min_size=2, max_size=2), st.lists(st.tuples(nth, nth), min_size=2, max_size=3))
def test_given_reviews_when_somebody_decides_then_it_can_be_undone_and_later_syncs_keep_to_it(
    quick_sync, product, towns, first, history, picks
):
    districts = towns()
    for what in first:
        act(product, districts, what)
    for day in history:
        district = live(product, districts, day)
        quick_sync(district, NO_LIMITS)
    for pick, choice in picks:
        if not (asked := open_reviews(product, district)):
            return
        review = asked[pick % len(asked)]
        allowed = DECISIONS[review[2]]
        done = decided(product, district, review, allowed[choice % len(allowed)])
        if done is None:
            continue
        sync_and_compare(product, quick_sync, district)
        assert_writes_nothing(product, quick_sync, district)
        assert dict(query(product, LINKS, district=district.id))[done.clever_id] == done.account_id
        assert review[1:] not in [one[1:] for one in open_reviews(product, district)]
