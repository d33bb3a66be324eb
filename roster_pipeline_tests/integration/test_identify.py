"""The command identify answers a user with the role `roster_identify`, and each answer is in the audit trail."""

import json

import pytest
import sqlalchemy as sa

from roster_pipeline.instance.eraser import build_eraser
from roster_pipeline.privacy.forget import forget
from roster_pipeline.pseudonyms.key_records import forget_key, open_keys, rotate_key
from roster_pipeline.settings import read_settings
from roster_pipeline.sync_context import utc_now
from roster_pipeline_tests.support.people import leave, users_of
from roster_pipeline_tests.support.readers import execute, query
from roster_pipeline_tests.support.scripts import complaint, script  # noqa: F401 - fixtures
from roster_pipeline_tests.support.server import execute_apart

AUDIT = (
    "select acting, act, target_kind, target_id, after ->> 'reason', after ->> 'database_user' from roster.web_audit "
    "where act = 'identify_person'"
)


@pytest.fixture
def student(valley, known_sync, product):
    """(Clever id, account) of a student of a published district."""
    known_sync(valley)
    key = users_of(valley, "student")[0]
    ((account,),) = query(product, "select account_id from roster.identity_links where clever_id = :key", key=key)
    return key, account


@pytest.fixture
def person_id(student, valley, product):
    """The person id of the student."""
    ((number,),) = query(product, "select id from roster.organizations where clever_district_id = :id", id=valley.id)
    return open_keys(read_settings())[number].make_person_id(student[1])


def test_person_is_named_and_the_answer_recorded(valley, student, person_id, product, script):
    ended = script("identify", person_id, "--reason", "A parent asks", "--json")
    user = valley.resources["users"][student[0]]
    assert ended.returncode == 0
    identity = json.loads(ended.stdout)
    assert (identity["clever_id"], identity["account_id"], identity["district_id"]) == (*student, valley.id)
    assert (identity["first_name"], identity["last_name"]) == (user["name"]["first"], user["name"]["last"])
    ((acting, *row),) = query(product, AUDIT)
    assert acting.startswith("operator ")
    assert row == ["identify_person", "person", person_id, "A parent asks", sa.make_url(product.url).username]
    assert user["name"]["last"] in script("identify", person_id, "--reason", "Again").stdout
    assert len(query(product, AUDIT)) == 2


def test_earlier_person_id_leads_to_the_person_until_forgotten(valley, student, person_id, product, script):
    settings = read_settings()
    rotations = [rotate_key(settings, valley.id) for _ in range(2)]
    ended = script("identify", person_id, "--reason", "An old export", "--json")
    assert json.loads(ended.stdout)["account_id"] == student[1]
    forget_key(settings, rotations[0].organization_id)
    ended = script("identify", person_id, "--reason", "An old export")
    assert (ended.returncode, complaint(ended).startswith("Nobody has this person ID.")) == (2, True)
    assert len(query(product, AUDIT)) == 1


def test_mapping_of_a_killed_rotation_leads_nowhere(valley, student, person_id, product, script):
    rotation = rotate_key(read_settings(), valley.id)
    dead = rotation.mapping.with_stem(rotation.mapping.stem.rpartition("-")[0] + "-" + "f" * 12)
    dead.write_text(f"old_person_id,new_person_id\n{person_id},{'f' * 32}\n")
    ended = script("identify", person_id, "--reason", "An old export", "--json")
    assert json.loads(ended.stdout)["account_id"] == student[1]


def test_forgotten_person_is_in_no_trail_and_no_mapping(valley, student, person_id, product, script, quick_sync):
    settings = read_settings()
    rotation = rotate_key(settings, valley.id)
    assert script("identify", person_id, "--reason", "Parent of Ida").returncode == 0
    leave(valley, student[0])
    quick_sync(valley)
    receipt = forget(build_eraser(settings, "operator", utc_now), "person", student[0]).receipt
    assert query(product, AUDIT) == []
    assert person_id not in rotation.mapping.read_text()
    stores = {store["store"]: store for store in receipt.stores}
    assert stores["keys of person ids"]["removed"] == {"files": 0, "lines": 1}
    assert query(product, "select count(*) from roster.erasures where work is not null") == [(0,)]


@pytest.mark.parametrize("arguments", [("0" * 32, "Why"), ("x'; --", "Why"), (None, " "), (None, "two\nlines")])
def test_unusable_call_is_refused_in_one_line(person_id, product, script, arguments):
    ended = script("identify", arguments[0] or person_id, "--reason", arguments[1])
    assert ended.returncode == 2
    assert complaint(ended)
    assert query(product, AUDIT) == []


@pytest.fixture
def database_user(database_url, server_url):
    """Makes a login without any right and returns the URL with which it uses the test's database."""
    execute_apart(server_url, "drop role if exists looker")
    execute_apart(server_url, "create role looker login")
    url = sa.make_url(database_url)
    yield url.set(username="looker").render_as_string(hide_password=False)
    execute_apart(server_url, "revoke roster_identify from looker")
    execute_apart(server_url, "drop role looker")


def test_user_needs_the_role(person_id, student, product, database_user, server_url, script):
    refused = script("identify", person_id, "--reason", "Why", ROSTER_DATABASE_URL=database_user)
    assert (refused.returncode, refused.stdout) == (2, "")
    assert "grant roster_identify to USER" in complaint(refused)
    assert query(product, AUDIT) == []
    execute_apart(server_url, "grant roster_identify to looker")
    ended = script("identify", person_id, "--reason", "Why", "--json", ROSTER_DATABASE_URL=database_user)
    assert json.loads(ended.stdout)["account_id"] == student[1]
    assert [row[-1] for row in query(product, AUDIT)] == ["looker"]


@pytest.mark.parametrize(
    "statement",
    [
        "delete from roster.web_audit",
        "update roster.web_audit set after = null",
        "select * from roster.web_audit",
        "select * from roster.changes",
        "update roster.accounts set first_name = 'X'",
        "update roster.organizations set key_fingerprint = null",
    ],
)
def test_role_reads_people_and_changes_nothing(product, statement):
    with pytest.raises(sa.exc.ProgrammingError, match="permission denied"):
        execute(product, statement, as_role="roster_identify")
