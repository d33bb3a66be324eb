"""holds, reviews: what waits for a person."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import sqlalchemy as sa
import typer

from roster_pipeline.cli.screen import AsJson, say, show_json, show_table
from roster_pipeline.product.database import open_product, transaction
from roster_pipeline.product.tables import holds as holds_table
from roster_pipeline.product.tables import organizations
from roster_pipeline.product.tables import reviews as reviews_table
from roster_pipeline.settings import read_settings


def register(app: typer.Typer) -> None:
    app.command("holds")(holds)
    app.command("reviews")(reviews)


def holds(as_json: AsJson = False) -> None:  # noqa: FBT002 - a flag of the command line
    """Plans that wait: which removals of which district, and why."""
    table = holds_table.c
    rows = _open(
        sa.select(table.id, organizations.c.clever_district_id.label("district_id"), table.reason, table.counts)
        .join_from(holds_table, organizations, table.organization_id == organizations.c.id)
        .where(table.state == "open")
        .order_by(table.id)
    )
    _show(rows, "Plans that wait", as_json=as_json)


def reviews(as_json: AsJson = False) -> None:  # noqa: FBT002 - a flag of the command line
    """People that wait: whose identity somebody has to look at, by Clever id, and why."""
    table = reviews_table.c
    rows = _open(
        sa.select(
            table.id,
            organizations.c.clever_district_id.label("district_id"),
            table.clever_id,
            table.reason,
            table.evidence,
        )
        .join_from(reviews_table, organizations, table.organization_id == organizations.c.id)
        .where(table.state == "open")
        .order_by(table.id)
    )
    _show(rows, "People that wait", as_json=as_json)


def _open(query: sa.Select[Any]) -> list[dict[str, Any]]:
    with transaction(open_product(read_settings())) as pg:
        return [dict(row) for row in pg.execute(query).mappings()]


def _show(rows: Sequence[dict[str, Any]], title: str, *, as_json: bool) -> None:
    if as_json:
        show_json(rows)
    elif rows:
        show_table(title, list(rows[0]), [tuple(row.values()) for row in rows])
    else:
        say(f"{title}: none.")
