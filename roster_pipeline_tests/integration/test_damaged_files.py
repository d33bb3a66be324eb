"""A damaged district file is moved aside, and the district is read in full, if possible by the same sync."""

import errno
import subprocess
import sys

import duckdb
import pytest

from roster_pipeline.cli import main
from roster_pipeline.damaged import moved_aside, remove
from roster_pipeline.ingest import FILE_OUTDATED
from roster_pipeline.land import open_warehouse
from roster_pipeline.land.warehouse import district_file, workspace_file
from roster_pipeline.sandbox.data.school_day import school_days
from roster_pipeline.settings import read_settings
from roster_pipeline_tests.support.damage import KINDS, damage
from roster_pipeline_tests.support.readers import difference, published, query
from roster_pipeline_tests.support.rule_book import expect

LAST = "select mode, mode_reason, state from roster.syncs order by id desc limit 1"
MOVED = "the district file was damaged and moved aside"


@pytest.fixture
def file(valley, known_sync):
    """The file of a district that was synced once."""
    known_sync(valley)
    return district_file(read_settings().districts_folder, valley.id)


@pytest.fixture
def command(monkeypatch, capsys):
    """Runs a command as an operator does: (exit code, what was said, what was complained of)."""

    def run(*arguments):
        monkeypatch.setattr(sys, "argv", ["roster-pipeline", *arguments])
        with pytest.raises(SystemExit) as ended:
            main()
        said = capsys.readouterr()
        return ended.value.code, said.out, said.err

    return run


@pytest.mark.parametrize("kind", KINDS)
def test_damaged_file_is_moved_aside_and_all_is_published(file, quick_sync, product, valley, kind):
    before = expect(valley)
    school_days(valley, 1)
    damage(file, kind)
    quick_sync(valley, mode="auto")
    assert query(product, LAST) == [("full", MOVED, "published")]
    assert difference(expect(valley, before), published(product, valley.id)) == {}
    assert len(moved_aside(file)) >= 1
    assert all(one.stat().st_mode & 0o077 == 0 for one in [file.parent, file, *moved_aside(file)])


def test_a_file_of_an_earlier_version_is_read_in_full(file, quick_sync, product, valley):
    before = expect(valley)
    with duckdb.connect(file) as con:
        con.execute("alter table raw.load_audit rename to proof; alter table raw.rejected rename to set_aside")
    quick_sync(valley, mode="auto")
    assert query(product, LAST) == [("full", FILE_OUTDATED, "published")]
    assert difference(expect(valley, before), published(product, valley.id)) == {}
    (aside,) = moved_aside(file)
    with duckdb.connect(aside, read_only=True) as con:
        assert con.execute("select count(*) > 0 from raw.proof").fetchall() == [(True,)]


def test_page_damage_found_by_a_delta_leads_to_a_full_read(file, quick_sync, product, valley, monkeypatch):
    """The bookmark can be read and events are certain to tell all; then a table of the district cannot be read."""
    before = expect(valley)
    school_days(valley, 1)

    def cut(con, *_):
        raise duckdb.InternalException("a page that cannot be read")

    with monkeypatch.context() as patched:
        patched.setattr("roster_pipeline.ingest.build_workspace", cut)
        quick_sync(valley, mode="auto")
    assert query(product, LAST) == [("full", MOVED, "published")]
    assert difference(expect(valley, before), published(product, valley.id)) == {}
    assert not workspace_file(file.parent, valley.id).exists()
    assert len(moved_aside(file)) == 1
    school_days(valley, 1)
    quick_sync(valley, mode="auto")
    assert query(product, LAST)[0][0] == "delta"


