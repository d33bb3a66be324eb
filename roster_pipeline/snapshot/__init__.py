"""Writes the snapshot: what was published, with its history, in the DuckDB file `latest.duckdb` for analysts.

`tables` lists its tables. `layout` creates and converts the file. `file` replaces it and `check` opens it again.
`write` updates a district.
"""

from roster_pipeline.snapshot.file import LATEST
from roster_pipeline.snapshot.write import write_snapshot

__all__ = ["LATEST", "write_snapshot"]
