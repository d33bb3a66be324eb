"""The commands plan and preflight do not affect the next sync."""

import pytest

from roster_pipeline.definitions import build_definitions
from roster_pipeline.defs.launch import add_partition, run_sync
from roster_pipeline.land import open_warehouse
from roster_pipeline.land.warehouse import district_file
from roster_pipeline.model.plan import PREVIEW_SYNC_ID
from roster_pipeline.plan.build import load_plan
from roster_pipeline.sandbox.data.school_day import school_days
from roster_pipeline.settings import read_settings
from roster_pipeline_tests.support.district import Impatient
from roster_pipeline_tests.support.readers import difference, published, query, row_versions
from roster_pipeline_tests.support.rule_book import expect

MODES = "select mode from roster.syncs order by id"


@pytest.fixture
def look(environment, instance):
    """Looks at a district through the Dagster job, and gives the plan that came of it."""
    job = build_definitions({"sync": Impatient()}).resolve_job_def("plan_roster")

    def looked(district):
        add_partition(instance, district.id)
        ended = run_sync(instance, job, district.id, name=district.name, on_step=lambda *_: None)
        assert ended.failure is None
        with open_warehouse(read_settings().districts_folder, district.id, is_preview=True) as con:
            return load_plan(con)

    return looked


def test_previews_do_not_change_the_mode_of_the_next_sync(sync, look, product, valley):
    sync(valley)
    before, file = expect(valley), district_file(read_settings().districts_folder, valley.id)
    kept, rows = file.read_bytes(), row_versions(product, without=())
    school_days(valley, 1)
    first, second = look(valley), look(valley)
    assert first.sync_id == PREVIEW_SYNC_ID
    assert first.total > 0
    assert second == first
    assert file.read_bytes() == kept
    assert row_versions(product, without=()) == rows
    assert sync(valley, mode="auto").failure is None
    assert query(product, MODES) == [("full",), ("delta",)]
    assert difference(expect(valley, before), published(product, valley.id)) == {}
    assert look(valley).total == 0


def test_preview_of_an_unsynced_district_leaves_only_a_copy(look, valley):
    assert look(valley).total > 0
    folder = read_settings().districts_folder
    assert [one.name for one in folder.iterdir()] == [f"{valley.id}.preview.duckdb"]
