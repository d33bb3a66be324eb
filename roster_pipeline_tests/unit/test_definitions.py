"""The code location as Dagster loads it is complete, described, and free of deprecated names."""

import subprocess
import sys

import dagster as dg
import pytest

from roster_pipeline.definitions import build_definitions, defs

GRAPH = defs.resolve_asset_graph()
ENTITIES = [
    "accounts",
    "courses",
    "identity_links",
    "org_memberships",
    "pending_members",
    "reviews",
    "roster_students",
    "roster_teachers",
    "rosters",
    "school_memberships",
    "schools",
    "terms",
]
ASSETS = {
    "raw": ["courses", "schools", "sections", "students", "teachers", "terms"],
    "staging": ["stg_courses", "stg_schools", "stg_sections", "stg_students", "stg_teachers", "stg_terms"],
    "current": [*ENTITIES, "foreign_ids", "near_accounts"],
    "intermediate": [
        "int_email_claims",
        "int_identities",
        "int_near_matches",
        "int_partially_read",
        "int_people",
        "int_section_members",
    ],
    "marts": ENTITIES,
    "sync": ["plan"],
    "product": ["accounts", "org_memberships", "rosters"],
    "snapshots": ["latest"],
}
SNAPSHOT = dg.AssetKey(["snapshots", "latest"])


def test_the_assets_are_exactly_these():
    keys = {key.to_user_string() for key in GRAPH.get_all_asset_keys()}
    assert keys == {f"{layer}/{name}" for layer, names in ASSETS.items() for name in names}


@pytest.mark.parametrize("key", sorted(GRAPH.get_all_asset_keys()), ids=lambda key: key.to_user_string())
def test_every_asset_has_description_owner_and_group(key):
    node = GRAPH.get(key)
    assert node.description
    assert node.group_name == key.path[0]
    assert node.owners
    assert node.kinds
    assert (node.partitions_def is None) is (key == SNAPSHOT)


def test_every_asset_but_the_first_is_made_from_another():
    assert {key.path[0] for key in GRAPH.get_all_asset_keys() if not GRAPH.get(key).parent_keys} == {"raw"}


def test_every_check_says_what_it_looks_for():
    specs = [GRAPH.get_check_spec(key) for key in GRAPH.asset_check_keys]
    assert specs
    assert all(spec.description for spec in specs)


def test_contract_jobs_schedules_and_sensors_exist():
    repository = defs.get_repository_def()
    assert {"sync_roster", "plan_roster", "sync_batch", "renew_snapshot"} <= set(repository.job_names)
    assert {one.name: one.job_name for one in repository.schedule_defs} == {
        "nightly": "sync_batch",
        "daily_erasure": "forget_on_time",
        "daily_pruning": "prune_records",
    }
    assert {one.name for one in repository.sensor_defs} >= {
        "refresh_requests",
        "district_partitions",
        "catch_up",
        "snapshot_news",
    }
    assert repository.get_job("sync_roster").partitions_def.name == "districts"


def test_sync_roster_has_every_asset_and_plan_roster_no_product():
    made = {
        name: defs.resolve_job_def(name).asset_layer.executable_asset_keys for name in ("sync_roster", "plan_roster")
    }
    assert set(made["sync_roster"]) == set(GRAPH.get_all_asset_keys()) - {SNAPSHOT}
    left_out = set(made["sync_roster"]) - set(made["plan_roster"])
    assert {key.path[0] for key in left_out} == {"product"}


def test_a_resource_can_be_replaced_by_name():
    replaced = dg.ResourceDefinition.hardcoded_resource("mine")
    assert build_definitions({"sync": replaced}).resources["sync"] is replaced


LOAD = """
import warnings
from dagster import BetaWarning, PreviewWarning, SupersessionWarning
for kind in (BetaWarning, PreviewWarning, SupersessionWarning):
    warnings.simplefilter("error", kind)
warnings.filterwarnings("error", category=DeprecationWarning, module="roster_pipeline")
from roster_pipeline.definitions import defs
dg = __import__("dagster")
dg.Definitions.validate_loadable(defs)
"""


def test_loading_uses_no_preview_beta_or_deprecated_api():
    ended = subprocess.run([sys.executable, "-c", LOAD], capture_output=True, text=True, check=False)
    assert ended.returncode == 0, ended.stderr[-1000:]
    assert "Warning" not in ended.stderr


def test_loading_reads_no_setting_and_reaches_for_nothing(tmp_path):
    code = "from roster_pipeline.definitions import defs; defs.get_repository_def()"
    broken = {
        "ROSTER_DATABASE_URL": "nonsense",
        "ROSTER_CLEVER_API_URL": "nonsense",
        "ROSTER_HOME": str(tmp_path / "no"),
    }
    subprocess.run([sys.executable, "-c", code], env=broken, check=True)
    assert list(tmp_path.iterdir()) == []
