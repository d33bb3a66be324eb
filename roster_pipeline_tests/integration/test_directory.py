"""The directory holds the people of each organization, and `find_people` finds them as far as the page may see them."""

import re

import pytest
import sqlalchemy as sa

from roster_pipeline.product.migrations.sql_files import run_sql_file
from roster_pipeline.product.organizations import connect_district
from roster_pipeline.product.tables import rosters
from roster_pipeline.web.class_list import sort_name
from roster_pipeline.web.visibility import Visibility, page_transaction
from roster_pipeline_tests.support.readers import execute, query

ROWS = "select organization_id, role, sort_name from roster.directory where account_id = :id order by 1"
PERSON = "insert into roster.accounts (first_name, last_name, email, role) values (:first, :last, :email, :role)"
MEMBER = "insert into roster.org_memberships (organization_id, account_id, role) values (:own, :id, :role)"
FIND = "select account_id from roster.find_people(:role, :text, :after, :size)"


@pytest.fixture
def organizations(product):
    """Return the ids of two organizations."""
    keys = ("a" * 24, "b" * 24)
    with product.begin() as pg:
        for key in keys:
            connect_district(pg, key, name=key, tier="secure_sync")
    rows = dict(query(product, "select clever_district_id, id from roster.organizations"))
    return [rows[key] for key in keys]


@pytest.fixture
def add(product, organizations):
    """Return a function that adds a person to an organization, the first by default."""

    def add(first, last, email=None, role="student", own=organizations[0]):
        account = execute(product, f"{PERSON} returning id", first=first, last=last, email=email, role=role)
        execute(product, MEMBER, own=own, id=account, role=role)
        return account

    return add


def find(product, organization, text, *, role="student", after=None, size=50, **sees):
    sees = {"sees": "organization"} | sees
    with page_transaction(product, Visibility(organization, **sees)) as pg:
        values = {"role": role, "text": text, "after": after, "size": size}
        return list(pg.execute(sa.text(FIND), values).scalars())


def test_fold_text_removes_accents_and_capitals(product):
    texts = {"ÉLODIE": "elodie", "Łódź": "lodz", "Иванов": "иванов", "\uff37ide": "wide", "": "", "a\u0301b": "ab"}
    folded = {text: query(product, "select roster.fold_text(:text)", text=text)[0][0] for text in texts}
    assert folded == texts


def test_directory_follows_memberships_and_names(product, organizations, add):
    own, other = organizations
    ava = add("Ava", "García")
    assert query(product, ROWS, id=ava) == [(own, "student", "garcia ava")]

    execute(product, "update roster.accounts set last_name = 'Núñez' where id = :id", id=ava)
    execute(product, MEMBER, own=other, id=ava, role="student")
    assert query(product, ROWS, id=ava) == [(own, "student", "nunez ava"), (other, "student", "nunez ava")]

    execute(product, "update roster.org_memberships set ended_at = now() where organization_id = :own", own=own)
    assert query(product, ROWS, id=ava) == [(other, "student", "nunez ava")]
    execute(product, "delete from roster.org_memberships where organization_id = :own", own=other)
    assert query(product, ROWS, id=ava) == []


def test_an_admin_who_teaches_is_listed_as_a_teacher(product, organizations, add):
    lee = add("Jordan", "Lee", role="admin")
    roster = execute(
        product,
        "insert into roster.rosters (organization_id, name) values (:own, 'x') returning id",
        own=organizations[0],
    )
    execute(product, "insert into roster.roster_teachers (roster_id, account_id) values (:r, :id)", r=roster, id=lee)
    assert query(product, ROWS, id=lee) == [(organizations[0], "teacher", "lee jordan")]
    execute(product, "update roster.roster_teachers set ended_at = now()")
    assert query(product, ROWS, id=lee) == [(organizations[0], "admin", "lee jordan")]


def test_a_name_of_any_length_fits_into_the_directory(product, add):
    long = add("\ufdfa" * 5000, "word " * 5000, email="x" * 10000)
    assert len(query(product, ROWS, id=long)[0][2]) <= 121


