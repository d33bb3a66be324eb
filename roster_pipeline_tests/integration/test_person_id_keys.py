"""The keys of person ids: made once, recorded, rotated with a mapping, forgotten, and never replaced in silence."""

import contextlib
import csv
import stat
from pathlib import Path

import pytest

from roster_pipeline.errors import PseudonymKeyUnusable
from roster_pipeline.pseudonyms import key_records
from roster_pipeline.pseudonyms.key_records import forget_key, key_folder, open_keys, rotate_key
from roster_pipeline.pseudonyms.keys import KEY_BYTES, PseudonymKey
from roster_pipeline.pseudonyms.rewrap import rewrap_keys
from roster_pipeline.settings import read_settings
from roster_pipeline_tests.support.readers import execute, query
from roster_pipeline_tests.support.scripts import complaint, script  # noqa: F401 - fixtures

SECRET = "a text from a password manager, long enough"
FINGERPRINTS = "select id, key_fingerprint from roster.organizations order by id"


@pytest.fixture
def numbers(valley, hamlet, product):
    """The organizations of two districts."""
    rows = dict(query(product, "select clever_district_id, id from roster.organizations"))
    return rows[valley.id], rows[hamlet.id]


def steady(step):
    """Return a source of bytes that are no secret."""
    return lambda size: bytes([step]) * size


def no_bytes(size):
    raise AssertionError(f"{size} random bytes for a key that exists")


def test_each_district_gets_a_key_that_stays(numbers, product):
    sizes = []
    keys = open_keys(read_settings(), random_bytes=lambda size: sizes.append(size) or bytes([len(sizes)]) * size)
    assert keys == {number: PseudonymKey(number, bytes([step]) * KEY_BYTES) for step, number in enumerate(numbers, 1)}
    assert dict(query(product, FINGERPRINTS)) == {number: key.fingerprint for number, key in keys.items()}
    folder = read_settings().keys_folder
    assert sorted(path.name for path in folder.iterdir()) == sorted(f"{number}.key" for number in numbers)
    assert {stat.S_IMODE(path.stat().st_mode) for path in folder.iterdir()} == {0o600}
    assert stat.S_IMODE(folder.stat().st_mode) == 0o700
    assert open_keys(read_settings(), random_bytes=no_bytes) == keys


def test_clever_library_has_no_key(numbers, product):
    execute(product, "update roster.organizations set tier = 'library' where id = :id", id=numbers[0])
    assert set(open_keys(read_settings())) == {numbers[1]}


def test_missing_or_other_key_is_an_error_and_no_new_key(numbers, product):
    open_keys(read_settings(), random_bytes=steady(1))
    before = query(product, FINGERPRINTS)
    file = key_folder(read_settings()).file_of(numbers[0])
    file.unlink()
    with pytest.raises(PseudonymKeyUnusable, match=r"is missing\. No new key was made"):
        open_keys(read_settings(), random_bytes=no_bytes)
    assert not file.exists()
    key_folder(read_settings()).write(PseudonymKey(numbers[0], bytes(KEY_BYTES)), file)
    with pytest.raises(PseudonymKeyUnusable, match="is not the key that made"):
        open_keys(read_settings(), random_bytes=no_bytes)
    assert query(product, FINGERPRINTS) == before


def test_key_of_a_process_that_died_before_the_record_is_used(numbers, product):
    settings = read_settings()
    keys = open_keys(settings)
    execute(product, "update roster.organizations set key_fingerprint = null")
    assert open_keys(settings, random_bytes=no_bytes) == keys


def test_setting_wraps_the_keys_that_are_there(numbers, monkeypatch):
    keys = open_keys(read_settings())
    monkeypatch.setenv("ROSTER_PSEUDONYM_KEY", SECRET)
    assert open_keys(read_settings(), random_bytes=no_bytes) == keys
    texts = [path.read_text() for path in read_settings().keys_folder.iterdir()]
    assert [text.partition(":")[0] for text in texts] == ["wrapped", "wrapped"]
    for value in ("", SECRET[::-1]):
        monkeypatch.setenv("ROSTER_PSEUDONYM_KEY", value)
        with pytest.raises(PseudonymKeyUnusable, match="ROSTER_PSEUDONYM_KEY"):
            open_keys(read_settings(), random_bytes=no_bytes)


class Killed(BaseException):
    """The process ends here."""


