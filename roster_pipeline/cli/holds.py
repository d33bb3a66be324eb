"""holds, approve, reject, limits: removals that wait for a person, and how many may go without one."""

from __future__ import annotations

from dataclasses import asdict, fields
from datetime import UTC, datetime
from functools import partial
from itertools import groupby
from typing import Annotated, Any

import sqlalchemy as sa
import typer
from sqlalchemy import Connection

from roster_pipeline.cli.corrections import alone_with, whoever_asks
from roster_pipeline.cli.screen import AsJson, complain, say, show_json, show_table
from roster_pipeline.cli.sync import OneDistrict, finish, run_districts
from roster_pipeline.cli.waiting import show_people, show_waiting, waiting_words
from roster_pipeline.errors import CannotStart, PlanStale
from roster_pipeline.explain.district_file import Unread, despite_damage, open_file
from roster_pipeline.model.limits import Limits
from roster_pipeline.model.plan import FEED_INCOMPLETE
from roster_pipeline.plan.build import load_plan
from roster_pipeline.plan.impact import list_affected_people
from roster_pipeline.product.busy import write_product
from roster_pipeline.product.database import open_product, transaction
from roster_pipeline.product.organizations import read_limits, set_limits
from roster_pipeline.product.tables import holds as holds_table
from roster_pipeline.product.tables import organizations, syncs
from roster_pipeline.settings import Settings, read_settings
from roster_pipeline.syncs.holds import decide_hold, find_plan, hold_state

PlanName = Annotated[str, typer.Argument(metavar="PLAN", help="As roster-pipeline holds names it.")]
By = Annotated[str | None, typer.Option(help="Who decides; the user of this machine if not given.")]


def register(app: typer.Typer) -> None:
    app.command("holds")(holds)
    app.command("approve")(approve)
    app.command("reject")(reject)
    app.command("limits")(limits)


def holds(
    people: Annotated[bool, typer.Option("--people", help="Name the people too; here and nowhere else.")] = False,  # noqa: FBT002
    as_json: AsJson = False,  # noqa: FBT002 - a flag of the command line
) -> None:
    """Plans that wait: what would leave which schools and classes, and why it was held. The rest is published."""
    settings = read_settings()
    plans = _open_plans(settings)
    if people:
        plans = [_with_people(settings, plan) for plan in plans]
    if as_json:
        show_json(plans)
        return
    if not plans:
        say("Plans that wait: none.")
    for plan in plans:
        _show_plan(plan)


def approve(plan: PlanName, by: By = None, as_json: AsJson = False) -> int:  # noqa: FBT002 - a flag of the command line
    """Let exactly this plan happen: the district is read again, and if nothing has moved, what waits is published.

    Exit: 0 published · 5 stale: Clever or the product has moved, so it was not applied · 4 Clever not usable ·
    6 PostgreSQL not usable · 2 no proof that what would leave is gone.
    """
    settings = read_settings()
    if not as_json:
        _name_plan(settings, plan)
    hold = _decide(settings, plan, "approved", by)
    code = finish(run_districts(settings, [hold.district_id]), as_json=as_json)
    with transaction(open_product(settings)) as pg:
        state = hold_state(pg, hold.id)
    if state == "stale":
        complain(f"Plan {hold.plan_digest[:12]} is stale: Clever or the product has moved since. It was not applied.")
        return PlanStale.exit_code
    if code:
        complain("The approval stays: the next sync of the district applies it, if nothing has moved by then.")
    return code


def reject(plan: PlanName, by: By = None, as_json: AsJson = False) -> None:  # noqa: FBT002 - a flag of the command line
    """Keep everything that this plan would remove, and do not ask again for the same."""
    hold = _decide(read_settings(), plan, "rejected", by)
    if as_json:
        show_json({"plan": hold.plan_digest, "state": "rejected"})
    else:
        say(f"Plan {hold.plan_digest[:12]} is rejected: everything stays. Put it right in Clever.")
        say(f"If that was a mistake: roster-pipeline approve {hold.plan_digest[:12]}")


def limits(
    district: OneDistrict,
    change: Annotated[
        list[str] | None, typer.Option("--set", metavar="NAME=VALUE", help="A limit, such as district_removals=0.25.")
    ] = None,
    once: Annotated[bool, typer.Option("--once", help="For the next plan only; then it falls back.")] = False,  # noqa: FBT002
    as_json: AsJson = False,  # noqa: FBT002 - a flag of the command line
) -> None:
    """How much may leave the district without a person; change it for good, or for one plan."""
    wanted = dict(_limit(one) for one in change or ())
    engine = open_product(read_settings())
    if wanted:
        with alone_with(engine, district):
            write_product(engine, lambda pg: set_limits(pg, district, wanted, once=once))
    with transaction(engine) as pg:
        own, raised = read_limits(pg, district)
    effective = {**asdict(Limits()), **own, **raised}
    if as_json:
        show_json({"district_id": district, "limits": effective, "own": own, "once": raised})
        return
    rows = [
        (name, value, "next plan only" if name in raised else "own" if name in own else "default")
        for name, value in effective.items()
    ]
    show_table(f"Limits of district {district}", ["limit", "value", "from"], rows)


