"""Loads what Clever's lists hold into the `raw` tables of one district's DuckDB file.

`lists` loads a full read with its load audit. `rows` loads one file of records. `warehouse` opens the file of
a district, and `preview` makes the copy that a preview works on.
"""

from roster_pipeline.land.lists import LandResult, land, read_land_result, read_load_audit
from roster_pipeline.land.warehouse import open_warehouse

__all__ = ["LandResult", "land", "open_warehouse", "read_land_result", "read_load_audit"]
