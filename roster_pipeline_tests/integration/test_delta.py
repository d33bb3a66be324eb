"""A delta sync publishes what a full sync would publish, and Dagster shows the mode."""

import dagster as dg
import duckdb
import pytest

from roster_pipeline.land import warehouse
from roster_pipeline.land.warehouse import workspace_file
from roster_pipeline.pipeline import ingest, open_sync
from roster_pipeline.sandbox.data.school_day import school_days
from roster_pipeline.settings import read_settings
from roster_pipeline_tests.support.readers import difference, execute, published, query
from roster_pipeline_tests.support.rule_book import expect
from roster_pipeline_tests.support.stages import sync_request

MODES = "select mode, mode_reason from roster.syncs order by id"
ROOM = "select current_setting('memory_limit')"
RAW = ("raw", "students")


def test_full_read_after_days_of_deltas_changes_nothing(quick_sync, known_sync, product, valley):
    known_sync(valley)
    for _ in range(3):
        school_days(valley, 1)
        assert quick_sync(valley, mode="auto").total > 0
    assert [mode for mode, _ in query(product, MODES)] == ["full", "delta", "delta", "delta"]
    assert quick_sync(valley).total == 0


def test_job_takes_the_delta_and_reports_it(sync, product, valley, instance, checks):
    sync(valley)
    before = expect(valley)
    school_days(valley, 1)
    ended = sync(valley, mode="auto")
    assert ended.exit_code == 0
    assert difference(expect(valley, before), published(product, valley.id)) == {}
    said = instance.get_latest_materialization_event(dg.AssetKey(RAW)).asset_materialization.metadata
    assert said["mode"].value == "delta"
    assert "Clever reported" in said["why"].value
    assert "dagster/column_lineage" in _metadata(instance, ("marts", "rosters"))
    assert checks("event_volume")["raw/sections"][0]
    assert not workspace_file(read_settings().districts_folder, valley.id).exists()


def test_merged_delta_equals_a_full_read_in_the_warehouse(quick_sync, known_sync, product, valley):
    known_sync(valley)
    school_days(valley, 2)
    quick_sync(valley, mode="auto")
    folded = _contents(valley)
    quick_sync(valley)
    assert {name for name, rows in _contents(valley).items() if rows != folded[name]} == set()


@pytest.mark.parametrize(("few", "room"), [(warehouse.FEW_PEOPLE, warehouse.DELTA_MEMORY), (10, warehouse.MEMORY)])
def test_renamed_term_by_events_gets_memory_for_its_sections(quick_sync, product, valley, monkeypatch, few, room):
    monkeypatch.setattr(warehouse, "FEW_PEOPLE", few)
    quick_sync(valley)
    term = valley.resources["terms"].ids()[0]
    valley.put("terms", valley.get("terms", term) | {"name": "Renamed"})
    with open_sync(sync_request(read_settings(), product, valley.id)) as sync:
        ingest(sync, mode="auto")
        sync.session.close()  # a workspace that is opened again gets the same memory
        with sync.warehouse() as con:
            ((reached,),) = con.execute("select count(*) from affected.people").fetchall()
            given = con.execute(ROOM).fetchall()
            con.execute(f"set memory_limit = '{room}'")
            assert given == con.execute(ROOM).fetchall()
    assert reached > 10


def test_check_counts_changes_that_events_missed(sync, valley, checks):
    sync(valley)
    valley.events_on = False
    school_days(valley, 1)
    sync(valley)
    passed, said = checks("events_complete")["raw/sections"]
    assert not passed
    assert said["missed"] > 0


@pytest.mark.scenario("E-21")
def test_five_times_the_usual_events_raise_a_warning(sync, valley, product, checks):
    usual = """
        insert into roster.syncs (organization_id, mode, trigger, state, started_at, proof)
        select id, 'delta', 'cli', 'published', now(), '{"events": 10}'
        from roster.organizations, generate_series(1, 10)
    """
    execute(product, usual)
    sync(valley)
    for room in ("101", "102"):
        for key in valley.resources["sections"].ids():
            valley.put("sections", valley.get("sections", key) | {"period": room})
    for key in valley.resources["users"].ids():
        valley.put("users", valley.get("users", key) | {"name": valley.get("users", key)["name"] | {"middle": "X"}})
    assert sync(valley, mode="auto").exit_code == 0
    passed, said = checks("event_volume")["raw/sections"]
    assert not passed
    assert said["events"] > 100
    assert said["usual"] == 10


def _metadata(instance, key):
    return instance.get_latest_materialization_event(dg.AssetKey(key)).asset_materialization.metadata


def _contents(district):
    """Every row that was read or staged, but for which sync landed it."""
    schemas = "schema_name in ('raw', 'staging') and table_name not in ('bookmark', 'load_audit', 'district')"
    file = read_settings().districts_folder / f"{district.id}.duckdb"
    with duckdb.connect(str(file), read_only=True) as con:
        tables = con.sql(f"select schema_name, table_name from duckdb_tables() where {schemas}").fetchall()
        return {
            f"{schema}.{table}": sorted(
                text for (text,) in con.sql(f"select t::varchar from ({_rows(schema, table)}) as t").fetchall()
            )
            for schema, table in tables
        }


def _rows(schema, table):
    return f"select * exclude (sync_id) from raw.{table}" if schema == "raw" else f"from {schema}.{table}"