def _limit(text: str) -> tuple[str, float]:
    """One `NAME=VALUE`: a share from 0 to 1, or for `..._at_least` a number of rows."""
    name, _, value = text.partition("=")
    known = {one.name: one.type for one in fields(Limits)}
    if name not in known:
        raise CannotStart(f"There is no limit {name}. Limits: {', '.join(known)}.")
    try:
        number = int(value) if name.endswith("_at_least") else float(value)
    except ValueError:
        number = -1
    if number < 0 or (number > 1 and not name.endswith("_at_least")) or number != number:
        raise CannotStart(f"Limit {name} takes a share from 0 to 1, or for ..._at_least a number of rows.")
    return name, number


def _decide(settings: Settings, plan: str, decision: str, by: str | None) -> sa.Row[Any]:
    engine = open_product(settings)
    with transaction(engine) as pg:
        hold = find_plan(pg, plan)

    def decide(pg: Connection) -> sa.Row[Any]:
        hold = find_plan(pg, plan)  # as the sync has left it that was running
        decide_hold(pg, hold, decision, decided_by=by or whoever_asks(), at=datetime.now(UTC))
        return hold

    with alone_with(engine, hold.district_id):
        return write_product(engine, decide)


def _name_plan(settings: Settings, name: str) -> None:
    """Say what approving a plan does, before it is done."""
    with transaction(open_product(settings)) as pg:
        digest = find_plan(pg, name).plan_digest
    for plan in _open_plans(settings):
        if digest.startswith(plan["plan"]):
            say(f"Approving plan {plan['plan']} of {plan['district']} ({plan['district_id']}), which does this:")
            for words in waiting_words(plan):
                say(f"  {words}")
            say("The district is read again first; it is done only if nothing has moved.")


def _open_plans(settings: Settings) -> list[dict[str, Any]]:
    """One entry a plan that waits: what waits in parts that sum to `total`, and the `thresholds` that were crossed."""
    together = groupby(_open_holds(settings), key=lambda row: (row["district_id"], row["plan"]))
    return [_plan(list(rows)) for _, rows in together]


def _plan(rows: list[dict[str, Any]]) -> dict[str, Any]:
    first, leaves = rows[0], rows[0]["leaves"] or {}
    thresholds = [{"hold": row["id"], "reason": row["reason"], **row["counts"]} for row in rows]
    return {
        **{key: first[key] for key in ("plan", "district_id", "district", "sync_id", "held_at")},
        **{key: leaves.get(key) for key in ("sentence", "total", "parts")},
        "reasons": list(dict.fromkeys(row["reason"] for row in rows)),
        "thresholds": thresholds,
        "leaves": leaves,
    }


def _open_holds(settings: Settings) -> list[dict[str, Any]]:
    table = holds_table.c
    query = (
        sa.select(
            table.id,
            sa.func.left(table.plan_digest, 12).label("plan"),
            organizations.c.clever_district_id.label("district_id"),
            organizations.c.name.label("district"),
            table.sync_id,
            syncs.c.finished_at.label("held_at"),
            table.reason,
            table.counts,
            syncs.c.counts["leaves"].label("leaves"),
        )
        .join_from(holds_table, organizations, table.organization_id == organizations.c.id)
        .join(syncs, syncs.c.id == table.sync_id)
        .where(table.state == "open")
        .order_by(organizations.c.id, table.id)
    )
    with transaction(open_product(settings)) as pg:
        return [dict(row) for row in pg.execute(query).mappings()]


def _with_people(settings: Settings, row: dict[str, Any]) -> dict[str, Any]:
    """With who would leave, from the district's file on this machine or a preview of it, if it has this plan."""
    for is_preview in (False, True):
        people = despite_damage(partial(_people_of, settings, row["district_id"], row["plan"], is_preview=is_preview))
        if people is not None:
            return row | people
    return row | {"people": None, "renamed": None}


def _people_of(settings: Settings, district_id: str, plan: str, *, is_preview: bool) -> dict[str, Any] | None:
    """Whom a plan is about, if a file has it as its last one."""
    with (
        transaction(open_product(settings)) as pg,
        open_file(pg, settings.districts_folder, district_id, is_preview=is_preview) as con,
    ):
        if isinstance(con, Unread):
            return None
        try:
            return list_affected_people(con) if load_plan(con).held_digest.startswith(plan) else None
        except PlanStale:
            return None


def _show_plan(plan: dict[str, Any]) -> None:
    """One plan: why it waits, what would leave which schools and classes, and who if that was asked for."""
    name, when = plan["plan"], f"{plan['held_at']:%Y-%m-%d %H:%M} UTC"
    say("", f"Plan {name} of {plan['district']} ({plan['district_id']}), held by sync {plan['sync_id']} at {when}")
    show_waiting(plan["thresholds"], plan["leaves"])
    if "people" in plan:
        _show_people(plan)
    say("Everything else of that sync is published.")
    if FEED_INCOMPLETE in plan["reasons"]:
        say(
            "It cannot be approved until the list is right again in Clever; the next sync then asks about what is left."
        )
        say(f"To be asked no more about the same: roster-pipeline reject {name}.")
    else:
        say(f"To let it happen: roster-pipeline approve {name}. To keep everything: roster-pipeline reject {name}.")


def _show_people(row: dict[str, Any]) -> None:
    if row["people"] is None:
        say(
            "Who they are is in the district's file of the machine that synced last; here there is none, it is of "
            f"another plan, or a sync has it now: roster-pipeline plan --district {row['district_id']}, then ask again."
        )
    else:
        show_people(row)
