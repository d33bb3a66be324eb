"""Runs the `.sql` files of the migrations."""

from __future__ import annotations

from importlib.resources import files

from alembic import op
from sqlalchemy import Connection

FOLDER = files("roster_pipeline.product") / "migrations" / "sql"
REPEATED_FILES = (
    "functions.sql",
    "roles.sql",
    "triggers.sql",
    "record_triggers.sql",
    "term_triggers.sql",
    "directory.sql",
    "native_classes.sql",
    "page_role.sql",
    "identify_role.sql",
)
"""The files that every upgrade runs, in this order. A change of a file needs a revision, which may
be empty. Its `sql_digest` names the state of all files (CONTRIBUTING.md#migrations)."""


def run_sql_file(name: str, connection: Connection | None = None) -> None:
    """Execute a file.

    Args:
        connection: where to execute it. A revision leaves it out and uses the connection of Alembic.
    """
    text = (FOLDER / name).read_text(encoding="utf-8")
    # Without parameters the driver sends the statements of the file together and leaves each % alone.
    (connection or op.get_bind()).exec_driver_sql(text, execution_options={"no_parameters": True})
