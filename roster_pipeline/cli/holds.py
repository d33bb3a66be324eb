"""The commands holds, approve and reject: the changes on hold, and the decision about them."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Annotated, Any, Literal

import sqlalchemy as sa
import typer

from roster_pipeline.cli.corrections import current_user
from roster_pipeline.cli.screen import AsJson, complain, say, show_json
from roster_pipeline.cli.sync import finish, renew_after, run_districts, worst
from roster_pipeline.cli.waiting import describe_held, show_held, show_people
from roster_pipeline.corrections.run import hold_district
from roster_pipeline.errors import PlanStale
from roster_pipeline.explain.held_people import find_people_on_hold
from roster_pipeline.messages import operator
from roster_pipeline.model.plan import FEED_INCOMPLETE
from roster_pipeline.product.busy import write_under_lock
from roster_pipeline.product.database import open_product, transaction
from roster_pipeline.settings import Settings, read_settings
from roster_pipeline.syncs.held_plans import HeldPlan, list_held_plans
from roster_pipeline.syncs.holds import decide_plan, find_plan, read_hold_state
from roster_pipeline.syncs.library_requests import read_library_teacher
from roster_pipeline.syncs.lifecycle import require_syncable

PlanName = Annotated[
    str, typer.Argument(metavar="PLAN", help="The name of the plan, as roster-pipeline holds shows it.")
]
By = Annotated[str | None, typer.Option(help="Who decides; by default the user of this machine.")]


def register(app: typer.Typer) -> None:
    app.command("holds")(holds)
    app.command("approve")(approve)
    app.command("reject")(reject)


def holds(
    people: Annotated[bool, typer.Option("--people", help="Name the people too. No other command does.")] = False,  # noqa: FBT002
    as_json: AsJson = False,  # noqa: FBT002 - a flag of the command line
) -> None:
    """Show the plans on hold: what would leave which schools and classes, and why. The rest is published."""
    settings = read_settings()
    plans = _open_plans(settings)
    if people:
        plans = [_with_people(settings, plan) for plan in plans]
    if as_json:
        show_json(plans)
        return
    if not plans:
        say(operator.text("No changes are waiting for approval."))
    for plan in plans:
        _show_plan(plan)


def approve(plan: PlanName, by: By = None, as_json: AsJson = False) -> int:  # noqa: FBT002 - a flag of the command line
    """Approve exactly this plan. The district is read again, and the plan is published if nothing has changed since.

    Exit: 0 published · 5 stale: Clever or the product has changed since, so it was not applied · 4 Clever not usable ·
    6 PostgreSQL not usable · 2 no evidence that what would be removed is gone.
    """
    settings = read_settings()
    if not as_json:
        _name_plan(settings, plan)
    hold = _decide(settings, plan, "approved", by)
    code = worst(finish(run_districts(settings, [hold.district_id]), as_json=as_json), renew_after(settings))
    with transaction(open_product(settings)) as pg:
        state = read_hold_state(pg, hold.id)
    if state == "stale":
        complain(
            operator.text(
                "Plan {plan} is stale: Clever or the product has changed since. It was not applied.",
                plan=hold.plan_digest[:12],
            )
        )
        return PlanStale.exit_code
    if code:
        complain(
            operator.text(
                "The approval stays valid. The next sync of the district applies it, if nothing has changed by then."
            )
        )
    return code


def reject(plan: PlanName, by: By = None, as_json: AsJson = False) -> None:  # noqa: FBT002 - a flag of the command line
    """Reject a plan: keep everything that it would remove, and do not ask again about the same changes."""
    hold = _decide(read_settings(), plan, "rejected", by)
    if as_json:
        show_json({"plan": hold.plan_digest, "state": "rejected"})
    else:
        name = hold.plan_digest[:12]
        say(operator.text("Plan {plan} is rejected, so the data stays. Correct it in Clever.", plan=name))
        say(operator.text("If that was a mistake: roster-pipeline approve {plan}", plan=name))


def _decide(settings: Settings, plan: str, decision: Literal["approved", "rejected"], by: str | None) -> sa.Row[Any]:
    engine, decided_by = open_product(settings), by or current_user()
    with transaction(engine) as pg:
        hold = find_plan(pg, plan)
        if read_library_teacher(pg, hold.sync_id) is not None:
            # The plan waits for its teacher, and no command could apply it.
            require_syncable(pg, hold.district_id, "cli")
    with hold_district(engine, hold.district_id, warn=complain) as lock:
        return write_under_lock(
            engine, lock, lambda pg: decide_plan(pg, plan, decision, decided_by=decided_by, at=datetime.now(UTC))
        )


def _name_plan(settings: Settings, name: str) -> None:
    """Print what the approval of a plan does, before it is done."""
    with transaction(open_product(settings)) as pg:
        digest = find_plan(pg, name).plan_digest
    for plan in _open_plans(settings):
        if digest.startswith(plan["plan"]):
            values = {key: plan[key] for key in ("plan", "district", "district_id")}
            say(operator.text("Approving plan {plan} of {district} ({district_id}):", **values))
            for line in describe_held(plan):
                say(f"  {line}")
            say(operator.text("The district is read again first. The plan is applied only if nothing has changed."))


def _open_plans(settings: Settings) -> list[dict[str, Any]]:
    """Return an entry for each plan on hold: `parts` that sum to `total`, and the `thresholds` that were crossed."""
    with transaction(open_product(settings)) as pg:
        return [_entry(plan) for plan in list_held_plans(pg)]


def _entry(plan: HeldPlan) -> dict[str, Any]:
    return {
        "plan": plan.name,
        "district_id": plan.district_id,
        "district": plan.district,
        "sync_id": plan.sync_id,
        "held_at": plan.held_at,
        "time_zone": plan.time_zone,
        **{key: plan.impact.get(key) for key in ("sentence", "total", "parts")},
        "reasons": plan.reasons,
        "thresholds": list(plan.thresholds),
        "leaves": plan.impact,
    }


def _with_people(settings: Settings, entry: dict[str, Any]) -> dict[str, Any]:
    """Return a plan with the people it concerns, if this machine can name them."""
    people = find_people_on_hold(open_product(settings), settings.districts_folder, entry["district_id"], entry["plan"])
    unknown: dict[str, Any] = {"people": None, "renamed": None}
    return entry | (people or unknown)


def _show_plan(plan: dict[str, Any]) -> None:
    """Show one plan: why it is held, what would leave which schools and classes, and who, if that was read."""
    time = operator.time(plan["held_at"], plan["time_zone"], datetime.now(UTC))
    values = {key: plan[key] for key in ("plan", "district", "district_id", "sync_id")}
    heading = operator.text(
        "Plan {plan} of {district} ({district_id}), put on hold by sync {sync_id} on {time}", time=time, **values
    )
    say("", heading)
    show_held(plan["thresholds"], plan["leaves"])
    if "people" in plan:
        _show_people(plan)
    say(operator.text("Everything else of that sync is published."))
    if FEED_INCOMPLETE in plan["reasons"]:
        say(
            operator.text(
                "It cannot be approved until the list is correct again in Clever. "
                "The next sync then decides about the rest."
            )
        )
        say(operator.text("To keep the data and not be asked again: roster-pipeline reject {plan}", plan=plan["plan"]))
    else:
        say(
            operator.text(
                "Action needed: roster-pipeline approve {plan} publishes it, "
                "roster-pipeline reject {plan} keeps the data.",
                plan=plan["plan"],
            )
        )


def _show_people(plan: dict[str, Any]) -> None:
    if plan["people"] is not None:
        show_people(plan)
        return
    say(
        operator.text(
            "This machine cannot name the people now: it has no data of this plan, or a sync is using it. Run "
            "roster-pipeline plan --district {district_id} first.",
            district_id=plan["district_id"],
        )
    )
