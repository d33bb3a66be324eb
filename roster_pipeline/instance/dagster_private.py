"""Imports every private name of Dagster that this project uses. No other module imports a private name.

Dagster may move or change each of them in any release. A test imports every name and compares its signature, so that it
fails at an upgrade that needs an adaptation. `docs/architecture.md` says what each name is used for.
"""

from dagster._config import UserConfigSchema
from dagster._core.code_pointer import ModuleCodePointer
from dagster._core.definitions.data_version import DATA_VERSION_TAG
from dagster._core.definitions.job_base import InMemoryJob
from dagster._core.definitions.repository_definition import SINGLETON_REPOSITORY_NAME
from dagster._core.execution.api import execute_run_iterator
from dagster._core.execution.plan.objects import ErrorSource, StepFailureData
from dagster._core.instance.ref import InstanceRef
from dagster._core.launcher.base import CheckRunHealthResult, LaunchRunContext, WorkerStatus
from dagster._core.launcher.default_run_launcher import DefaultRunLauncher
from dagster._core.origin import JobPythonOrigin, RepositoryPythonOrigin
from dagster._core.remote_origin import ManagedGrpcPythonEnvCodeLocationOrigin, RemoteRepositoryOrigin
from dagster._core.scheduler.instigation import InstigatorState, InstigatorTick, TickStatus
from dagster._core.storage.asset_check_execution_record import AssetCheckExecutionRecordStatus
from dagster._core.storage.event_log.schema import (
    AssetCheckExecutionsTable,
    AssetEventTagsTable,
    SqlEventLogStorageTable,
)
from dagster._core.storage.runs.schema import RunsTable, RunTagsTable
from dagster._core.storage.schedules.schema import JobTickTable
from dagster._core.types.loadable_target_origin import LoadableTargetOrigin
from dagster._grpc.impl import core_execute_run
from dagster._serdes import ConfigurableClassData, deserialize_value, serialize_value
from dagster._utils.hosted_user_process import recon_job_from_origin
from dagster._utils.interrupts import capture_interrupts
from dagster_postgres.utils import DagsterPostgresException

__all__ = [
    "DATA_VERSION_TAG",
    "SINGLETON_REPOSITORY_NAME",
    "AssetCheckExecutionRecordStatus",
    "AssetCheckExecutionsTable",
    "AssetEventTagsTable",
    "CheckRunHealthResult",
    "ConfigurableClassData",
    "DagsterPostgresException",
    "DefaultRunLauncher",
    "ErrorSource",
    "InMemoryJob",
    "InstanceRef",
    "InstigatorState",
    "InstigatorTick",
    "JobPythonOrigin",
    "JobTickTable",
    "LaunchRunContext",
    "LoadableTargetOrigin",
    "ManagedGrpcPythonEnvCodeLocationOrigin",
    "ModuleCodePointer",
    "RemoteRepositoryOrigin",
    "RepositoryPythonOrigin",
    "RunTagsTable",
    "RunsTable",
    "SqlEventLogStorageTable",
    "StepFailureData",
    "TickStatus",
    "UserConfigSchema",
    "WorkerStatus",
    "capture_interrupts",
    "core_execute_run",
    "deserialize_value",
    "execute_run_iterator",
    "recon_job_from_origin",
    "serialize_value",
]
