"""An account or a class with another use is not erased with a person, a district or a retention period."""

from datetime import UTC, datetime, timedelta

import pytest

from roster_pipeline.errors import ForgetRefused
from roster_pipeline.privacy.find import find_district, find_expired, find_person
from roster_pipeline.product.connections import disconnect_district
from roster_pipeline.product.database import transaction
from roster_pipeline_tests.support.readers import execute as execute_statement

GONE, OTHER = "a" * 24, "b" * 24
LINK = (
    "insert into roster.identity_links (clever_id, account_id, organization_id, rule, unlinked_at) "
    "select :key, :account, id, :rule, case when not :live then now() end from roster.organizations "
    "where clever_district_id = :district"
)
LEFT = (
    "insert into roster.org_memberships (organization_id, account_id, role, source, ended_at) "
    "select id, :account, 'teacher', 'clever', now() from roster.organizations where clever_district_id = :district"
)
GOOGLE = (
    "insert into roster.web_identities (provider, subject, account_id, linked_at) "
    "values ('google', :subject, :account, '2020-01-01')"
)
IMPORTED = "update roster.accounts set imported_from_clever = true where id = :account"
CLASS = (
    "insert into roster.rosters (organization_id, source, name) "
    "select id, 'native', 'Chess' from roster.organizations where clever_district_id = :district returning id"
)
SEEN = (
    "insert into roster.web_sessions (token_hash, account_id, login_kind, csrf, created_at, seen_at, fresh_at, "
    "expires_at) values ('hash', :account, 'google', 'c', now(), now(), now(), now())"
)
REVIEW = (
    "insert into roster.reviews (organization_id, clever_id, reason, account_id) "
    "select id, :key, 'name_differs', :account from roster.organizations where clever_district_id = :district"
)


def execute(product, statement, **values):
    return execute_statement(product, statement, as_sync=True, **values)


@pytest.fixture
def link(product, valley):
    """Link a person to an account in a district, or record a link that has ended."""

    def make(account, key=GONE, rule="created", district=valley, *, live=True):
        execute(product, LINK, key=key, account=account, rule=rule, live=live, district=district.id)

    return make


@pytest.fixture
def leaver(product, valley, account, link):
    """Return the account of a teacher who left the district, and who was made by it unless a rule says otherwise."""

    def make(email, rule="created"):
        number = account(email)
        link(number, rule=rule)
        execute(product, LEFT, account=number, district=valley.id)
        execute(product, IMPORTED, account=number)
        return number

    return make


@pytest.fixture
def give_class(product, valley, account):
    """Let a teacher make a class with one student. Return the class."""

    def make(teacher):
        chess = execute(product, CLASS, district=valley.id)
        student = account(None, role="student")
        execute(product, "insert into roster.roster_teachers values (:r, :a)", r=chess, a=teacher)
        execute(product, "insert into roster.roster_students values (:r, :a)", r=chess, a=student)
        return chess

    return make


def find(product, person=GONE):
    with transaction(product) as pg:
        return find_person(pg, person)


def find_late(product):
    with transaction(product) as pg:
        return find_expired(pg, datetime.now(UTC) + timedelta(days=1), 500)


def test_account_of_a_reversed_link_stays(product, account, link):
    stranger, own = account("q@x.example"), account("p@x.example")
    link(stranger, rule="email", live=False)
    link(own, rule="different")
    subject = find(product)
    assert (subject.accounts, subject.kept_accounts) == ((own,), (stranger,))
    assert subject.emails == ("p@x.example",)


def test_account_that_was_made_for_the_person_goes(product, account, link):
    old, new = account("old@x.example"), account("new@x.example")
    link(old, live=False)
    link(new, rule="link")
    assert find(product).accounts == (old, new)


def test_own_account_with_a_google_login_stays(product, account, link):
    own = account("q@x.example")
    link(own, rule="email")
    execute(product, GOOGLE, subject="1", account=own)
    assert find(product).kept_accounts == (own,)


def test_teacher_of_a_native_class_with_students_stays(product, account, link, give_class):
    own = account("q@x.example")
    link(own)
    give_class(own)
    subject = find(product)
    assert (subject.kept_accounts, subject.rosters) == ((own,), ())
    with pytest.raises(ForgetRefused, match="Archive the class first"):
        find(product, str(own))


def test_waiting_person_of_an_ended_link_is_no_subject(product, account, link, valley):
    own = account("q@x.example")
    link(own)
    link(own, OTHER, live=False)
    execute(product, REVIEW, key=OTHER, account=own, district=valley.id)
    assert find(product).clever_ids == (GONE,)


def test_district_keeps_accounts_that_it_linked_by_mistake(product, account, link, valley, hamlet):
    stranger, former = account("q@x.example"), account("f@x.example")
    link(stranger, rule="email", live=False)
    link(former)
    link(former, OTHER, district=hamlet, live=False)
    with transaction(product) as pg:
        disconnect_district(pg, valley.id, datetime.now(UTC))
        assert find_district(pg, valley.id).kept_accounts == (stranger, former)


def test_person_who_left_expires(product, leaver):
    number = leaver("q@x.example")
    execute(product, GOOGLE, subject="1", account=number)
    assert find_late(product).accounts == (number,)


def test_own_account_with_a_google_login_does_not_expire(product, leaver):
    execute(product, GOOGLE, subject="1", account=leaver("q@x.example", rule="email"))
    assert find_late(product) is None


def test_account_with_a_recent_session_does_not_expire(product, leaver):
    execute(product, SEEN, account=leaver("q@x.example"))
    with transaction(product) as pg:
        assert find_expired(pg, datetime.now(UTC) - timedelta(days=1), 500) is None
    with transaction(product) as pg:
        execute(product, "update roster.org_memberships set ended_at = now() - interval '9 days'")
        assert find_expired(pg, datetime.now(UTC) - timedelta(days=1), 500) is None


def test_teacher_of_a_class_in_use_does_not_expire(product, leaver, give_class):
    give_class(leaver("q@x.example"))
    assert find_late(product) is None


def test_account_that_a_shared_person_may_be_does_not_expire(product, leaver, account, link, valley):
    number, current = leaver("q@x.example"), account("p@x.example")
    link(current, OTHER)
    execute(
        product,
        "insert into roster.org_memberships (organization_id, account_id, role, source) "
        "select id, :account, 'teacher', 'clever' from roster.organizations where clever_district_id = :district",
        account=current,
        district=valley.id,
    )
    execute(product, REVIEW, key=OTHER, account=number, district=valley.id)
    assert find_late(product) is None
