"""Runs the models of `dbt_like_sql/` in dependency order. A model is one SELECT in one file.

The name of the file is the name of the table and of the Dagster asset. There is no templating language. A model names
the tables that it reads (`staging.stg_students`), and sqlglot finds these names. Contracts on rows are in `validate`.
"""

from roster_pipeline.stage.models import Model, find_tables, load_models, read_opening_comment
from roster_pipeline.stage.run import count_rows, fingerprint_rows, list_columns, run_models

__all__ = [
    "Model",
    "count_rows",
    "find_tables",
    "fingerprint_rows",
    "list_columns",
    "load_models",
    "read_opening_comment",
    "run_models",
]
