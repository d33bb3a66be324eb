"""Alerts: what has changed of how each district fares, in a message, told once to a webhook or to the log.

A district is `failing` if its last sync failed, `held` while a plan of it waits for a person, and `snapshot` if the
last try to bring it into the analysts' file failed. All are read from the product's tables, whoever ran the sync;
`roster.alerts` is what was told. So what opened and recovered while nobody could be told is not told at all, and a
message whose answer got lost is told again. Counts and ids only, never who.
"""

from __future__ import annotations

import logging
import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from time import monotonic
from typing import Any, Literal

import httpx
import sqlalchemy as sa
from sqlalchemy import Connection, Engine
from sqlalchemy.dialects.postgresql import insert

from roster_pipeline.model.clock import CLOCK_TOLERANCE
from roster_pipeline.model.text import make_label
from roster_pipeline.product.connections import BRING_BACK
from roster_pipeline.product.database import transaction
from roster_pipeline.product.tables import TRIGGERS, alerts

Kind = Literal["failing", "held", "snapshot", "disconnected"]
TIMEOUT = 3.0
"""Seconds that the webhook may take to let us in, and again to answer."""
PATIENCE = 10.0
"""Seconds after which no more is sent in one go: other sensors wait for the same threads."""
LONGEST_NAME, LONGEST_CAUSE = 80, 400
NOT_STARTED = "not started"
UNKNOWN_CAUSES = ("killed", NOT_STARTED, "not published")
"""What stands in the place of a failure's line where no step could say why."""

# At INFO httpx logs the address of every request, and that of a webhook is a secret.
logging.getLogger("httpx").setLevel(logging.WARNING)

# While a sync runs nothing is known: its end decides, and so does the end of the one that takes a killed one's place.
# One that a person stopped says nothing at all.
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
            and id >= coalesce(told.sync_id, current.sync_id)
    """,
    "held": """
        -- The parts sum to what waits. A sync of a version that kept none has what each threshold counted.
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
SAYING: dict[tuple[Kind, bool], tuple[str, str | None]] = {
    ("failing", True): (
        "its syncs fail; what was published before stays",
        "look at run {run_id} in Dagster, then roster-pipeline sync --district {district_id}",
    ),
    ("failing", False): ("its syncs work again", None),
    ("held", True): (
        "a plan waits for a person; everything else is published",
        "roster-pipeline holds says why, and whether to approve {plan}, reject it or put the list right in Clever",
    ),
    ("held", False): ("no plan waits for a person any more", None),
    ("snapshot", True): (
        "the analysts' file (snapshots/latest.duckdb) could not be written, though the sync was published",
        "look at run {run_id} in Dagster, then roster-pipeline sync --district {district_id}, which writes it again",
    ),
    ("snapshot", False): ("the analysts' file is written again", None),
    ("disconnected", True): (
        "its connection is gone: Clever has not shown it to this app for an hour or more, and everything it has stays",
        BRING_BACK,
    ),
    ("disconnected", False): ("its connection is back, or an operator has ended it", None),
}
"""What is told of a kind that opened, or did not any more, and what to do next."""
GONE = ("Clever shows it to this app no more; everything that it has stays", BRING_BACK)
"""The same of a district that fails because its connection is gone."""


@dataclass(frozen=True)
class Change:
    """A district that fares differently from what was told of it last.

    Attributes:
        name: as Clever has it; text of others.
        is_open: whether it fails, or waits, now.
        sync_id: the sync that shows it; where nothing waits any more, the one whose plan did.
        plan: as `roster-pipeline holds` names it.
        counts: as they stand: failed syncs since it opened, or rows that wait, by part.
        cause: of a failing one, the line with which its last sync failed.
        is_missing: whether Clever's list of connections was last without the district.
    """

    kind: Kind
    organization_id: int
    district_id: str
    name: str
    is_open: bool
    sync_id: int
    run_id: str | None
    plan: str | None
    counts: dict[str, int]
    cause: str | None = None
    is_missing: bool = False


def changes_of(pg: Connection, kind: Kind) -> list[Change]:
    """The districts that fare differently from what was told, in the order of their ids."""
    rows = pg.execute(
        sa.text(f"""
            select organization.id, organization.clever_district_id, organization.name, current.is_open,
                sync.id, sync.dagster_run_id, current.plan, ({COUNTS[kind]}),
                case when sync.state = 'failed' then sync.counts ->> 'error' end, organization.missing_since is not null
            from ({STATES[kind]}) as current
            join roster.organizations as organization on organization.id = current.organization_id
            left join roster.alerts as told on told.organization_id = organization.id
                and told.kind = :kind and told.recovered_at is null
            left join roster.syncs as sync on sync.id = coalesce(current.sync_id, told.sync_id)
            where current.is_open <> (told.id is not null)
            order by organization.id
        """),
        {"kind": kind},
    )
    return [Change(kind, *row) for row in rows]