@pytest.mark.parametrize("steps", range(6))
def test_killed_rewrapping_leaves_keys_that_one_setting_opens(numbers, monkeypatch, steps):
    def use(secret, old=""):
        monkeypatch.setenv("ROSTER_PSEUDONYM_KEY", secret)
        monkeypatch.setenv("ROSTER_PSEUDONYM_KEY_OLD", old)

    def opens(secret):
        use(secret)
        try:
            return open_keys(read_settings(), random_bytes=no_bytes) == keys
        except PseudonymKeyUnusable:
            return False

    def kill_after_some_steps(file, target):
        if done[0] == steps:
            raise Killed
        done[0] += 1
        return replace(file, target)

    done, other, replace = [0], SECRET[::-1], Path.replace
    use(SECRET)
    keys = open_keys(read_settings())
    use(other, SECRET)
    with monkeypatch.context() as patch, contextlib.suppress(Killed):
        patch.setattr(Path, "replace", kill_after_some_steps)
        rewrap_keys(read_settings())
    assert opens(SECRET) or opens(other)
    use(other, SECRET)
    assert rewrap_keys(read_settings()) == 2
    assert opens(other)
    assert not opens(SECRET)
    assert sorted(path.name for path in read_settings().keys_folder.glob("*.key*")) == [f"{n}.key" for n in numbers]


def test_rotation_between_the_steps_of_another_loses_no_key(valley, numbers, monkeypatch):
    settings, rotations = read_settings(), []
    open_keys(settings)
    write = key_records.write_product

    def write_beside(engine, work):
        if work.__name__ == "place" and not rotations:
            rotations.append("begun")
            rotate_key(settings, valley.id, random_bytes=steady(2))
        return write(engine, work)

    monkeypatch.setattr(key_records, "write_product", write_beside)
    rotate_key(settings, valley.id, random_bytes=steady(1))
    assert open_keys(settings, random_bytes=no_bytes)[numbers[0]] == PseudonymKey(numbers[0], bytes([2]) * KEY_BYTES)


def test_rotation_leaves_a_private_mapping(valley, numbers, known_sync, product):
    known_sync(valley)
    settings = read_settings()
    old = open_keys(settings)
    rotation = rotate_key(settings, valley.id, random_bytes=steady(9))
    new = open_keys(settings, random_bytes=no_bytes)
    assert new[numbers[0]] == PseudonymKey(numbers[0], bytes([9]) * KEY_BYTES)
    assert new[numbers[1]] == old[numbers[1]]
    accounts = [account for (account,) in query(product, "select distinct account_id from roster.identity_links")]
    with rotation.mapping.open() as rows:
        pairs = {(row["old_person_id"], row["new_person_id"]) for row in csv.DictReader(rows)}
    assert pairs == {tuple(keys[numbers[0]].make_person_id(account) for keys in (old, new)) for account in accounts}
    assert rotation.people == len(accounts) == len(pairs)
    assert stat.S_IMODE(rotation.mapping.stat().st_mode) == 0o600


def test_killed_rotation_is_finished_or_has_not_begun(valley, numbers, product):
    settings = read_settings()
    folder = key_folder(settings)
    old, following = open_keys(settings)[numbers[0]], folder.next_file_of(numbers[0])
    new = PseudonymKey(numbers[0], bytes(KEY_BYTES))
    folder.write(new, following)
    assert open_keys(settings)[numbers[0]] == old
    execute(
        product, "update roster.organizations set key_fingerprint = :f where id = :id", f=new.fingerprint, id=numbers[0]
    )
    assert open_keys(settings, random_bytes=no_bytes)[numbers[0]] == new
    assert not following.exists()


def test_lost_key_is_replaced_only_if_the_operator_says_so(valley, numbers, script):
    settings = read_settings()
    open_keys(settings)
    key_folder(settings).file_of(numbers[0]).unlink()
    refused = script("keys", "rotate", "--district", valley.id)
    assert refused.returncode == 2
    assert "keys rotate --district ID --lost" in complaint(refused)
    assert script("keys", "rotate", "--district", valley.id, "--lost").returncode == 0
    assert set(open_keys(settings, random_bytes=no_bytes)) == set(numbers)
    assert list(settings.keys_folder.glob("*.csv")) == []


def test_forgotten_key_leaves_no_file_and_no_record(valley, numbers, product):
    settings = read_settings()
    keys = open_keys(settings)
    rotate_key(settings, valley.id)
    assert forget_key(settings, numbers[0]) == 2
    assert [path.name for path in settings.keys_folder.iterdir()] == [f"{numbers[1]}.key"]
    assert dict(query(product, FINGERPRINTS)) == {numbers[0]: None, numbers[1]: keys[numbers[1]].fingerprint}
    assert open_keys(settings)[numbers[0]].fingerprint != keys[numbers[0]].fingerprint
