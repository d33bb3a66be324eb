"""Writes the snapshot: what was published, with its history, in the DuckDB file `latest.duckdb` for analysts.

`renew` makes a pass over all organizations with news. `read` reads their rows from PostgreSQL, with the versions of
`versions`, and `write` writes them. `tables` lists the tables, `layout` creates them, `file` replaces the file, and
`check` opens it again. `known` reads what a file has, and `mark` says cheaply that nothing has happened since.
"""

from roster_pipeline.snapshot.file import LATEST
from roster_pipeline.snapshot.mark import read_mark
from roster_pipeline.snapshot.renew import SnapshotPass, has_news, rebuild_snapshot, renew_snapshot, write_snapshot

__all__ = ["LATEST", "SnapshotPass", "has_news", "read_mark", "rebuild_snapshot", "renew_snapshot", "write_snapshot"]
