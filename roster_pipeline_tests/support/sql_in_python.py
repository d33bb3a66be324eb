"""Count the lines of SQL that stand in string literals of `roster_pipeline`, migrations left out.

A literal counts if its text parses as a statement. `python -m roster_pipeline_tests.support.sql_in_python` prints the
number by file and fails if there are more lines than `MOST_LINES`.
"""

import ast
import logging
import re
import sys
from collections import Counter
from contextlib import suppress
from pathlib import Path

import sqlglot
from sqlglot import exp
from sqlglot.errors import SqlglotError

PACKAGE = Path(__file__).parents[2] / "roster_pipeline"
MIGRATIONS = PACKAGE / "product" / "migrations"
MOST_LINES = 350
"""The lines of SQL that may stand in Python. Lower it where there are fewer."""

STATEMENTS = (exp.Query, exp.DML, exp.DDL, exp.Merge, exp.Alter, exp.Drop, exp.Attach, exp.Detach)
FIRST_WORD = re.compile(
    r"(--.*\n|\s)*\(?\s*(with|select|from|insert|update|delete|merge|create|alter|drop|attach|detach)\b", re.IGNORECASE
)
VALUES = re.compile(r"%\(\w+\)s|%s|\$\w+|\?")
"""Parameters, which stand where a value stands."""
HOLE = "\0"
"""Stands for a part that Python fills in: `{x}` of an f-string or of `format`."""
PARTS = re.compile(r"\{\w*\}")
FILLINGS = ("x", "", " and x ", "(select 1)")
SHAPE = re.compile(
    r"\s*(with\s+(\S+\s+as\s*\(|\0, )|select\b.*\bfrom\b|insert\s+into\b.*\b(select|values)\b|update\b.*\bset\b"
    r"|delete\s+from\b|create\s+(or\s+replace\s+)?(temporary\s+)?(table\b|view\b|schema\b|index\b|\0))",
    re.IGNORECASE | re.DOTALL,
)
"""How a statement begins that sqlglot cannot parse, mostly because too much of it is filled in."""
ONLY_QUOTES = re.compile(r"\W*[a-zA-Z]?\"{3}\W*|\W*")


def count_by_file(package: Path = PACKAGE) -> Counter[str]:
    """Count the lines of SQL in the literals of every module of a package."""
    counts = Counter()
    for path in sorted(package.rglob("*.py")):
        if not path.is_relative_to(MIGRATIONS):
            counts[str(path.relative_to(package.parent))] = len(sql_lines(path.read_text(encoding="utf-8")))
    return +counts


def sql_lines(source: str) -> set[int]:
    """Return the numbers of the lines of a module that hold SQL."""
    lines = source.splitlines()
    return {
        number
        for node, text in literals(ast.parse(source))
        if is_statement(text)
        for number in range(node.lineno, (node.end_lineno or node.lineno) + 1)
        if not ONLY_QUOTES.fullmatch(lines[number - 1])
    }


def statements(source: str) -> list[str]:
    """Return the SQL statements of a module, `x` in place of the parts that Python fills in."""
    return [text.replace(HOLE, "x") for _, text in literals(ast.parse(source)) if is_statement(text)]


def literals(tree: ast.AST) -> list[tuple[ast.expr, str]]:
    """Return the string and f-string literals of a module with their text. Docstrings are no literals here."""
    docstrings = {id(node.value) for node in ast.walk(tree) if isinstance(node, ast.Expr)}
    parts = {id(part) for node in ast.walk(tree) if isinstance(node, ast.JoinedStr) for part in node.values}
    texts = []
    for node in ast.walk(tree):
        if id(node) in docstrings or id(node) in parts:
            continue
        if isinstance(node, ast.Constant) and isinstance(node.value, str):
            texts.append((node, _with_holes(node.value)))
        elif isinstance(node, ast.JoinedStr):
            pieces = (part.value if isinstance(part, ast.Constant) else HOLE for part in node.values)
            texts.append((node, _with_holes("".join(map(str, pieces)))))
    return texts


def _with_holes(text: str) -> str:
    return PARTS.sub(HOLE, VALUES.sub("x", text))


def is_statement(text: str) -> bool:
    """Return whether a text with holes is a statement of PostgreSQL or DuckDB."""
    if not FIRST_WORD.match(text):
        return False
    if any(_parses(text.replace(HOLE, filling)) for filling in FILLINGS):
        return True
    return (HOLE in text or "\n" in text) and bool(SHAPE.match(text))


def _parses(text: str) -> bool:
    for dialect in ("duckdb", "postgres"):
        with suppress(SqlglotError):
            trees = sqlglot.parse(text, dialect=dialect)
            if any(trees) and all(tree is None or isinstance(tree, STATEMENTS) for tree in trees):
                return True
    return False


def main() -> int:
    """Print the lines of SQL by file; return 1 if there are too many."""
    logging.getLogger("sqlglot").setLevel(logging.ERROR)  # it warns of each text that is not quite SQL
    counts = count_by_file()
    for path, lines in counts.most_common():
        print(f"{lines:5} {path}")
    print(f"{counts.total():5} lines of SQL in Python, at most {MOST_LINES}")
    return int(counts.total() > MOST_LINES)


if __name__ == "__main__":
    sys.exit(main())
