"""The tables of the snapshot.

The PostgreSQL query `dbt_like_sql/snapshot/<table>.sql` reads the rows of each table. `touched_<table>.sql` finds the
keys of rows that may differ from the snapshot, by the journal of the syncs that the snapshot has not seen. The product
deletes no row that has a key here, so the product still has the row of every touched key. The queries of `VIEWS` are of
DuckDB, and analysts run them.
"""

from __future__ import annotations

from dataclasses import dataclass

from roster_pipeline.model.queries import load_query
from roster_pipeline.model.whole_queries import load_whole_query

FOLDER = "snapshot"


@dataclass(frozen=True)
class SnapshotTable:
    """One table of the snapshot.

    Attributes:
        name: The view. Its rows stand in `<name>_history`.
        key: The columns that identify a row of one district.
        columns: The DuckDB type of each column, in the order of the query.
    """

    name: str
    key: tuple[str, ...]
    columns: dict[str, str]

    def query(self, *, is_whole: bool) -> str:
        """Return the query of all rows, or of the rows whose key is in temporary table `touched_<name>`."""
        return load_whole_query(FOLDER, self.name) if is_whole else load_query(FOLDER, self.name)

    @property
    def touched_query(self) -> str:
        """Return the query of the keys of rows that may differ from the snapshot."""
        return load_query(FOLDER, f"touched_{self.name}")


def _table(name: str, key: str, columns: str) -> SnapshotTable:
    typed = dict(column.rpartition(" ")[::2] for column in columns.split(", "))
    return SnapshotTable(name, tuple(key.split(", ")), typed)


ROW_TABLES: tuple[SnapshotTable, ...] = (
    _table(
        "districts",
        "organization_id",
        "organization_id BIGINT, name VARCHAR, tier VARCHAR, time_zone VARCHAR, last_clever_sync_at TIMESTAMPTZ, "
        "last_read_at TIMESTAMPTZ, last_full_read_at TIMESTAMPTZ, last_published_at TIMESTAMPTZ",
    ),
    _table(
        "schools",
        "school_id",
        "school_id VARCHAR, name VARCHAR, sis_id VARCHAR, nces_id VARCHAR, low_grade VARCHAR, high_grade VARCHAR",
    ),
    _table(
        "people",
        "account_id",
        "account_id BIGINT, clever_id VARCHAR, role VARCHAR, first_name VARCHAR, last_name VARCHAR, email VARCHAR, "
        "grade VARCHAR",
    ),
    _table(
        "school_memberships",
        "school_id, account_id",
        "school_id VARCHAR, account_id BIGINT, clever_id VARCHAR, role VARCHAR, is_primary BOOLEAN",
    ),
    _table(
        "rosters",
        "roster_id",
        "roster_id BIGINT, section_id VARCHAR, school_id VARCHAR, name VARCHAR, subject VARCHAR, grade VARCHAR, "
        "period VARCHAR, term_name VARCHAR",
    ),
    _table(
        "enrollments",
        "roster_id, account_id, role",
        "roster_id BIGINT, section_id VARCHAR, account_id BIGINT, clever_id VARCHAR, role VARCHAR, is_primary BOOLEAN",
    ),
)
SYNCS = _table(
    "syncs",
    "id",
    "id BIGINT, mode VARCHAR, trigger VARCHAR, state VARCHAR, started_at TIMESTAMPTZ, finished_at TIMESTAMPTZ, "
    "counts JSON, uid VARCHAR",
)
TABLES = (*ROW_TABLES, SYNCS)
VIEWS = ("freshness", "students_without_class", "movers", "daily_changes")
"""The views of `dbt_like_sql/snapshot/views`, which answer questions from the tables."""
