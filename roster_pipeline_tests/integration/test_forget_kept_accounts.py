"""An account that stays after its person was forgotten keeps what is its own and nothing that only the roster held."""

import pytest

from roster_pipeline.privacy.find import find_person
from roster_pipeline.privacy.rows import erase_rows
from roster_pipeline.product.database import transaction
from roster_pipeline_tests.support.accounts import MEMBER, set_user
from roster_pipeline_tests.support.erasures import find_marked_columns
from roster_pipeline_tests.support.people import leave, users_of
from roster_pipeline_tests.support.readers import execute, query

MARKS, EMAIL = ("xanthippe", "quillfeather"), "own@example.org"
GOOGLE = "insert into roster.web_identities (provider, subject, account_id) values ('google', '1', :account)"
NAMES = "select first_name, last_name, email, clever_email, grade from roster.accounts where id = :account"
LEFT_BEHIND = """
    select (select count(*) from roster.org_memberships where account_id = :account),
        (select count(*) from roster.school_memberships where account_id = :account),
        (select count(*) from roster.roster_students where account_id = :account),
        (select count(*) from roster.changes
            where key ->> 'account_id' = cast(:account as text)
            or (entity = 'accounts' and key ->> 'id' = cast(:account as text)))
"""


@pytest.fixture
def key(valley):
    """The Clever id of a student with marked names."""
    key = users_of(valley, "student")[0]
    set_user(valley, key, first=MARKS[0], last=MARKS[1], email=EMAIL)
    return key


def forget(product, key):
    with transaction(product) as pg:
        return erase_rows(pg, find_person(pg, key))


def test_account_of_its_own_gets_its_values_back(valley, product, quick_sync, account, key):
    own = account(EMAIL, None, None, role="student")
    execute(product, GOOGLE, account=own)
    quick_sync(valley)
    assert query(product, NAMES, account=own)[0][:2] == MARKS
    leave(valley, key)
    quick_sync(valley)
    assert forget(product, key)["accounts"] == 1
    assert query(product, NAMES, account=own) == [(None, None, EMAIL, None, None)]
    assert query(product, LEFT_BEHIND, account=own) == [(0, 0, 0, 0)]
    assert find_marked_columns(product, [*MARKS, key]) == set()


def test_member_of_another_organization_keeps_that_membership(valley, hamlet, product, known_sync, key):
    known_sync(valley)
    ((number,),) = query(product, "select account_id from roster.identity_links where clever_id = :key", key=key)
    leave(valley, key)
    known_sync(valley)
    execute(product, MEMBER, account=number, role="student", admin=False, district=hamlet.id)
    forget(product, key)
    assert query(product, LEFT_BEHIND, account=number) == [(1, 0, 0, 0)]
    assert {column.partition(".")[0] for column in find_marked_columns(product, MARKS)} == {"accounts", "directory"}
