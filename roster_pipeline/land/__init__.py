"""Files → the DuckDB file of one district: whole lists replace its `raw` tables, events change them row by row.

`lists` lands a full read, with the proof of how completely it was read; `excerpt` cuts out what events changed, for a
delta sync to work on, and folds it in once it is published; `reach` says how far a change reaches; `drift` what the
events had missed; `bookmark` how far the tables have come.
"""

from roster_pipeline.land.lists import Landed, land, last_landed, proof_of
from roster_pipeline.land.warehouse import open_warehouse

__all__ = ["Landed", "land", "last_landed", "open_warehouse", "proof_of"]
