"""Sends one alert when a district begins to fail or a plan of it is put on hold, and one when that ends.

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
from roster_pipeline.model.queries import load_query
from roster_pipeline.product.database import transaction
from roster_pipeline.product.tables import TRIGGERS, alerts, syncs
from roster_pipeline.syncs.alert_messages import Change, Kind, build_message

TIMEOUT_SECONDS = 3.0
"""Seconds that the webhook may take to accept the connection, and again to answer."""
MAX_SENDING_SECONDS = 10.0
"""Seconds after which one call sends no further alert. Other sensors wait for the same threads."""
NOT_STARTED = "not started"
"""The failure of a run that ended before it began a sync, if the cause is unknown."""

# At INFO httpx logs the URL of every request, and the URL of the webhook is a secret.
logging.getLogger("httpx").setLevel(logging.WARNING)


def find_changes(pg: Connection, kind: Kind) -> list[Change]:
    """Return the districts whose state differs from the last alert, in the order of their ids."""
    rows = pg.execute(sa.text(load_query("syncs", "alert_changes")), {"kind": kind})
    return [Change(**row) for row in rows.mappings()]


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
    sent, until = 0, monotonic() + MAX_SENDING_SECONDS
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
    """Send a message to the webhook, or write it to the log if there is no webhook."""
    if webhook is None:
        log.warning(message["text"])
        return
    # The body of the answer is not read, because it could be endless.
    with httpx.stream("POST", webhook, json=message, timeout=TIMEOUT_SECONDS) as answer:
        answer.raise_for_status()


def _record_alert(pg: Connection, change: Change, at: datetime) -> None:
    """Record that the alert about a change was sent."""
    if change.is_open:
        opened = {"organization_id": change.organization_id, "kind": change.kind, "sync_id": change.sync_id}
        pg.execute(insert(alerts).values(**opened, opened_at=at).on_conflict_do_nothing())
        return
    own = (alerts.c.organization_id == change.organization_id, alerts.c.kind == change.kind)
    pg.execute(alerts.update().where(*own, alerts.c.recovered_at.is_(None)).values(recovered_at=at))


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
    columns = ("organization_id", "dagster_run_id", "trigger", "state", "counts", "started_at", "finished_at")
    query = sa.text(load_query("syncs", "unstarted_sync")).columns(*(syncs.c[name] for name in columns))
    pg.execute(syncs.insert().from_select(columns, query), values)
