"""A stage reads only what an earlier stage wrote. The SQL of files and of string literals is checked with sqlglot."""

import ast
import re

import pytest
import sqlglot
from sqlglot import exp
from sqlglot.errors import SqlglotError

from roster_pipeline_tests.support.sql_in_python import HOLE, PACKAGE, literals

STAGES = (
    {"raw"},
    {"staging", "quarantine"},
    {"current"},
    {"intermediate"},
    {"marts"},
    {"changes"},
    {"baseline"},
)
"""The schemas of a district's file, in the order in which a sync writes them."""
ORDER = {schema: position for position, schemas in enumerate(STAGES) for schema in schemas}
LAST_SCHEMA = {
    "dbt_like_sql/staging": "raw",
    "dbt_like_sql/current": "current",
    "dbt_like_sql/intermediate": "intermediate",
    "dbt_like_sql/marts": "marts",
    "dbt_like_sql/tests": "marts",
    "dbt_like_sql/plan": "baseline",
    "roster_pipeline/extract": None,
    "roster_pipeline/land": "raw",
    "roster_pipeline/validate": "staging",
    "roster_pipeline/current": "current",
    "roster_pipeline/reconcile": "changes",
    "roster_pipeline/plan": "baseline",
}
"""By folder, the last schema that its SQL may read. Folders that come after the plan may read every schema."""
ALLOWED = {
    ("roster_pipeline/validate/quarantine.py", "current"): "ids of other districts are known once `current` is loaded",
}
"""By file and schema, why a stage reads a later one. `delta/` is not checked: it reads the baseline of all stages."""
SCHEMA = re.compile(rf"\b({'|'.join(ORDER)})\.[a-z_{HOLE}]")


def schemas_in_sql(text):
    """Return the schemas of the tables that a text names. A text that sqlglot cannot parse is searched for names."""
    for dialect in ("duckdb", "postgres"):
        try:
            trees = [tree for tree in sqlglot.parse(text.replace(HOLE, "x"), dialect=dialect) if tree]
        except SqlglotError:
            continue
        if trees and not any(isinstance(tree, exp.Command) for tree in trees):
            return {table.db for tree in trees for table in tree.find_all(exp.Table)} & ORDER.keys()
    return set(SCHEMA.findall(text))


def texts_of(path):
    """Return the SQL of a file: all of it, or the literals of a module that name a schema."""
    source = path.read_text(encoding="utf-8")
    if path.suffix == ".sql":
        return [source]
    return [text for _, text in literals(ast.parse(source)) if SCHEMA.search(text)]


def later_schemas(path, last_schema):
    last = -1 if last_schema is None else ORDER[last_schema]
    schemas = {schema for text in texts_of(path) for schema in schemas_in_sql(text)}
    return {schema for schema in schemas if ORDER[schema] > last}


def files_of(folder):
    return sorted(path for path in (PACKAGE.parent / folder).rglob("*") if path.suffix in (".sql", ".py"))


@pytest.mark.parametrize("folder", LAST_SCHEMA)
def test_a_stage_reads_no_later_stage(folder):
    found = {
        (str(path.relative_to(PACKAGE.parent)), schema)
        for path in files_of(folder)
        for schema in later_schemas(path, LAST_SCHEMA[folder])
    }

    assert found == {key for key in ALLOWED if key[0].startswith(f"{folder}/")}


@pytest.mark.parametrize(
    ("text", "schemas"),
    [
        ("select * from marts.accounts as a join staging.stg_terms using (x)", {"marts", "staging"}),
        (f"from warehouse.marts.{HOLE}", {"marts"}),
        (f"where x in (select y from changes.{HOLE}) {HOLE}", {"changes"}),
        ("select id from found", set()),
    ],
)
def test_schemas_are_found_in_statements_and_fragments(text, schemas):
    assert schemas_in_sql(text) == schemas
