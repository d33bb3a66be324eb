"""Addresses that are equal but for case, dots, Unicode form or blanks, found by index."""

import sqlalchemy as sa
from alembic import op

revision = "0005"
down_revision = "0004"
branch_labels = None
depends_on = None

UNSEEN = (
    r"\u0001-\u0020\u007f-\u00a0\u00ad\u034f\u061c\u115f\u1160\u1680\u17b4\u17b5\u180b-\u180f\u2000-\u200f\u2028-\u202f"
    r"\u205f-\u206f\u2800\u3000\u3164\ufe00-\ufe0f\ufeff\uffa0\ufff0-\ufffb\U0001bca0-\U0001bca3\U0001d173-\U0001d17a\U000e0000-\U000e0fff"
)
"""White space, control characters and what Unicode lets a screen leave out (Default_Ignorable_Code_Point)."""


def upgrade() -> None:
    # The body is one expression, so that PostgreSQL puts it in place of the call: a call costs more than the work. Dots
    # go up to the first @, which takes the rest with it: a look ahead from every dot would be slow on a text of dots.
    # What has no @ is near nothing, and a key that is cut always fits into the index.
    op.execute(
        f"""
        create function roster.near_email(email text) returns text language sql immutable parallel safe
        return left(substring(
            lower(regexp_replace(
                regexp_replace(normalize(email, nfkc), '[{UNSEEN}]', '', 'g'), '\\.|(@.*)', '\\1', 'g'
            )) from '.+@.+'
        ), 320)
        """
    )
    # Accounts from Clever are linked already: a first sync of a hundred thousand adds nothing here.
    op.create_index(
        "accounts_near_email",
        "accounts",
        [sa.text("roster.near_email(email)")],
        schema="roster",
        postgresql_where=sa.text("not imported_from_clever and email is not null"),
    )
