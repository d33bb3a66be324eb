"""The default file of the analysts' database identifies nobody, and the identified file has the same person ids."""

import stat

import duckdb
import pytest

from roster_pipeline.pseudonyms.key_records import open_keys
from roster_pipeline.settings import read_settings
from roster_pipeline_tests.support.people import users_of
from roster_pipeline_tests.support.readers import execute, published, query
from roster_pipeline_tests.support.scripts import complaint, script  # noqa: F401 - fixtures
from roster_pipeline_tests.support.snapshots import AS_OF, NAMES, VIEWS, read
from roster_pipeline_tests.support.stages import leave_snapshot

MARK = "zqx"
FIRST_ACCOUNT = 770_000_000_001
IDENTIFYING = {"account_id", "clever_id", "first_name", "last_name", "email"}
SHOWN = (*NAMES, *(f"{name}_history" for name in NAMES), *VIEWS, *(f"{name}_as_of(now())" for name in AS_OF))
PUBLIC_COUNTS = {"changes", "held", "removed", "told", "summary", "undoes"}
QUESTIONS = (
    *(
        f"select count(*) from {name}_as_of((select {end}(finished_at) from syncs))"
        for name in AS_OF
        for end in ("min", "max")
    ),
    *(f"select t::varchar as t from {name} as t order by t" for name in ("movers", "students_without_class")),
    "select district_id, last_sync_state, last_published_at from freshness",
)
PERSON_TABLES = ("people", "school_memberships", "enrollments")


def mark_people(district):
    """Give each person a name and an email that nothing else has."""
    for number, key in enumerate(list(district.resources["users"])):
        user = district.resources["users"][key]
        name = {"first": f"Fi{MARK}{number}", "last": f"La{MARK}{number}"}
        district.put("users", user | {"name": name, "email": f"em{MARK}{number}@example.org"})


def values_of(file):
    """Return every value of every table, view and macro of a file as one text."""
    with duckdb.connect(file, read_only=True) as con:
        texts = [con.execute(f"select t::varchar from {name} as t").fetchall() for name in SHOWN]
    return "\n".join(text for table in texts for (text,) in table)


@pytest.fixture
def marked(valley, product, publish):
    """A district whose people have marks, after two syncs with a change of a name, and the marks of its people."""
    execute(product, f"alter table roster.accounts alter column id restart with {FIRST_ACCOUNT}")
    mark_people(valley)
    publish(valley)
    keys = users_of(valley, "student")
    valley.put("users", valley.resources["users"][keys[0]] | {"name": {"first": f"New{MARK}", "last": f"New{MARK}"}})
    valley.remove("users", keys[1])
    publish(valley)
    people = query(product, "select account_id::text, clever_id from roster.identity_links")
    assert min(people)[0] == str(FIRST_ACCOUNT)
    return {MARK, "@example.org", *(mark for person in people for mark in person)}


def test_default_file_identifies_nobody(marked, latest, identified):
    text, content = values_of(latest).lower(), latest.read_bytes().lower()
    assert {mark for mark in marked if mark in text or mark.encode() in content} == set()
    columns = {column for name in SHOWN for (column, *_) in read(latest, f"describe from {name}")}
    assert columns.isdisjoint(IDENTIFYING)
    text = values_of(identified).lower()
    assert {mark for mark in marked if mark not in text} == set()
    keys, changes = "select distinct unnest(json_keys(counts)) from syncs", "select counts -> 'changes' from syncs"
    assert {key for (key,) in read(latest, keys)} <= PUBLIC_COUNTS
    assert {"changes", "leaves"} <= {key for (key,) in read(identified, keys)}
    assert sorted(read(latest, changes)) == sorted(read(identified, changes))


def test_person_has_one_id_in_all_tables_and_times(marked, valley, hamlet, publish, product, latest, identified):
    publish(hamlet)
    numbers = dict(query(product, "select clever_district_id, id from roster.organizations"))
    keys = open_keys(read_settings())
    for name in PERSON_TABLES:
        rows = read(identified, f"select distinct district_id, account_id, person_id from {name}_history")
        expected = {
            (district, account, keys[numbers[district]].make_person_id(account)) for district, account, _ in rows
        }
        assert {district for district, *_ in rows} == {valley.id, hamlet.id}
        assert set(rows) == expected
        people = read(latest, f"select distinct district_id, person_id from {name}_history")
        assert set(people) == {(district, person) for district, _, person in rows}
    ids = "select person_id, count(distinct district_id) from people_history group by all"
    assert {number for _, number in read(latest, ids)} == {1}
    assert len(read(latest, "from people")) == sum(len(published(product, key).members) for key in numbers)


def test_both_files_answer_the_same_questions(marked, latest, identified):
    for question in QUESTIONS:
        answers = [read(file, question) for file in (latest, identified)]
        assert answers[0] == answers[1], question
    moves = "select move, count(*) from movers where not is_first_load group by move"
    assert ("left", 1) in read(latest, moves)
    renamed = "select count(*) from people_history group by person_id having count(*) > 1"
    assert (read(latest, renamed), read(identified, renamed)) == ([], [(2,)])


def test_rotation_renews_both_files_and_keeps_their_modes(marked, valley, latest, identified, script):
    before = dict(read(identified, "select account_id, person_id from people_history"))
    history = "select count(*), count(valid_to) from people_history"
    counts = read(latest, history)
    latest.parent.chmod(0o750)
    latest.chmod(0o640)
    assert script("keys", "rotate", "--district", valley.id).returncode == 0
    after = dict(read(identified, "select account_id, person_id from people_history"))
    assert set(before) == set(after)
    assert set(before.values()).isdisjoint(after.values())
    assert {person for (person,) in read(latest, "select person_id from people_history")} == set(after.values())
    assert read(latest, history) == counts
    content = latest.read_bytes()
    assert [person for person in before.values() if person.encode() in content] == []
    modes = [stat.S_IMODE(path.stat().st_mode) for path in (latest, identified.parent, identified)]
    assert modes == [0o640, 0o700, 0o600]


def test_lost_file_is_written_anew_beside_the_other(marked, valley, publish, product, latest, identified):
    identified.unlink()
    node = latest.stat().st_ino
    assert leave_snapshot(read_settings(), product).organization_ids
    assert latest.stat().st_ino == node
    assert read(identified, QUESTIONS[0]) == read(latest, QUESTIONS[0])
    latest.unlink()
    valley.remove("users", users_of(valley, "student")[0])
    publish(valley)
    for question in QUESTIONS:
        assert read(identified, question) == read(latest, question)


def test_missing_key_leaves_the_files_and_is_said(valley, known_publish, product, latest, script):
    known_publish(valley)
    node = latest.stat().st_ino
    files = list(read_settings().keys_folder.glob("*.key"))
    for file in files:
        file.rename(file.with_suffix(".aside"))
    undone = script("undo", "1")
    assert (undone.returncode, "The snapshot was not written" in complaint(undone)) == (0, True)
    failures = "select distinct snapshot_failure like '%keys rotate --district ID --lost%' from roster.organizations"
    assert query(product, failures) == [(True,)]
    assert latest.stat().st_ino == node
    for file in files:
        file.with_suffix(".aside").rename(file)
    assert script("undo", "2").returncode == 0
    assert latest.stat().st_ino != node
