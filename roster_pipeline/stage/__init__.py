"""Runs the SQL of `dbt_like_sql/` in dependency order: one SELECT a file, file name = table = asset key.

There is no templating language: a model names the tables it reads (`staging.stg_people`), and sqlglot reads the names.
What the models mean is written in the models; contracts on their rows are in `validate`.
"""

from roster_pipeline.stage.models import Model, find_tables, load_models, read_opening_comment
from roster_pipeline.stage.run import count_rows, list_columns, run_models

__all__ = ["Model", "count_rows", "find_tables", "list_columns", "load_models", "read_opening_comment", "run_models"]