def message_of(change: Change) -> dict[str, Any]:
    """What is posted: `text` in one line, as chat programs show it, and the same in fields."""
    is_gone = change.kind == "failing" and change.is_open and change.is_missing
    what, then = GONE if is_gone else SAYING[change.kind, change.is_open]
    then = then and then.format(run_id=change.run_id, district_id=change.district_id, plan=change.plan)
    name = _plain(change.name)
    counted = ", ".join(f"{part.replace('_', ' ')}: {count:,}" for part, count in sorted(change.counts.items()))
    cause = None if is_gone or change.cause in UNKNOWN_CAUSES else change.cause
    cause = cause and _plain(cause, LONGEST_CAUSE)
    if change.kind == "held" and len(change.counts) > 1:
        counted += f"; {sum(change.counts.values()):,} in all"
    text = f"{name} ({change.district_id}): {what}{f' ({counted})' if counted else ''}."
    text += f" Cause: {cause}" if cause else ""
    return {
        "text": f"{text} Next: {then}" if then else text,
        "kind": change.kind,
        "state": "opened" if change.is_open else "recovered",
        "district_id": change.district_id,
        "district": name,
        "sync_id": change.sync_id,
        "run_id": change.run_id,
        "plan": change.plan,
        "counts": change.counts,
        "cause": cause,
        "next": then,
    }


def _plain(text: str, longest: int = LONGEST_NAME) -> str:
    """The text without what chat programs take for a link, a mention or layout."""
    kept = r"[^\w .,'()&-]+" if longest == LONGEST_NAME else r"[^\w .,;:/%=…'()&-]+"
    return make_label(re.sub(kept, " ", text), longest)


def tell(
    engine: Engine, kinds: Sequence[Kind], webhook: str | None, log: logging.Logger, at: datetime
) -> tuple[int, int]:
    """Tell every change of these kinds, to the log without a webhook; returns how many were told and how many wait.

    What the webhook did not take waits for the next call, and the log says so once, without its address.
    """
    with transaction(engine) as pg:
        changes = [change for kind in kinds for change in changes_of(pg, kind)]
    told, until = 0, monotonic() + PATIENCE
    try:
        for change in changes:
            if monotonic() > until:
                break
            _say(message_of(change), webhook, log)
            with transaction(engine) as pg:
                _remember(pg, change, at)
            told += 1
    except (httpx.HTTPError, httpx.InvalidURL) as error:
        # The words of these errors hold the address.
        why = f"HTTP {error.response.status_code}" if isinstance(error, httpx.HTTPStatusError) else type(error).__name__
        log.warning(f"The webhook did not take an alert ({why}); {len(changes) - told} wait and are tried again.")
    return told, len(changes) - told


def _say(message: dict[str, Any], webhook: str | None, log: logging.Logger) -> None:
    if webhook is None:
        log.warning(message["text"])
        return
    # The answer's body is not read: it could go on for ever.
    with httpx.stream("POST", webhook, json=message, timeout=TIMEOUT) as answer:
        answer.raise_for_status()


def _remember(pg: Connection, change: Change, at: datetime) -> None:
    if change.is_open:
        opened = {"organization_id": change.organization_id, "kind": change.kind, "sync_id": change.sync_id}
        pg.execute(insert(alerts).values(**opened, opened_at=at).on_conflict_do_nothing())
        return
    ours = (alerts.c.organization_id == change.organization_id, alerts.c.kind == change.kind)
    pg.execute(alerts.update().where(*ours, alerts.c.recovered_at.is_(None)).values(recovered_at=at))


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
    """Keep a run that failed before it could begin a sync as a sync that failed, with the line that says why.

    It failed at `at`, or now if that is ahead of now.

    Not if it says nothing: the district may not be synced, fails already, or was or is being synced by another run.
    """
    known = trigger if trigger in TRIGGERS else "manual"
    times = {"at": min(at, now), "latest": now + CLOCK_TOLERANCE}
    values = {"district_id": district_id, "run_id": run_id, "trigger": known, **times}
    values |= {"error": failure or NOT_STARTED}
    pg.execute(sa.text(UNSTARTED), values)
