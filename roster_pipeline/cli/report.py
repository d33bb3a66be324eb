"""The outcome of a run: reads it from where the run wrote it, and shows it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field
from datetime import datetime
from typing import TYPE_CHECKING, Any

import sqlalchemy as sa

from roster_pipeline.cli.screen import say, show_table
from roster_pipeline.cli.waiting import show_held
from roster_pipeline.explain.freshness import describe_freshness
from roster_pipeline.explain.preflight import open_preview
from roster_pipeline.messages import operator, product
from roster_pipeline.messages.times import DEFAULT_TIME_ZONE
from roster_pipeline.model.entities import END, INSERT, RESTORE, UPDATE
from roster_pipeline.model.plan import HeldPart
from roster_pipeline.plan.build import load_plan
from roster_pipeline.plan.impact import describe_impact
from roster_pipeline.plan.summary import summarize
from roster_pipeline.product.database import open_product, transaction
from roster_pipeline.product.organizations import Freshness, find_organization
from roster_pipeline.product.tables import identity_links, syncs
from roster_pipeline.settings import Settings
from roster_pipeline.syncs.holds import is_rejected

if TYPE_CHECKING:
    from roster_pipeline.defs.launch import Ended

HELD_EXIT, CANCELED_EXIT = 3, 130
Counts = Mapping[str, Mapping[str, int]]
ENTITY_NAMES = {
    "schools": operator.mark("schools"),
    "terms": operator.mark("terms"),
    "courses": operator.mark("courses"),
    "accounts": operator.mark("accounts"),
    "org_memberships": operator.mark("district members"),
    "school_memberships": operator.mark("school members"),
    "rosters": operator.mark("classes"),
    "roster_teachers": operator.mark("class teachers"),
    "roster_students": operator.mark("class students"),
    "pending_members": operator.mark("pending members"),
    "reviews": operator.mark("accounts to review"),
}
COLUMNS = (operator.mark("new"), operator.mark("changed"), operator.mark("re-added"), operator.mark("ended"))
STATES = {
    "published": operator.mark("published"),
    "held": operator.mark("published, with a part on hold"),
    "planned": operator.mark("preview, nothing was changed"),
    "failed": operator.mark("failed"),
}
MODES = {"full": operator.mark("Full sync: {reason}."), "delta": operator.mark("Delta sync: {reason}.")}


@dataclass(frozen=True)
class Report:
    """The outcome of a run for one district.

    Attributes:
        state: `published`, `held`, `planned` or `failed`.
        run_id: the run in Dagster; None if no run could be started.
        sync_id: the number that `undo` takes; None if nothing was published.
        mode: `full` or `delta`; None if nothing was published. `mode_reason` says why.
        rules: how many links this sync made, by rule (`email`, `created`).
        why: of a preview: the thresholds that would hold a part of it.
        leaves: of a preview: what is held, by name of school and class.
        is_rejected: a person rejected what is held, so no decision is needed.
        summary: what changed and what is held, in words.
        freshness: when the data last moved on each hop.
        time_zone: the time zone in which people of the district read times; not part of the JSON.
    """

    district_id: str
    name: str
    run_id: str | None
    state: str
    exit_code: int
    failure: str | None = None
    sync_id: int | None = None
    mode: str | None = None
    mode_reason: str | None = None
    counts: Counts = field(default_factory=dict)
    held: Counts = field(default_factory=dict)
    rules: Mapping[str, int] = field(default_factory=dict)
    why: tuple[HeldPart, ...] = ()
    leaves: Mapping[str, Any] = field(default_factory=dict)
    is_rejected: bool = False
    summary: str | None = None
    freshness: Freshness | None = None
    time_zone: str = DEFAULT_TIME_ZONE

    def as_json(self) -> dict[str, Any]:
        return {key: value for key, value in asdict(self).items() if key != "time_zone"}


def read_report(settings: Settings, district_id: str, ended: Ended, *, published: bool) -> Report:
    """Return what a run wrote: from the product, or from the file of a preview."""
    with transaction(open_product(settings)) as pg:
        organization = find_organization(pg, district_id)
        name = organization.name
        if ended.failure:
            return Report(district_id, name, ended.run_id, "failed", ended.exit_code, ended.failure)
        if not published:
            return _planned(settings, district_id, name, ended)
        row = pg.execute(sa.select(syncs).where(syncs.c.dagster_run_id == ended.run_id)).one()
        rules = pg.execute(
            sa.select(identity_links.c.rule, sa.func.count())
            .where(identity_links.c.sync_id == row.id)
            .group_by(identity_links.c.rule)
        ).all()
    return Report(
        district_id,
        name,
        ended.run_id,
        row.state,
        HELD_EXIT if row.state == "held" else 0,
        sync_id=row.id,
        mode=row.mode,
        mode_reason=row.mode_reason,
        counts=row.counts["changes"],
        held=row.counts["held"],
        rules={str(rule): int(count) for rule, count in rules},
        summary=row.counts.get("summary"),
        freshness=organization.freshness,
        time_zone=organization.time_zone,
    )


def _planned(settings: Settings, district_id: str, name: str, ended: Ended) -> Report:
    with open_preview(settings, district_id) as con:
        plan, leaves = load_plan(con), describe_impact(con)
        with transaction(open_product(settings)) as pg:
            rejected = is_rejected(pg, plan)
        summary = summarize(con, plan, is_published=False, is_rejected=rejected)
    return Report(
        district_id,
        name,
        ended.run_id,
        "planned",
        HELD_EXIT if plan.held and not rejected else 0,
        counts=plan.counts,
        held=plan.held_counts,
        why=plan.held,
        leaves=leaves,
        is_rejected=rejected,
        summary=summary,
    )


def show_reports(reports: Sequence[Report], now: datetime) -> None:
    """Show a paragraph for each district: what was created, changed, brought back and ended, and what is on hold."""
    for report in reports:
        _show_report(report, now)


def _show_report(report: Report, now: datetime) -> None:
    say("", _heading(report))
    if report.mode:
        say(operator.text(MODES[report.mode], reason=report.mode_reason))
    rows = [row for row in (_row(report, entity) for entity in ENTITY_NAMES) if any(row[1:])]
    if rows:
        say(report.summary or "")
        show_table(None, _columns(report), [_blank_zeros(row) for row in rows])
    elif not report.failure:
        say(operator.text("No changes. Everything already matches Clever."))
    if report.rules:
        matched, created = report.rules.get("email", 0), report.rules.get("created", 0)
        matches = operator.count(
            "{n:,} person matched to an existing account", "{n:,} people matched to existing accounts", matched
        )
        accounts = operator.count("{n:,} new account", "{n:,} new accounts", created)
        say(f"{matches}; {accounts}.")
    if report.freshness:
        say(describe_freshness(report.freshness, product().local(report.time_zone, now)))
    if report.held:
        _say_what_is_held(report)
    if report.counts.get("reviews"):
        say(operator.text("Accounts to review: roster-pipeline reviews"))


def _heading(report: Report) -> str:
    values = {
        "district": report.name,
        "district_id": report.district_id,
        "state": operator.text(STATES[report.state]) if report.state in STATES else report.state,
    }
    if report.sync_id is None:
        return operator.text("{district} ({district_id}): {state}", **values)
    return operator.text("{district} ({district_id}): {state}, sync {sync}", sync=report.sync_id, **values)


def _columns(report: Report) -> list[str]:
    last = operator.text("kept") if report.is_rejected else operator.text("on hold")
    return ["", *(operator.text(column) for column in COLUMNS), last]


def _say_what_is_held(report: Report) -> None:
    if report.why:
        show_held([asdict(held) for held in report.why], report.leaves)
    if report.is_rejected:
        say(operator.text("These removals were rejected. A sync keeps the data until Clever sends something else."))
    elif report.why:
        say(operator.text("A sync would put these changes on hold until someone approves them, and publish the rest."))
    elif report.state == "held":
        say(operator.text("Action needed: approve or reject what is on hold. See roster-pipeline holds"))
    else:
        say(
            operator.text(
                "The removals were rejected. The data is kept, and nobody is asked again "
                "until Clever sends something else."
            )
        )


def _row(report: Report, entity: str) -> tuple[str, int, int, int, int, int]:
    counts, held = report.counts.get(entity, {}), sum(report.held.get(entity, {}).values())
    name = operator.text(ENTITY_NAMES[entity])
    return (name, counts.get(INSERT, 0), counts.get(UPDATE, 0), counts.get(RESTORE, 0), counts.get(END, 0), held)


def _blank_zeros(row: tuple[str, int, int, int, int, int]) -> tuple[str, ...]:
    return (row[0], *(f"{count:,}" if count else "" for count in row[1:]))
