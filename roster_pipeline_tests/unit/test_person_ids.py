"""Person ids are the HMAC of the account, in Python and in DuckDB, and key files are private and whole."""

import hmac
import stat

import duckdb
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from roster_pipeline.errors import PseudonymKeyUnusable
from roster_pipeline.pseudonyms.key_files import KeyFolder
from roster_pipeline.pseudonyms.keys import KEY_BYTES, PERSON_ID_CHARS, PseudonymKey, define_person_ids

SECRET = "a text from a password manager, long enough"
KEY = PseudonymKey(7, bytes(range(KEY_BYTES)))


@settings(deadline=None, max_examples=30)
@given(st.binary(min_size=KEY_BYTES, max_size=KEY_BYTES), st.lists(st.integers(1, 2**63 - 1), max_size=20))
def test_duckdb_makes_the_person_ids_of_python(secret, accounts):
    key = PseudonymKey(7, secret)
    expected = [hmac.new(secret, b"%d" % account, "sha256").hexdigest()[:PERSON_ID_CHARS] for account in accounts]
    with duckdb.connect() as con:
        define_person_ids(con, [key])
        rows = con.execute(
            "select person_id(inner_pad, outer_pad, account.unnest) from unnest($accounts::bigint[]) as account "
            "cross join pseudonym_keys",
            {"accounts": accounts},
        ).fetchall()
    assert [key.make_person_id(account) for account in accounts] == expected
    assert sorted(row for (row,) in rows) == sorted(expected)


def test_organizations_and_keys_give_one_account_different_ids():
    other = PseudonymKey(8, bytes(KEY_BYTES))
    assert KEY.make_person_id(1) != other.make_person_id(1)
    assert KEY.fingerprint != other.fingerprint
    assert KEY.secret.hex() not in f"{KEY!r} {KEY.fingerprint} {KeyFolder('keys', SECRET)!r}"
    assert SECRET not in repr(KeyFolder("keys", SECRET))


@pytest.mark.parametrize("secret", [None, SECRET])
def test_key_file_is_private_and_gives_the_key_back(tmp_path, secret):
    folder = KeyFolder(tmp_path / "keys", secret)
    file = folder.file_of(7)
    assert folder.read(7, file) is None
    folder.write(KEY, file)
    assert folder.read(7, file) == KEY
    assert [stat.S_IMODE(path.stat().st_mode) for path in (folder.path, file)] == [0o700, 0o600]
    assert [path.name for path in folder.path.iterdir()] == ["7.key"]
    assert (KEY.secret.hex() in file.read_text()) == (secret is None)


def test_key_is_wrapped_as_soon_as_the_setting_is_set(tmp_path):
    KeyFolder(tmp_path).write(KEY, tmp_path / "7.key")
    folder = KeyFolder(tmp_path, SECRET)
    assert folder.read(7, tmp_path / "7.key") == KEY
    assert KEY.secret.hex() not in (tmp_path / "7.key").read_text()
    assert folder.read(7, tmp_path / "7.key") == KEY


@pytest.mark.parametrize(
    ("organization", "secret", "message"),
    [
        (7, None, "is wrapped, and ROSTER_PSEUDONYM_KEY is not set"),
        (7, SECRET + "?", "does not open with ROSTER_PSEUDONYM_KEY"),
        (8, SECRET, "does not open with ROSTER_PSEUDONYM_KEY"),
    ],
)
def test_wrapped_key_opens_for_its_organization_alone(tmp_path, organization, secret, message):
    KeyFolder(tmp_path, SECRET).write(KEY, tmp_path / "7.key")
    before = (tmp_path / "7.key").read_bytes()
    with pytest.raises(PseudonymKeyUnusable, match=message) as refused:
        KeyFolder(tmp_path, secret).read(organization, tmp_path / "7.key")
    assert "\n" not in str(refused.value)
    assert (tmp_path / "7.key").read_bytes() == before


@pytest.mark.parametrize(
    "text", ["", "plain:", "plain:0102", "plain:xyz", "other:" + "00" * 32, "wrapped:01", "\u00e9"]
)
def test_damaged_key_is_an_error_and_stays(tmp_path, text):
    file = tmp_path / "7.key"
    file.write_text(text)
    with pytest.raises(PseudonymKeyUnusable, match="keys rotate --district ID --lost"):
        KeyFolder(tmp_path, SECRET).read(7, file)
    assert file.read_text() == text
