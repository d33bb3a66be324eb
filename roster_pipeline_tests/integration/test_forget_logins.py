"""A person whom only a login knows is found by the Clever id, and leaves no row."""

import pytest

from roster_pipeline.errors import ForgetRefused
from roster_pipeline.privacy.find import find_held_person, find_person
from roster_pipeline.privacy.rows import erase_rows
from roster_pipeline.product.database import transaction
from roster_pipeline_tests.support.accounts import MEMBER
from roster_pipeline_tests.support.erasures import find_marked_columns
from roster_pipeline_tests.support.readers import execute, query

GONE = "c" * 24
PINNED = "insert into roster.web_identities (provider, subject, account_id) values ('clever', :key, :account)"
WAITING = (
    "insert into roster.web_sessions (token_hash, clever_id, login_kind, csrf, created_at, seen_at, fresh_at, "
    "expires_at) values ('hash', :key, 'clever', 'c', now(), now(), now(), now())"
)
CORRECTION = (
    "insert into roster.corrections (organization_id, kind, args, requested_by, state) "
    "select id, 'different', jsonb_build_object('person', cast(:key as text)), 'operator', 'done' "
    "from roster.organizations where clever_district_id = :district"
)
REVIEW = (
    "insert into roster.reviews (organization_id, clever_id, reason) "
    "select id, :key, 'name_differs' from roster.organizations where clever_district_id = :district"
)

ABOUT_OTHER = (
    "insert into roster.web_audit (organization_id, act, target_kind, target_id, after) "
    "select id, 'test', 'account', cast(:account as text), "
    "jsonb_build_object('was', jsonb_build_array(upper(cast(:key as text)), 'kept')) "
    "from roster.organizations where clever_district_id = :district"
)


def forget(product):
    with transaction(product) as pg:
        return erase_rows(pg, find_person(pg, GONE))


def test_login_of_an_admin_is_refused_until_the_membership_ends(product, account, valley):
    number = account("admin@x.example", role="admin")
    execute(product, MEMBER, account=number, role="admin", admin=True, district=valley.id)
    execute(product, PINNED, key=GONE, account=number)
    with pytest.raises(ForgetRefused, match="is a member of an organization"):
        forget(product)
    execute(product, "update roster.org_memberships set ended_at = now()")
    forget(product)
    assert find_marked_columns(product, [GONE]) == set()


def test_person_who_waits_for_an_account_is_found(product, valley):
    execute(product, WAITING, key=GONE)
    execute(product, CORRECTION, key=GONE, district=valley.id)
    with transaction(product) as pg:
        assert find_held_person(pg, GONE).clever_ids == (GONE,)
    assert forget(product) == {"web_sessions": 1, "corrections": 1}
    assert find_marked_columns(product, [GONE]) == set()


def test_person_whom_only_an_open_review_knows_is_refused(product, valley):
    execute(product, REVIEW, key=GONE, district=valley.id)
    with pytest.raises(ForgetRefused, match="Clever still shares"):
        forget(product)


def test_rows_about_others_stay_without_the_forgotten_person(product, account, valley):
    other = account("other@x.example")
    execute(product, WAITING, key=GONE)
    execute(product, ABOUT_OTHER, key=GONE, account=other, district=valley.id)
    execute(product, REVIEW, key="d" * 24, district=valley.id)
    execute(product, "update roster.reviews set evidence = jsonb_build_object('near', cast(:key as text))", key=GONE)
    assert forget(product) == {"web_sessions": 1, "web_audit": 1, "reviews": 1}
    assert find_marked_columns(product, [GONE]) == set()
    shown = "select after from roster.web_audit union all select evidence from roster.reviews"
    assert query(product, shown) == [({"was": ["erased", "kept"]},), ({"near": "erased"},)]
