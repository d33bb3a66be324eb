"""The tables of schema `current` in a district's DuckDB file.

The PostgreSQL query `dbt_like_sql/current/<table>.sql` fills each table. Of an account of another organization no value
that names a person is copied.
"""

from __future__ import annotations

from dataclasses import dataclass

from roster_pipeline.model.queries import load_query
from roster_pipeline.model.whole_queries import describe_query, load_whole_query

FOLDER = "current"
STATE_COLUMNS = {"is_ended": "BOOLEAN", "is_native": "BOOLEAN", "version": "VARCHAR"}
"""The last columns of every table. `version` is `xmin` of PostgreSQL, which changes when the row is written."""


@dataclass(frozen=True)
class CurrentTable:
    """One table of schema `current`.

    Attributes:
        name: The table, and the file of its query.
        columns: The DuckDB type of each column, in the order of the query.
    """

    name: str
    columns: dict[str, str]

    @property
    def description(self) -> str:
        """The description of the rows of the table."""
        return describe_query(FOLDER, self.name)

    def query(self, *, is_delta: bool) -> str:
        """Return the query of the rows in the affected set of a delta sync, or of all rows."""
        return load_query(FOLDER, self.name) if is_delta else load_whole_query(FOLDER, self.name)


def _table(name: str, columns: str) -> CurrentTable:
    typed = dict(column.rpartition(" ")[::2] for column in columns.split(", "))
    return CurrentTable(name, typed | STATE_COLUMNS)


FOREIGN_IDS = _table("foreign_ids", "resource VARCHAR, clever_id VARCHAR")
CURRENT_TABLES: tuple[CurrentTable, ...] = (
    _table(
        "accounts",
        "account_id BIGINT, role VARCHAR, first_name VARCHAR, last_name VARCHAR, email VARCHAR, clever_email VARCHAR, "
        "imported_from_clever BOOLEAN, grade VARCHAR, linked_clever_id VARCHAR, linked_sis_id VARCHAR, "
        "reopens_for VARCHAR, is_linked_here BOOLEAN, is_linked_elsewhere BOOLEAN, "
        "is_member_elsewhere BOOLEAN, is_admin_elsewhere BOOLEAN, is_admin_here BOOLEAN, "
        "is_other_disconnected BOOLEAN, is_other_name_different BOOLEAN",
    ),
    _table(
        "near_accounts",
        "email VARCHAR, nfkc_email VARCHAR, linked_by VARCHAR, account_id BIGINT, account_email VARCHAR, "
        "nfkc_account_email VARCHAR, first_name VARCHAR, last_name VARCHAR, role VARCHAR",
    ),
    _table("identity_links", "clever_id VARCHAR, account_id BIGINT"),
    _table(
        "schools",
        "school_id VARCHAR, name VARCHAR, sis_id VARCHAR, nces_id VARCHAR, low_grade VARCHAR, high_grade VARCHAR",
    ),
    _table("terms", "term_id VARCHAR, name VARCHAR, start_date DATE, end_date DATE"),
    _table("courses", "course_id VARCHAR, number VARCHAR, name VARCHAR"),
    _table("org_memberships", "account_id BIGINT, clever_id VARCHAR, role VARCHAR"),
    _table(
        "school_memberships",
        "school_id VARCHAR, account_id BIGINT, clever_id VARCHAR, role VARCHAR, is_primary BOOLEAN",
    ),
    _table(
        "rosters",
        "section_id VARCHAR, school_id VARCHAR, name VARCHAR, subject VARCHAR, grade VARCHAR, period VARCHAR, "
        "term_name VARCHAR, term_id VARCHAR, course_id VARCHAR",
    ),
    _table("roster_teachers", "section_id VARCHAR, account_id BIGINT, clever_id VARCHAR, is_primary BOOLEAN"),
    _table("roster_students", "section_id VARCHAR, account_id BIGINT, clever_id VARCHAR"),
    _table("pending_members", "section_id VARCHAR, clever_id VARCHAR, role VARCHAR"),
    _table("reviews", "clever_id VARCHAR, reason VARCHAR, account_id BIGINT"),
    FOREIGN_IDS,
)
