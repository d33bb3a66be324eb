"""Runs the SQL of `dbt_like_sql/` in dependency order: one SELECT a file, file name = table = asset key.

There is no templating language: a model names the tables it reads (`staging.stg_people`), and sqlglot reads the names.
What the models mean is written in the models; contracts on their rows are in `validate`.
"""

from roster_pipeline.stage.models import Model, models, opening_comment, tables_read
from roster_pipeline.stage.run import count_rows, run_models, table_columns

__all__ = ["Model", "count_rows", "models", "opening_comment", "run_models", "table_columns", "tables_read"]
