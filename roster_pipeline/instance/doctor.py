"""Checks everything that a sync needs: settings, versions, disk, database, clock, Clever and Dagster's storage.

No check changes anything. A check that fails raises an error of this project, whose message has the remedy.
"""

from __future__ import annotations

import platform
import shutil
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import partial
from importlib.metadata import requires, version
from typing import Literal

import sqlalchemy as sa

from roster_pipeline.clever import clever_access
from roster_pipeline.errors import CannotStart, HomeUnwritable, RosterError
from roster_pipeline.extract.client import CleverClient
from roster_pipeline.extract.patience import FOR_TEACHERS
from roster_pipeline.instance.dagster_schema import find_dagster_place, open_engine, setting_of
from roster_pipeline.instance.record_pruning import has_records
from roster_pipeline.messages import operator
from roster_pipeline.privacy.policy import read_policy
from roster_pipeline.product.diagnosis import describe_clock, describe_grants, describe_tables, open_unmigrated
from roster_pipeline.settings import Settings, read_settings

PACKAGE = "roster-pipeline"
MIN_FREE_GB = 1
"""The free space below which a sync of a large district may fail."""
HEARTBEAT_MAX_AGE = timedelta(minutes=5)
"""The age of the last report of the daemon from which it counts as stopped. It reports twice a minute."""
Subject = Literal["settings", "versions", "disk", "database", "grants", "clock", "clever", "dagster", "daemon"]


@dataclass(frozen=True)
class Finding:
    """The result of one check.

    Attributes:
        message: the facts. For a check that failed: what is wrong and what to do.
        exit_code: 0 if the check passed, else the exit code of its error.
    """

    subject: Subject
    message: str
    exit_code: int = 0


def diagnose(now: Callable[[], datetime]) -> Iterator[Finding]:
    """Yield the result of each check. Checks that need something that failed are left out."""
    try:
        settings = read_settings()
    except RosterError as error:
        yield Finding("settings", str(error), error.exit_code)
        return
    yield _check("settings", partial(describe_settings, settings))
    yield _check("versions", describe_versions)
    yield _check("disk", partial(describe_disk, settings))
    yield from _check_product(settings, now)
    yield _check("clever", partial(describe_clever, settings))
    yield from _check_dagster(settings, now)


def _check(subject: Subject, describe: Callable[[], str]) -> Finding:
    """Return the facts of a check, or its error."""
    try:
        return Finding(subject, describe())
    except RosterError as error:
        return Finding(subject, str(error), error.exit_code)


def _check_product(settings: Settings, now: Callable[[], datetime]) -> Iterator[Finding]:
    try:
        with open_unmigrated(settings) as pg:
            tables = _check("database", partial(describe_tables, pg))
            yield tables
            if not tables.exit_code:
                yield _check("grants", partial(describe_grants, pg))
            yield _check("clock", lambda: describe_clock(pg, now()))
    except RosterError as error:
        yield Finding("database", str(error), error.exit_code)


def _check_dagster(settings: Settings, now: Callable[[], datetime]) -> Iterator[Finding]:
    try:
        place = find_dagster_place(settings)
        if place is None:
            yield Finding("dagster", operator.text("Dagster has no tables yet. The first sync creates them."))
            return
        with open_engine(place, setting_of(settings)) as dagster:
            has_records(dagster)
            yield Finding("dagster", operator.text("The version of Dagster's tables is known."))
            yield _check("daemon", lambda: describe_daemon(dagster, now()))
    except RosterError as error:
        yield Finding("dagster", str(error), error.exit_code)


def describe_settings(settings: Settings) -> str:
    """Return where the data is and where alerts go.

    Raises:
        SettingRefused: the file of the retention periods is malformed.
    """
    read_policy(settings)
    home = settings.home.resolve()
    if settings.alert_webhook_url:
        return operator.text("ROSTER_HOME is {home}. Alerts go to the webhook.", home=home)
    return operator.text("ROSTER_HOME is {home}. Alerts go to the log: ROSTER_ALERT_WEBHOOK_URL is not set.", home=home)


def describe_versions() -> str:
    """Return the versions of the main programs.

    Raises:
        CannotStart: a package has another version than the one that this version was tested with.
    """
    pins = (requirement.split("==") for requirement in requires(PACKAGE) or () if _is_pin(requirement))
    for name, pin in pins:
        if version(name) != pin:
            raise CannotStart(
                operator.text(
                    "{name} has version {version}, and this version of roster-pipeline needs {pin}. Install "
                    "roster-pipeline again with its constraints.txt.",
                    name=name,
                    version=version(name),
                    pin=pin,
                )
            )
    programs = {"Python": platform.python_version(), "Dagster": version("dagster"), "DuckDB": version("duckdb")}
    others = operator.join([f"{name} {number}" for name, number in programs.items()])
    return operator.text("roster-pipeline {version}; {others}", version=version(PACKAGE), others=others)


def _is_pin(requirement: str) -> bool:
    """Return whether a requirement, which is always needed, names one version."""
    return "==" in requirement and ";" not in requirement


def describe_disk(settings: Settings) -> str:
    """Return the free space of ROSTER_HOME.

    Raises:
        HomeUnwritable: there is too little of it.
    """
    usage = shutil.disk_usage(settings.home)
    space = {"free": usage.free / 10**9, "total": usage.total / 10**9}
    if usage.free < MIN_FREE_GB * 10**9:
        raise HomeUnwritable(
            operator.text(
                "The disk of ROSTER_HOME has {free:,.1f} GB free of {total:,.0f}, and syncs need {least} GB. "
                "Free disk space.",
                least=MIN_FREE_GB,
                **space,
            )
        )
    return operator.text("The disk of ROSTER_HOME has {free:,.1f} GB free of {total:,.0f}.", **space)


def describe_clever(settings: Settings) -> str:
    """Return how many districts Clever shows.

    Raises:
        SettingRefused: the client id or secret is not set.
        SourceUnusable: Clever does not answer or refuses the credentials.
    """
    with CleverClient(clever_access(settings), patience=FOR_TEACHERS) as clever:
        districts = len(clever.shared_districts())
    if not districts:
        return operator.text("Clever shows no district to this app. A district has to accept the app in Clever first.")
    return operator.count("Clever shows {n:,} district.", "Clever shows {n:,} districts.", districts)


def describe_daemon(dagster: sa.Engine, now: datetime) -> str:
    """Return when the daemon of Dagster reported last.

    Raises:
        CannotStart: it has reported before, and does not any more.
    """
    newest = sa.select(sa.func.max(sa.column("timestamp", sa.DateTime))).select_from(sa.table("daemon_heartbeats"))
    with dagster.connect() as connection:
        reported_at: datetime | None = connection.execute(newest).scalar()
    if reported_at is None:
        return operator.text(
            "The daemon of Dagster has never run. Without it nothing starts at night (docs/operations.md)."
        )
    age = now - reported_at.replace(tzinfo=UTC)
    if age > HEARTBEAT_MAX_AGE:
        raise CannotStart(
            operator.text(
                "The daemon of Dagster reported last at {at:%Y-%m-%d %H:%M} UTC, so it has stopped and nothing starts "
                "at night. Start it again (docs/operations.md).",
                at=reported_at,
            )
        )
    return operator.text("The daemon of Dagster runs.")
