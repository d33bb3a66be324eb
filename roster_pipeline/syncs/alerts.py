"""Send one alert when a district begins to fail or to wait for a decision, and one when that ends.

A district is `failing` if its last sync failed, `held` while a plan of it is on hold, `snapshot` if the last write of
it to the analysts' database failed, and `disconnected` if Clever no longer shows it. Each state is read from the
product's tables, whichever process ran the sync. `roster.alerts` records the alerts that were sent. A state that began
and ended while no alert could be sent is not reported. An alert is sent again if the answer of the webhook was lost.
"""

from __future__ import annotations

import logging
from collections.abc import Sequence
from datetime import datetime
from time import monotonic
from typing import Any

import httpx
import sqlalchemy as sa
from sqlalchemy import Connection, Engine
from sqlalchemy.dialects.postgresql import insert

from roster_pipeline.model.clock import CLOCK_TOLERANCE
from roster_pipeline.product.database import transaction
from roster_pipeline.product.tables import TRIGGERS, alerts
from roster_pipeline.syncs.alert_messages import Change, Kind, build_message

TIMEOUT = 3.0
"""Seconds that the webhook may take to accept the connection, and again to answer."""
PATIENCE = 10.0
"""Seconds after which one call sends no further alert. Other sensors wait for the same threads."""
NOT_STARTED = "not started"
"""The failure of a run that ended before it began a sync, if the cause is unknown."""

# At INFO httpx logs the URL of every request, and the URL of the webhook is a secret.
logging.getLogger("httpx").setLevel(logging.WARNING)

# `is_open` is null while a sync runs, because only the end of the sync decides. A canceled sync does not count.
STATES: dict[Kind, str] = {
    "failing": """
        select organization.id as organization_id, nullif(last.state, 'running') = 'failed' as is_open,
            last.id as sync_id, null as plan
        from roster.organizations as organization
        cross join lateral (
            select id, state from roster.syncs
            where organization_id = organization.id and mode not in ('resolve', 'undo') and state <> 'canceled'
            order by id desc limit 1
        ) as last
    """,
    "held": """
        select organization.id as organization_id, count(hold.id) > 0 as is_open,
            max(hold.sync_id) as sync_id, max(left(hold.plan_digest, 12)) as plan
        from roster.organizations as organization
        left join roster.holds as hold on hold.organization_id = organization.id and hold.state = 'open'
        group by organization.id
    """,
    "snapshot": """
        select organization.id as organization_id, organization.snapshot_failure is not null as is_open,
            last.id as sync_id, null as plan
        from roster.organizations as organization
        cross join lateral (
            select id from roster.syncs
            where organization_id = organization.id and mode not in ('resolve', 'undo')
            order by id desc limit 1
        ) as last
    """,
    "disconnected": """
        select organization.id as organization_id,
            organization.state = 'disconnected' and organization.operator_disconnected_at is null as is_open,
            last.id as sync_id, null as plan
        from roster.organizations as organization
        cross join lateral (
            select id from roster.syncs where organization_id = organization.id
            order by id desc limit 1
        ) as last
    """,
}
COUNTS: dict[Kind, str] = {
    "failing": """
        select jsonb_build_object('failed_syncs', count(*)) from roster.syncs
        where organization_id = current.organization_id and state = 'failed'
            and id >= coalesce(alert.sync_id, current.sync_id)
    """,
    "held": """
        -- The parts sum to the held changes. An older sync stored no parts, so the counts of its thresholds are used.
        select case when current.is_open then coalesce(
            sync.counts -> 'leaves' -> 'parts', jsonb_object_agg(part, removals), '{}'
        ) else '{}' end from (
            select counts ->> 'part' as part, sum((counts ->> 'removals')::bigint) as removals
            from roster.holds where organization_id = current.organization_id and state = 'open' group by 1
        ) as parts
    """,
    "snapshot": "select '{}'::jsonb",
    "disconnected": "select '{}'::jsonb",
}


