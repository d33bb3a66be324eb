"""Sync tiny districts in memory: the decoder, the models, the SQL tests, the diff and the delta of a real sync.

HTTP and PostgreSQL are left out. Schema `product` takes the place of PostgreSQL. It has the tables of schema `current`,
and the changes of each sync are applied to it as the writer applies them to the product. Only syncs make accounts.

Many districts share one sync, because DuckDB takes about as long for a hundred tiny districts as for one. No two of
them have an id or an email in common, so they do not affect each other.
"""

from contextlib import contextmanager, nullcontext
from datetime import UTC, datetime
from unittest.mock import create_autospec

from roster_pipeline import pipeline
from roster_pipeline.current.tables import CURRENT_TABLES
from roster_pipeline.delta.bookmark import mark_bookmark_published, save_bookmark
from roster_pipeline.delta.workspace import AFFECTED_BY_COLUMN, build_workspace, merge_workspace
from roster_pipeline.land import land, open_warehouse
from roster_pipeline.land.warehouse import discard_workspace, open_workspace
from roster_pipeline.model.entities import ENTITIES
from roster_pipeline.model.feed import Cursor, District, Feed
from roster_pipeline.model.sync_state import Bookmark
from roster_pipeline.reconcile.diff import compute_diff
from roster_pipeline.stage import count_rows
from roster_pipeline.sync_context import SyncContext
from roster_pipeline_tests.support.memory_product import apply_changes, create_tables, read_published
from roster_pipeline_tests.support.memory_reading import read_events, read_lists

NOW = datetime(2031, 3, 4, tzinfo=UTC)
DISTRICT = District("0" * 24, "Many tiny districts", "running", NOW)
LINKED_OR_CLAIMED = (
    "linked_clever_id in (from affected.people) or email in ("
    "select email from staging.stg_teachers union all select email from staging.stg_students)"
)
"""The accounts that a delta sync reads."""


class MemoryPipeline:
    """The districts of one test, with the product that their syncs fill.

    Attributes:
        folder: an empty folder for landing files, the district's file and the file of the product.
    """

    def __init__(self, folder):
        self.folder = folder
        self.syncs = 0
        self.events = {}  # the number of events that were read, by district
        with self._open(open_warehouse) as con:
            create_tables(con)

    def sync(self, districts):
        """Sync districts in full. Return the number of changes."""
        with self._open(open_warehouse) as con:
            land(con, Feed(DISTRICT, read_lists(districts, self.folder)), self.syncs)
            save_bookmark(con, self._bookmark())
            self._note_events(districts)
            changes = _decide(con, is_delta=False)
            mark_bookmark_published(con, self.syncs)
            return changes

    def sync_events(self, districts):
        """Sync districts from the events since their last sync. Return the number of changes."""
        with self._open(open_workspace) as con:
            build_workspace(con, DISTRICT, read_events(districts, self.events, self.folder), self._bookmark())
            self._note_events(districts)
            changes = _decide(con, is_delta=True)
            merge_workspace(con, self.syncs)
        discard_workspace(self.folder, DISTRICT.id)
        return changes

    def published(self):
        """Return the live rows of the product in terms of Clever."""
        with self._open(open_warehouse) as con:
            return read_published(con)

    @contextmanager
    def _open(self, open_database):
        self.syncs += 1
        with open_database(self.folder, DISTRICT.id) as con:
            con.execute(f"attach '{self.folder / 'product.duckdb'}' as product")
            yield con

    def _note_events(self, districts):
        self.events = {district.id: len(district.events) for district in districts}

    def _bookmark(self):
        return Bookmark(self.syncs, "", Cursor(), NOW, NOW, NOW, "")


def _decide(con, *, is_delta):
    """Run the stages between reading and publishing, and apply the changes. Return their number."""
    sync = create_autospec(SyncContext, instance=True)
    sync.warehouse = lambda: nullcontext(con)
    pipeline.stage(sync)
    _load_current(con, is_delta=is_delta)
    pipeline.reconcile(sync).refuse_failures()
    compute_diff(con)
    apply_changes(con)
    return sum(count_rows(con, "changes", entity.name) for entity in ENTITIES)


def _load_current(con, *, is_delta):
    """Copy the product into schema `current`. A delta copies only the rows of the affected set."""
    con.execute("create schema if not exists current")
    for table in CURRENT_TABLES:
        where = _affected_rows(table) if is_delta else "true"
        con.execute(f"create or replace table current.{table.name} as from product.main.{table.name} where {where}")


def _affected_rows(table):
    if table.name == "accounts":
        return LINKED_OR_CLAIMED
    column = next((column for column in AFFECTED_BY_COLUMN if column in table.columns), None)
    return f"{column} in (from affected.{AFFECTED_BY_COLUMN[column]})" if column else "true"
