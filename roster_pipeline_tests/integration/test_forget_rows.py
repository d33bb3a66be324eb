"""Erases a person or a district in PostgreSQL, and refuses while Clever still shares the data."""

from datetime import UTC, datetime, timedelta

import pytest

from roster_pipeline.errors import ForgetRefused, ProductUnusable
from roster_pipeline.privacy.find import find_district, find_expired, find_person
from roster_pipeline.privacy.rows import erase_rows
from roster_pipeline.product.connections import disconnect_district
from roster_pipeline.product.database import transaction
from roster_pipeline_tests.support.accounts import MEMBER, set_user
from roster_pipeline_tests.support.erasures import find_marked_columns
from roster_pipeline_tests.support.library import library  # noqa: F401 - a fixture
from roster_pipeline_tests.support.people import leave, users_of
from roster_pipeline_tests.support.readers import execute, query
from roster_pipeline_tests.support.town import Town

MARKS = ("xanthippe", "quillfeather", "x.quillfeather@example.org")


@pytest.fixture
def person(valley, known_sync):
    """Publish a district in which one student has marked values. Return the Clever id."""
    key = users_of(valley, "student")[0]
    set_user(valley, key, first=MARKS[0], last=MARKS[1], email=MARKS[2])
    known_sync(valley)
    return key


def forget(product, person):
    with transaction(product) as pg:
        return erase_rows(pg, find_person(pg, person))


def test_person_whom_clever_shares_is_refused(product, person):
    with transaction(product) as pg, pytest.raises(ForgetRefused, match="Unshare in Clever first"):
        find_person(pg, person)


def test_person_who_left_is_in_no_table_any_more(product, valley, person, known_sync):
    assert find_marked_columns(product, MARKS) >= {"accounts.email", "directory.words", "changes.after"}
    leave(valley, person)
    known_sync(valley)
    counts = forget(product, person)
    assert find_marked_columns(product, [*MARKS, person]) == set()
    assert counts["accounts"] == counts["identity_links"] == counts["org_memberships"] == 1
    assert counts["changes"] >= 4
    with transaction(product) as pg:
        assert find_person(pg, person) is None


def test_person_who_returns_has_a_new_account(product, valley, person, known_sync, quick_sync):
    (old,) = query(product, "select account_id from roster.identity_links where clever_id = :key", key=person)
    user = valley.get("users", person)
    leave(valley, person)
    known_sync(valley)
    forget(product, person)
    valley.put("users", user)
    quick_sync(valley)
    ((new, rule),) = query(
        product, "select account_id, rule from roster.identity_links where clever_id = :key", key=person
    )
    assert new not in old
    assert rule == "created"


def test_account_with_another_use_stays(product, valley, person, known_sync, hamlet):
    ((account,),) = query(product, "select account_id from roster.identity_links where clever_id = :key", key=person)
    leave(valley, person)
    known_sync(valley)
    execute(product, MEMBER, account=account, role="student", admin=False, district=hamlet.id)
    forget(product, person)
    assert find_marked_columns(product, [person]) == set()
    rows = query(product, "select imported_from_clever, clever_email from roster.accounts where id = :id", id=account)
    assert rows == [(False, None)]


def test_person_who_left_long_ago_has_expired(product, valley, person, known_sync):
    leave(valley, person)
    known_sync(valley)
    left_at = datetime.now(UTC)
    with transaction(product) as pg:
        assert find_expired(pg, left_at - timedelta(days=1), 10) is None
        assert find_expired(pg, left_at + timedelta(days=1), 10).clever_ids == (person,)


def test_connected_district_is_refused(product, valley):
    with transaction(product) as pg, pytest.raises(ForgetRefused, match="roster-pipeline disconnect"):
        find_district(pg, valley.id)


def test_disconnected_district_is_in_no_table_any_more(product, valley, hamlet, person, known_sync):
    known_sync(hamlet)
    of_other = (
        "select count(*) from roster.org_memberships where organization_id = "
        "(select id from roster.organizations where clever_district_id = :key)"
    )
    others = query(product, of_other, key=hamlet.id)
    with transaction(product) as pg:
        disconnect_district(pg, valley.id, datetime.now(UTC))
    with transaction(product) as pg:
        erase_rows(pg, find_district(pg, valley.id))
    people = [*users_of(valley, "student"), *users_of(valley, "teacher")]
    assert find_marked_columns(product, [*MARKS, valley.id, *people]) == set()
    assert query(product, "select count(*) from roster.accounts") == others


def test_only_the_eraser_deletes_what_syncs_keep(product, person):
    for statement in ("delete from roster.identity_links", "delete from roster.changes"):
        with pytest.raises(Exception, match="refused"):
            execute(product, statement, as_sync=True)
    with pytest.raises(ProductUnusable), transaction(product) as pg:
        pg.exec_driver_sql("delete from roster.accounts")


@pytest.fixture
def library_class(library):
    """A Library teacher who has one class with one student. Return the Clever ids of teacher and class."""
    town = library.serve(Town(3))
    key = town.teacher(1, "xanthippe", "quillfeather", email=MARKS[2])
    section = town.section(1, teachers=[key], students=[town.student(1)])
    teacher = library.join(key, MARKS[2])
    library.choose(teacher, section)
    library.update(teacher)
    return key, section


def test_library_teacher_is_in_no_table_any_more(product, library_class):
    forget(product, library_class[0])
    assert find_marked_columns(product, [*MARKS, *library_class]) == set()


def test_library_people_expire_after_their_last_use(product, library_class):
    used_at = datetime.now(UTC)
    with transaction(product) as pg:
        assert find_expired(pg, used_at - timedelta(days=1), 10) is None
        teacher = find_expired(pg, used_at + timedelta(days=1), 10)
        assert teacher.clever_ids == (library_class[0],)
        erase_rows(pg, teacher)
        assert len(find_expired(pg, used_at + timedelta(days=1), 10).accounts) == 1