def find_changes(pg: Connection, kind: Kind) -> list[Change]:
    """Return the districts whose state differs from the last alert, in the order of their ids."""
    rows = pg.execute(
        sa.text(f"""
            select organization.id, organization.clever_district_id, organization.name, current.is_open,
                sync.id, sync.dagster_run_id, current.plan, ({COUNTS[kind]}),
                case when sync.state = 'failed' then sync.counts ->> 'error' end, organization.missing_since is not null
            from ({STATES[kind]}) as current
            join roster.organizations as organization on organization.id = current.organization_id
            left join roster.alerts as alert on alert.organization_id = organization.id
                and alert.kind = :kind and alert.recovered_at is null
            left join roster.syncs as sync on sync.id = coalesce(current.sync_id, alert.sync_id)
            where current.is_open <> (alert.id is not null)
            order by organization.id
        """),
        {"kind": kind},
    )
    return [Change(kind, *row) for row in rows]


def send_alerts(
    engine: Engine, kinds: Sequence[Kind], webhook: str | None, log: logging.Logger, at: datetime
) -> tuple[int, int]:
    """Send an alert for every change of these kinds. Without a webhook the alerts go to the log.

    An alert that the webhook does not accept waits for the next call. The log says so once, without the URL.

    Returns:
        The number of alerts that were sent, and the number that wait.
    """
    with transaction(engine) as pg:
        changes = [change for kind in kinds for change in find_changes(pg, kind)]
    sent, until = 0, monotonic() + PATIENCE
    try:
        for change in changes:
            if monotonic() > until:
                break
            _send(build_message(change), webhook, log)
            with transaction(engine) as pg:
                _record_alert(pg, change, at)
            sent += 1
    except (httpx.HTTPError, httpx.InvalidURL) as error:
        # The text of these errors has the URL.
        why = f"HTTP {error.response.status_code}" if isinstance(error, httpx.HTTPStatusError) else type(error).__name__
        log.warning("The webhook did not accept an alert (%s). Alerts to send again: %d.", why, len(changes) - sent)
    return sent, len(changes) - sent


def _send(message: dict[str, Any], webhook: str | None, log: logging.Logger) -> None:
    if webhook is None:
        log.warning(message["text"])
        return
    # The body of the answer is not read, because it could be endless.
    with httpx.stream("POST", webhook, json=message, timeout=TIMEOUT) as answer:
        answer.raise_for_status()


def _record_alert(pg: Connection, change: Change, at: datetime) -> None:
    if change.is_open:
        opened = {"organization_id": change.organization_id, "kind": change.kind, "sync_id": change.sync_id}
        pg.execute(insert(alerts).values(**opened, opened_at=at).on_conflict_do_nothing())
        return
    own = (alerts.c.organization_id == change.organization_id, alerts.c.kind == change.kind)
    pg.execute(alerts.update().where(*own, alerts.c.recovered_at.is_(None)).values(recovered_at=at))


UNSTARTED = """
    insert into roster.syncs (organization_id, dagster_run_id, trigger, state, counts, started_at, finished_at)
    select organization.id, :run_id, :trigger, 'failed', jsonb_build_object('error', cast(:error as text)), :at, :at
    from roster.organizations as organization
    left join lateral (
        select state, finished_at from roster.syncs
        where organization_id = organization.id and mode not in ('resolve', 'undo')
        order by id desc limit 1
    ) as last on true
    where organization.clever_district_id = :district_id
        and organization.state <> 'paused' and organization.operator_disconnected_at is null
        and organization.tier <> 'sso_only'
        and not exists (select from roster.syncs where dagster_run_id = :run_id)
        and (last.state is null or last.state not in ('running', 'failed')
            and (last.finished_at < :at or last.finished_at > :latest))
"""


def record_unstarted(
    pg: Connection,
    district_id: str,
    *,
    run_id: str,
    trigger: str,
    at: datetime,
    now: datetime,
    failure: str | None = None,
) -> None:
    """Record a run that failed before it began a sync as a failed sync.

    Nothing is recorded if the district may not be synced, is failing already, or another run syncs it or has synced it
    since.

    Args:
        at: the time of the failure. A time ahead of `now` counts as `now`.
        failure: the cause in one line without a value of any row.
    """
    known_trigger = trigger if trigger in TRIGGERS else "manual"
    times = {"at": min(at, now), "latest": now + CLOCK_TOLERANCE}
    values = {"district_id": district_id, "run_id": run_id, "trigger": known_trigger, **times}
    values |= {"error": failure or NOT_STARTED}
    pg.execute(sa.text(UNSTARTED), values)
