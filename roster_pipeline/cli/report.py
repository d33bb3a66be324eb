"""What came of a run, read back from where it was written, and how it is shown."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import asdict, dataclass, field
from typing import TYPE_CHECKING, Any

import duckdb
import sqlalchemy as sa

from roster_pipeline.cli.screen import say, show_table
from roster_pipeline.cli.waiting import show_waiting
from roster_pipeline.errors import PlanStale
from roster_pipeline.explain.district_file import Unread, open_file
from roster_pipeline.explain.freshness import hops_words
from roster_pipeline.model.entities import END, INSERT, RESTORE, UPDATE
from roster_pipeline.model.plan import PREVIEW_SYNC_ID, HeldPart
from roster_pipeline.plan.build import load_plan
from roster_pipeline.plan.impact import describe_impact
from roster_pipeline.plan.summary import summarize
from roster_pipeline.product.database import open_product, transaction
from roster_pipeline.product.organizations import Clock, find_organization
from roster_pipeline.product.tables import identity_links, syncs
from roster_pipeline.settings import Settings
from roster_pipeline.syncs.holds import is_rejected

if TYPE_CHECKING:
    from roster_pipeline.defs.launch import Ended

HELD_EXIT, CANCELED_EXIT = 3, 130
Counts = Mapping[str, Mapping[str, int]]
SHOWN = {
    "schools": "schools",
    "accounts": "accounts",
    "org_memberships": "organization members",
    "school_memberships": "school members",
    "rosters": "classes",
    "roster_teachers": "class teachers",
    "roster_students": "class students",
    "pending_members": "awaited members",
    "reviews": "reviews",
}


@dataclass(frozen=True)
class Report:
    """One district's outcome.

    Attributes:
        state: `published`, `held`, `planned` or `failed`.
        run_id: of Dagster; none where no run could be begun.
        sync_id: the number that `undo` takes; none where nothing was published.
        mode: `full` or `delta`, with the reason why; none where nothing was published.
        rules: links made by this sync, by rule (`email`, `created`).
        why: of a plan that is only looked at: why a part of it would wait.
        leaves: and what that is, by name of school and class.
        is_rejected: a person rejected what is held, so it waits for no decision.
        summary: what changed and what waits, in words.
        clock: when the district's data last made each hop to the product.
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
    clock: Clock | None = None

    def as_json(self) -> dict[str, Any]:
        return asdict(self)


def read_report(settings: Settings, district_id: str, ended: Ended, *, published: bool) -> Report:
    """What the run wrote, as it stands in the product; of a plan, as it stands in the district's file."""
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
        clock=organization.clock,
    )


@contextmanager
def planned_file(settings: Settings, district_id: str) -> Iterator[duckdb.DuckDBPyConnection]:
    """The copy of the district's file with the plan that was only looked at, kept from syncs as long as it is open.

    Raises:
        PlanStale: a sync of the district has begun since.
    """
    with (
        transaction(open_product(settings)) as pg,
        open_file(pg, settings.districts_folder, district_id, is_preview=True) as con,
    ):
        if isinstance(con, Unread) or load_plan(con).sync_id != PREVIEW_SYNC_ID:
            raise PlanStale(
                f"A sync of district {district_id} began before its plan could be shown. Ask again when it has ended."
            )
        yield con


def _planned(settings: Settings, district_id: str, name: str, ended: Ended) -> Report:
    with planned_file(settings, district_id) as con:
        plan, leaves = load_plan(con), describe_impact(con)
        with transaction(open_product(settings)) as pg:
            rejected = is_rejected(pg, plan.organization_id, plan.held_digest)
        summary = summarize(con, plan, is_rejected=rejected)
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


def show_reports(reports: Sequence[Report]) -> None:
    """A paragraph a district: what was created, changed, brought back, ended, and what waits."""
    for report in reports:
        number = f", sync {report.sync_id}" if report.sync_id else ""
        say("", f"{report.name} ({report.district_id}): {report.state}{number}")
        if report.mode:
            say(f"A {report.mode} sync: {report.mode_reason}.")
        told = [row for row in (_row(report, entity, noun) for entity, noun in SHOWN.items()) if any(row[1:])]
        if told:
            say(f"{'A sync would do this: ' * (report.state == 'planned')}{report.summary or ''}")
            held = "kept" if report.is_rejected else "waiting"
            show_table(None, ["", "new", "changed", "back", "ended", held], [_blank(row) for row in told])
        elif not report.failure:
            would = "would change" if report.state == "planned" else "changed"
            say(f"Nothing {would}: the product already equals the feed.")
        if report.rules:
            linked, created = report.rules.get("email", 0), report.rules.get("created", 0)
            say(f"{linked:,} linked to an account they already had, {created:,} accounts created.")
        if report.clock:
            say(f"{hops_words(report.clock)}.")
        if report.held:
            _say_what_waits(report)
        if report.counts.get("reviews"):
            say("People whose identity somebody has to look at: roster-pipeline reviews")


def _say_what_waits(report: Report) -> None:
    if report.why:
        show_waiting([asdict(one) for one in report.why], report.leaves)
    if report.is_rejected:
        say("A person rejected this. A sync keeps it, until Clever shows something else.")
    elif report.why:
        say("A sync would keep what waits until a person has looked, and publish the rest.")
    elif report.state == "held":
        say("Waiting removals are kept until a person has looked: roster-pipeline holds")
    else:
        say("A person rejected what waits: it is kept, and nobody is asked again until Clever shows something else.")


def _row(report: Report, entity: str, noun: str) -> tuple[str, int, int, int, int, int]:
    ops = report.counts.get(entity, {})
    waiting = sum(report.held.get(entity, {}).values())
    return (noun, ops.get(INSERT, 0), ops.get(UPDATE, 0), ops.get(RESTORE, 0), ops.get(END, 0), waiting)


def _blank(row: tuple[str, int, int, int, int, int]) -> tuple[str, ...]:
    return (row[0], *(f"{count:,}" if count else "" for count in row[1:]))
