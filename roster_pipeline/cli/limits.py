"""The command limits: how much a sync may change without approval."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, fields
from typing import Annotated

import typer

from roster_pipeline.cli.screen import AsJson, complain, show_json, show_table
from roster_pipeline.cli.sync import OneDistrict
from roster_pipeline.corrections.run import hold_district
from roster_pipeline.errors import CannotStart
from roster_pipeline.messages import operator
from roster_pipeline.model.limits import Limits
from roster_pipeline.product.busy import write_under_lock
from roster_pipeline.product.database import open_product, transaction
from roster_pipeline.product.organizations import read_limits, set_limits
from roster_pipeline.settings import read_settings

LIMITS = {
    "class_removals": operator.mark("a class would lose more than {percent}"),
    "school_removals": operator.mark("a school would lose more than {percent}"),
    "district_removals": operator.mark("the district would lose more than {percent} in one sync"),
    "window_removals": operator.mark("the district would lose more than {percent} within 7 days"),
    "district_updates": operator.mark("more than {percent} of the district's names or emails would change"),
}
LIMIT_FLOORS = {
    "class_at_least": operator.plural("and the class at least {n:,} person", "and the class at least {n:,} people"),
    "school_at_least": operator.plural("and the school at least {n:,} person", "and the school at least {n:,} people"),
}


def register(app: typer.Typer) -> None:
    app.command("limits")(limits)


def limits(
    district: OneDistrict,
    change: Annotated[
        list[str] | None, typer.Option("--set", metavar="NAME=VALUE", help="A limit, such as district_removals=25%.")
    ] = None,
    once: Annotated[bool, typer.Option("--once", help="For the next plan only.")] = False,  # noqa: FBT002
    as_json: AsJson = False,  # noqa: FBT002 - a flag of the command line
) -> None:
    """Show or change how much a sync may remove without approval, for good or for the next plan only."""
    changes = dict(parse_limit(text) for text in change or ())
    engine = open_product(read_settings())
    if changes:
        with hold_district(engine, district, warn=complain) as lock:
            write_under_lock(engine, lock, lambda pg: set_limits(pg, district, changes, once=once))
    with transaction(engine) as pg:
        own, raised = read_limits(pg, district)
    effective = {**asdict(Limits()), **own, **raised}
    if as_json:
        show_json({"district_id": district, "limits": effective, "own": own, "once": raised})
        return
    rows = [(name, _show_limit(name, effective), _origin(name, own, raised)) for name in effective]
    title = operator.text("Limits of district {district_id}", district_id=district)
    show_table(title, [operator.text("limit"), operator.text("a sync holds changes if"), operator.text("set")], rows)


def parse_limit(text: str) -> tuple[str, float]:
    """Return one `NAME=VALUE`: a share such as `0.25` or `25%`, or for `..._at_least` a number of rows.

    Raises:
        CannotStart: there is no such limit, or the value is none of these.
    """
    name, _, value = text.partition("=")
    types = {field.name: field.type for field in fields(Limits)}
    if name not in types:
        raise CannotStart(
            operator.text("There is no limit {name}. Limits: {limits}.", name=name, limits=", ".join(types))
        )
    is_number = name.endswith("_at_least")
    try:
        number = int(value) if is_number else _parse_share(value)
    except ValueError:
        number = -1
    if number >= 0 and (is_number or number <= 1):
        return name, number
    if is_number:
        raise CannotStart(operator.text("{name} must be a whole number, such as 5.", name=name))
    raise CannotStart(operator.text("{name} must be between 0 and 1 (0.25 = 25%).", name=name))


def _parse_share(text: str) -> float:
    return float(text[:-1]) / 100 if text.endswith("%") else float(text)


def _show_limit(name: str, limits: Mapping[str, float]) -> str:
    if name not in LIMITS:
        return operator.count(*LIMIT_FLOORS[name], int(limits[name]))
    return operator.text(LIMITS[name], percent=_show_percent(limits[name]))


def _show_percent(share: float) -> str:
    return f"{share * 100:.4g}%"


def _origin(name: str, own: Mapping[str, float], once: Mapping[str, float]) -> str:
    if name in once:
        return operator.text("next plan only")
    return operator.text("for this district") if name in own else operator.text("default")
