"""The tables of the snapshot.

A pass reads the rows that may differ from the file. `dbt_like_sql/snapshot/touched_<table>.sql` finds their keys by the
journal of the syncs that the file has not seen, and `<table>.sql` selects the versions of these rows since then. The
product deletes no row that has a key here, so it still has the row of every touched key. All these queries are of
PostgreSQL. The queries of `VIEWS` are of DuckDB, and analysts run them.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace

from roster_pipeline.model.queries import load_query

FOLDER = "snapshot"
IDENTIFYING = frozenset({"account_id", "clever_id", "first_name", "last_name", "email"})
"""The columns about a person that the identified file alone has. `person_id` stands for them in both files."""
ORGANIZATION = {"organization_id": "BIGINT"}
MADE = ("person_id", "key_fingerprint")
"""The columns that come from the keys and not from PostgreSQL."""


@dataclass(frozen=True)
class SnapshotTable:
    """One table of the snapshot.

    Attributes:
        name: The view. Its rows stand in `<name>_history`.
        key: The columns that identify a row of one district.
        columns: The DuckDB type of each column. Without `person_id`, which the pass makes from `account_id`, they are
            those of the query, in its order.
    """

    name: str
    key: tuple[str, ...]
    columns: dict[str, str]

    @property
    def query(self) -> str:
        """Return the query of the rows to write, with the organization of each row."""
        return load_query(FOLDER, self.name)

    @property
    def read_columns(self) -> dict[str, str]:
        """Return the columns of the query without the times."""
        return ORGANIZATION | {name: kind for name, kind in self.columns.items() if name not in MADE}

    @property
    def touched_columns(self) -> dict[str, str]:
        """Return the columns of `touched_<name>`."""
        names = ("account_id" if name == "person_id" else name for name in self.key)
        return ORGANIZATION | {name: self.columns[name] for name in names}

    @property
    def has_people(self) -> bool:
        """Return whether the rows are about people."""
        return "person_id" in self.columns

    def without_identity(self) -> SnapshotTable:
        """Return the table as the pseudonymous file has it."""
        return replace(self, columns={name: kind for name, kind in self.columns.items() if name not in IDENTIFYING})


def pack(columns: Iterable[str]) -> str:
    """Return the expression of one value that has some columns of a row, so that rows of all tables look the same."""
    packed = ", ".join(f"{name} := {name}" for name in columns)
    return f"struct_pack({packed})"


def _table(name: str, key: str, columns: str) -> SnapshotTable:
    typed = dict(column.rpartition(" ")[::2] for column in columns.split(", "))
    return SnapshotTable(name, tuple(key.split(", ")), typed)


DISTRICTS = _table(
    "districts",
    "organization_id",
    "organization_id BIGINT, name VARCHAR, tier VARCHAR, time_zone VARCHAR, last_clever_sync_at TIMESTAMPTZ, "
    "last_read_at TIMESTAMPTZ, last_full_read_at TIMESTAMPTZ, last_published_at TIMESTAMPTZ, key_fingerprint VARCHAR",
)
ROW_TABLES: tuple[SnapshotTable, ...] = (
    _table(
        "schools",
        "school_id",
        "school_id VARCHAR, name VARCHAR, sis_id VARCHAR, nces_id VARCHAR, low_grade VARCHAR, high_grade VARCHAR",
    ),
    _table(
        "people",
        "person_id",
        "person_id VARCHAR, account_id BIGINT, clever_id VARCHAR, role VARCHAR, first_name VARCHAR, last_name VARCHAR, "
        "email VARCHAR, grade VARCHAR",
    ),
    _table(
        "school_memberships",
        "school_id, person_id",
        "school_id VARCHAR, person_id VARCHAR, account_id BIGINT, clever_id VARCHAR, role VARCHAR, is_primary BOOLEAN",
    ),
    _table("terms", "term_id", "term_id VARCHAR, name VARCHAR, start_date DATE, end_date DATE"),
    _table("courses", "course_id", "course_id VARCHAR, number VARCHAR, name VARCHAR"),
    _table(
        "rosters",
        "roster_id",
        "roster_id BIGINT, section_id VARCHAR, school_id VARCHAR, name VARCHAR, subject VARCHAR, grade VARCHAR, "
        "period VARCHAR, term_name VARCHAR, term_id VARCHAR, course_id VARCHAR",
    ),
    _table(
        "enrollments",
        "roster_id, person_id, role",
        "roster_id BIGINT, section_id VARCHAR, person_id VARCHAR, account_id BIGINT, clever_id VARCHAR, role VARCHAR, "
        "is_primary BOOLEAN",
    ),
)
"""The tables whose rows have a history in the journal."""
SYNCS = _table(
    "syncs",
    "id",
    "id BIGINT, mode VARCHAR, trigger VARCHAR, state VARCHAR, started_at TIMESTAMPTZ, finished_at TIMESTAMPTZ, "
    "counts JSON, uid VARCHAR",
)
PRESENT_TABLES = (DISTRICTS, SYNCS)
"""The tables of which the file has the present rows alone, because no journal has the earlier ones."""
TABLES = (DISTRICTS, *ROW_TABLES, SYNCS)


@dataclass(frozen=True)
class SnapshotFile:
    """One of the two files of the snapshot.

    Attributes:
        place: Its folder in the folder of the snapshots.
        tables: Its tables. Those about people differ between the files.
    """

    place: str
    tables: tuple[SnapshotTable, ...]


PSEUDONYMOUS = SnapshotFile(".", tuple(table.without_identity() if table.has_people else table for table in TABLES))
IDENTIFIED = SnapshotFile("identified", TABLES)
FILES = (PSEUDONYMOUS, IDENTIFIED)
VIEWS = ("freshness", "students_without_class", "movers", "daily_changes")
"""The views of `dbt_like_sql/snapshot/views`, which answer questions from the tables."""
