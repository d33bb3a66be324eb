"""What was published, with its history, in one DuckDB file for analysts: `latest.duckdb`.

`tables` says what is in it, `journal` which rows syncs have touched since it was written, `file` how it is swapped in,
`write` brings a district up to date: it reads again what was touched and nothing else.
"""

from roster_pipeline.snapshot.file import LATEST
from roster_pipeline.snapshot.write import write_snapshot

__all__ = ["LATEST", "write_snapshot"]