@pytest.mark.parametrize(
    ("step", "fault"),
    [
        ("run_models", duckdb.IOException),
        ("compute_diff", duckdb.FatalException),
        ("load_current", duckdb.SerializationException),
        ("build_plan", duckdb.Error),
    ],
)
def test_damage_during_a_sync_is_repaired_by_the_next(file, sync, product, valley, monkeypatch, step, fault):
    before = expect(valley)
    school_days(valley, 1)

    def read(*_, **__):
        raise fault("Corrupt database file: a checksum does not match")

    with monkeypatch.context() as patched:
        patched.setattr(f"roster_pipeline.pipeline.{step}", read)
        failed = sync(valley)
    assert "is damaged" in failed.failure
    assert "\n" not in failed.failure
    assert not file.exists()
    assert len(moved_aside(file)) == 1
    assert sync(valley, mode="auto").failure is None
    assert difference(expect(valley, before), published(product, valley.id)) == {}


def test_damage_found_after_publishing_fails_no_sync(file, sync, product, valley, monkeypatch):
    before = expect(valley)
    school_days(valley, 1)

    def read(*_, **__):
        raise duckdb.Error("Corrupt database file: a checksum does not match")

    with monkeypatch.context() as patched:
        patched.setattr("roster_pipeline.pipeline.mark_published", read)
        assert sync(valley).failure is None
    assert difference(expect(valley, before), published(product, valley.id)) == {}
    assert not file.exists()
    assert len(moved_aside(file)) == 1
    assert sync(valley, mode="auto").failure is None


def test_full_disk_or_wrong_statement_leaves_the_file_in_place(file, sync, valley, monkeypatch):
    for step, fault, code, said in (
        ("compute_diff", duckdb.IOException("Could not write file: No space left on device"), 2, "No space left"),
        ("ingest_district", OSError(errno.ENOSPC, "of a person"), 2, "cannot be written (No space left on device)"),
        ("compute_diff", duckdb.CatalogException("none"), 1, "Internal error"),
    ):

        def read(*_, fault=fault, **__):
            raise fault

        with monkeypatch.context() as patched:
            patched.setattr(f"roster_pipeline.pipeline.{step}", read)
            failed = sync(valley)
        assert (failed.exit_code, said in failed.failure) == (code, True), failed.failure
        assert file.exists()
    assert moved_aside(file) == []


def test_file_in_use_is_not_moved(file, sync, valley):
    hold = "import duckdb, sys; con = duckdb.connect(sys.argv[1]); print('held', flush=True); input()"
    call = [sys.executable, "-c", hold, str(file)]
    with subprocess.Popen(call, stdin=subprocess.PIPE, stdout=subprocess.PIPE) as other:
        other.stdout.readline()
        failed = sync(valley)
        other.communicate(b"\n")
    assert "is in use by another process" in failed.failure
    assert moved_aside(file) == []
    assert sync(valley).failure is None


@pytest.mark.parametrize("kind", ["text", "every page flipped", "a folder in its place"])
def test_why_answers_without_a_damaged_file_and_moves_it_aside(file, command, product, kind):
    damage(file, kind)
    ((person,),) = query(product, "select clever_id from roster.identity_links order by id limit 1")
    code, said, _ = command("why", "--person", person)
    assert code == 0
    assert "damaged" in said
    assert not file.exists()
    assert len(moved_aside(file)) == 1


def test_why_answers_when_a_page_is_damaged(file, command, product, monkeypatch):
    ((person,),) = query(product, "select clever_id from roster.identity_links order by id limit 1")

    def read(*_):
        raise duckdb.InternalException("a page that cannot be read")

    monkeypatch.setattr("roster_pipeline.explain.report.read_source", read)
    assert command("why", "--person", person)[0] == 0
    assert len(moved_aside(file)) == 1


@pytest.mark.parametrize("ending", ["tmp", "delta.duckdb", "delta.duckdb.wal", "duckdb.wal"])
def test_obstacle_at_a_path_of_the_sync_is_moved_aside(file, sync, valley, ending):
    place = file.with_name(f"{valley.id}.{ending}")
    remove(place)
    if ending == "tmp":
        place.write_text("a file where DuckDB wants a folder")
    else:
        place.mkdir()
        (place / "note.txt").write_text("a note")
    school_days(valley, 1)
    assert sync(valley, mode="auto").failure is None
    with open_warehouse(file.parent, valley.id) as con:
        assert con.execute("select count(*) > 0 from raw.students").fetchone() == (True,)
