"""The name of an account on the page. An admin whom an email made has none until the first login."""

from __future__ import annotations

import sqlalchemy as sa

from roster_pipeline.messages import product
from roster_pipeline.product.tables import accounts

NAMELESS = product.mark("Person {number}")
"""Stands for a person of whom Clever shares no name. The number is that of the account."""


def select_name(*, shows_email: bool, account: sa.FromClause = accounts) -> sa.ColumnElement[str]:
    """Return the expression for the name of an account.

    Args:
        shows_email: use the email of an account without a name, for a reader who may see it. Otherwise the name of
            such an account is an empty text.
    """
    name = sa.func.concat_ws(" ", account.c.first_name, account.c.last_name)
    return sa.func.coalesce(sa.func.nullif(name, ""), account.c.email, "") if shows_email else name