@pytest.mark.parametrize("text", ["garc ava", "AVA GARCÍA", "ava", "gar", "ava.g", "garcia@example", "lopez"])
def test_search_finds_beginnings_of_words_in_any_order(product, organizations, add, text):
    ava = add("Ava", "García-López", email="ava.garcia@example.org")
    add("Eva", "Martin", email="eva@school.org")
    assert find(product, organizations[0], text) == [ava]


@pytest.mark.parametrize(
    "text", ["", "  ", "zzq", "arcia", "ava martin", "!&|:*'\\", "martin' | 'zzq", "1_ava", "ava:*|eva"]
)
def test_search_finds_nobody_by_other_texts(product, organizations, add, text):
    add("Ava", "García")
    add("Eva", "Martin")
    assert find(product, organizations[0], text) == []


def test_last_names_come_first_and_pages_go_on_by_key(product, organizations, add):
    first = add("Kim", "Novak")
    last = [add("Ann", name) for name in ("Kimball", "Kim", "Kim")]
    ordered = [last[1], last[2], last[0], first]
    assert find(product, organizations[0], "kim") == ordered
    for size in (1, 2, 3):
        pages, after = [], None
        while page := find(product, organizations[0], "kim", after=after, size=size):
            pages += page
            after = page[-1]
        assert pages == ordered


def test_pages_of_a_search_of_two_words_have_each_person_once(product, organizations, add):
    named = [add("Kim", "Marsh"), add("Kim", "Martin"), add("Mary", "Kimball"), add("Mark", "Kimber-Lee")]
    others = [add("Zoe", "Ann", email="kim.mara@example.org"), add("Zoe", "Ma'ran", email="kim@example.org")]
    ordered = [named[2], named[3], *named[:2], *others]
    for text in ("kim mar", "MAR kim", "ki mar kim", "k m"):
        pages, after = [], None
        while page := find(product, organizations[0], text, after=after, size=1):
            pages += page
            after = page[-1]
        assert pages == find(product, organizations[0], text) == ordered


def test_search_finds_nobody_of_another_organization(product, organizations, add):
    own, other = organizations
    ava = add("Ava", "García", own=other)

    assert find(product, own, "ava garcia") == find(product, own, "garcia") == []
    assert find(product, other, "ava garcia") == find(product, other, "garcia") == [ava]
    assert find(product, None, "ava garcia") == find(product, None, "garcia") == []


def test_search_finds_only_whom_the_role_sees(product, organizations, add):
    own = organizations[0]
    here, there = add("Ava", "García"), add("Ava", "Garza")
    schools = [
        execute(
            product,
            "insert into roster.schools (organization_id, clever_id, name) values (:own, :key, :key) returning id",
            own=own,
            key=key,
        )
        for key in ("s1", "s2")
    ]
    for account, school in zip((here, there), schools, strict=True):
        member = "insert into roster.school_memberships (school_id, account_id, role) values (:school, :id, 'student')"
        execute(product, member, school=school, id=account)

    for text in ("ava gar", "gar", None):
        assert find(product, own, text) == [here, there]
        assert find(product, own, text, sees="schools", schools=(schools[0],)) == [here]
        assert find(product, own, text, sees="schools") == []
        assert find(product, own, text, sees="self", account_id=there) == [there]
        assert find(product, own, text, sees="") == []


def test_a_later_page_of_classes_begins_in_the_index(product, organizations):
    name = sort_name(rosters)
    query = sa.select(rosters.c.id).where(rosters.c.organization_id == organizations[0], name >= "Math").order_by(name)
    text = query.compile(product, compile_kwargs={"literal_binds": True})
    with page_transaction(product, Visibility(organizations[0], "organization")) as pg:
        pg.execute(sa.text("set local enable_seqscan = off"))
        plan = "\n".join(pg.exec_driver_sql(f"explain {text}").scalars())
    assert re.search(r"rosters_by_name.*\n *Index Cond: .*'Math'", plan), plan


def test_an_upgrade_fills_an_empty_directory(product, add):
    ava = add("Ava", "García")
    execute(product, "delete from roster.directory")
    with product.begin() as pg:
        run_sql_file("directory.sql", pg)
    assert query(product, ROWS, id=ava)[0][1:] == ("student", "garcia ava")
