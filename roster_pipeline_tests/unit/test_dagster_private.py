"""The private names of Dagster exist, have the expected signatures, and are imported in one module only."""

import ast
import inspect
import re
from importlib import import_module
from pathlib import Path

import pytest
import yaml
from dagster_postgres import PostgresEventLogStorage, PostgresScheduleStorage

from roster_pipeline.instance import dagster_private, storage
from roster_pipeline.instance.dagster_private import DefaultRunLauncher

ROOT = Path(__file__).parents[2]
PACKAGE = ROOT / "roster_pipeline"
ONE_PLACE = PACKAGE / "instance" / "dagster_private.py"
PARAMETERS = {
    "CheckRunHealthResult": "status msg transient run_worker_id",
    "ConfigurableClassData": "module_name class_name config_yaml",
    "DefaultRunLauncher": "inst_data",
    "InMemoryJob": "job_def",
    "InstigatorTick": "tick_id tick_data",
    "JobPythonOrigin": "job_name repository_origin",
    "LaunchRunContext": "dagster_run workspace",
    "ManagedGrpcPythonEnvCodeLocationOrigin": "loadable_target_origin location_name",
    "RepositoryPythonOrigin": "executable_path code_pointer container_image entry_point container_context",
    "StepFailureData": "error user_failure_data error_source",
    "capture_interrupts": "",
    "core_execute_run": "recon_job dagster_run instance inject_env_vars resume_from_failure",
    "deserialize_value": "val as_type whitelist_map",
    "execute_run_iterator": "job dagster_run instance resume_from_failure",
    "recon_job_from_origin": "origin",
    "serialize_value": "val whitelist_map json_kwargs",
}
"""The parameters of each name that this project calls."""
ATTRIBUTES = {
    "AssetCheckExecutionRecordStatus": "PLANNED SUCCEEDED",
    "AssetCheckExecutionsTable": "c delete",
    "AssetEventTagsTable": "c delete",
    "ErrorSource": "INTERRUPT",
    "InstanceRef": "from_dict",
    "InstigatorState": "instigator_data with_data",
    "JobTickTable": "c name",
    "LoadableTargetOrigin": "module_name",
    "ModuleCodePointer": "module load_target",
    "RunTagsTable": "c name",
    "RunsTable": "c delete name",
    "SqlEventLogStorageTable": "c delete alias",
    "TickStatus": "STARTED",
    "RemoteRepositoryOrigin": "get_label get_job_origin",
    "WorkerStatus": "FAILED RUNNING",
}
OTHER = {"DATA_VERSION_TAG", "DagsterPostgresException", "SINGLETON_REPOSITORY_NAME", "UserConfigSchema"}
"""An exception, constants and a type: that they can be imported is enough."""
OVERRIDDEN = [
    (DefaultRunLauncher, "launch_run", "self context"),
    (DefaultRunLauncher, "terminate", "self run_id"),
    (DefaultRunLauncher, "check_run_worker_health", "self run"),
    (DefaultRunLauncher, "dispose", "self"),
    (PostgresEventLogStorage, "store_event", "self event"),
    (PostgresEventLogStorage, "prepare_insert_event_batch", "self events"),
    (PostgresEventLogStorage, "index_connection", None),
    (PostgresEventLogStorage, "run_connection", None),
    (PostgresScheduleStorage, "all_instigator_state", None),
    (PostgresScheduleStorage, "get_instigator_state", "self origin_id selector_id"),
    (PostgresScheduleStorage, "get_ticks", "self origin_id selector_id before after limit statuses"),
    (PostgresScheduleStorage, "optimize_for_webserver", "self statement_timeout pool_recycle max_overflow"),
]
"""Methods that this project overrides or calls, and their parameters."""


ROW = re.compile(r"\| (?P<names>`_?\w+\.\w.*?`) \| (?P<files>`.*?`) \| .* \|")
"""A row of the table of private names in docs/architecture.md."""


def documented_names():
    """Return the modules that the document lists private names under, and the files that use each row of names."""
    _, _, section = (
        (ROOT / "docs" / "architecture.md").read_text(encoding="utf-8").partition("## Private parts of Dagster")
    )
    modules, files = {}, {}
    for row in filter(None, map(ROW.fullmatch, section.splitlines())):
        first, *others = (name.strip("`") for name in row["names"].split(", "))
        module, _, name = first.rpartition(".")
        modules |= dict.fromkeys((name, *others), f"dagster.{module}" if module.startswith("_") else module)
        files[name, *others] = {file.strip("`") for file in row["files"].split(", ")}
    return modules, files


def imported_names(path):
    """Return the names that a module imports, with the module that each comes from."""
    tree = ast.parse(path.read_text(encoding="utf-8"))
    imports = (node for node in ast.walk(tree) if isinstance(node, ast.ImportFrom))
    return {name.name: node.module for node in imports for name in node.names}


def parameters(function):
    return " ".join(inspect.signature(function).parameters)


def imported_modules(path):
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.ImportFrom):
            yield node.module or ""
        elif isinstance(node, ast.Import):
            yield from (name.name for name in node.names)


def is_private(module):
    return module.startswith(("dagster", "dagster_postgres.")) and (
        "._" in module or module.startswith("dagster_postgres.")
    )


def test_private_names_are_imported_in_one_module_only():
    others = [
        path for path in PACKAGE.rglob("*.py") if path != ONE_PLACE and any(map(is_private, imported_modules(path)))
    ]
    assert others == []


def test_every_private_name_is_known_to_this_test():
    assert set(dagster_private.__all__) == set(PARAMETERS) | set(ATTRIBUTES) | OTHER


def test_document_lists_every_private_name_and_its_users():
    modules, files = documented_names()
    assert modules == imported_names(ONE_PLACE)
    users = {path: imported_names(path).keys() for path in PACKAGE.rglob("*.py") if path != ONE_PLACE}
    for names, documented in files.items():
        assert {str(path.relative_to(PACKAGE)) for path, used in users.items() if used & set(names)} == documented


@pytest.mark.parametrize(("name", "expected"), PARAMETERS.items())
def test_private_name_takes_the_parameters_that_are_given(name, expected):
    assert parameters(getattr(dagster_private, name)) == expected


@pytest.mark.parametrize(("name", "attributes"), ATTRIBUTES.items())
def test_private_name_has_the_attributes_that_are_used(name, attributes):
    private = getattr(dagster_private, name)
    known = {*dir(private), *getattr(private, "__annotations__", {})}
    assert set(attributes.split()) <= known


@pytest.mark.parametrize(("owner", "method", "expected"), OVERRIDDEN)
def test_overridden_method_has_the_expected_parameters(owner, method, expected):
    assert expected in (None, parameters(getattr(owner, method)))


def test_classes_that_dagster_yaml_names_are_there():
    configured = yaml.safe_load((ROOT / "dagster.yaml").read_text(encoding="utf-8"))
    named = [configured["storage"]["custom"], configured["run_launcher"], configured["compute_logs"]]
    for each in named:
        assert hasattr(import_module(each["module"]), each["class"])
    assert storage.RosterStorage.__name__ == configured["storage"]["custom"]["class"]
