"""Every mutant of a SELECT: the same statement with one condition changed."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass

import sqlglot
from sqlglot import exp

from roster_pipeline_tests.mutation.operators import OPERATORS, Replacement

DIALECT = "duckdb"
NEED_CONTEXT = (exp.Literal, exp.Boolean)
"""Nodes that say nothing alone. The text of a change shows the expression around them."""


@dataclass(frozen=True)
class Mutant:
    """One changed statement.

    Attributes:
        model: the model or SQL test.
        kind: the operator.
        change: the CTE, the changed expression before and after. It is made from the parsed statement, so that it is
            the same after the file is formatted. It is unique in the model.
        sql: the changed statement.
    """

    model: str
    kind: str
    change: str
    sql: str


def mutants_of(model: str, sql: str) -> list[Mutant]:
    """Return every mutant of a statement, in the order of its text."""
    tree = sqlglot.parse_one(sql, dialect=DIALECT)
    original = _text(tree)
    seen: Counter[str] = Counter()
    mutants = []
    for index, node in enumerate(tree.dfs()):
        for kind, operator in OPERATORS.items():
            for replacement in operator(node):
                changed = _text(_replace(tree, index, replacement), copy=False)
                if changed == original:
                    continue
                change = f"{_place(node)}: {_describe(node, replacement)}"
                seen[change] += 1
                number = f" ({seen[change]})" if seen[change] > 1 else ""
                mutants.append(Mutant(model, kind, change + number, changed))
    return mutants


def _replace(tree: exp.Expression, index: int, replacement: Replacement) -> exp.Expression:
    """Return a copy of the tree in which the node at this position of the tree is replaced or removed."""
    copy = tree.copy()
    node = next(node for position, node in enumerate(copy.dfs()) if position == index)
    if replacement is None:
        node.pop()
        return copy
    if node is copy:
        return replacement
    node.replace(exp.paren(replacement.copy()) if _needs_brackets(replacement, node) else replacement.copy())
    return copy


def _needs_brackets(replacement: exp.Expression, node: exp.Expression) -> bool:
    return isinstance(replacement, exp.Connector | exp.Not) and isinstance(node.parent, exp.Binary | exp.Not | exp.Is)


def _place(node: exp.Expression) -> str:
    query = node.find_ancestor(exp.CTE)
    return query.alias if query else "select"


def _describe(node: exp.Expression, replacement: Replacement) -> str:
    """Say what stood there and what stands there now."""
    if replacement is None:
        return f"without {_text(node)}"
    if isinstance(node, exp.Connector):
        return f"{_operands(node)} -> {_operands(replacement)}"
    if isinstance(node, NEED_CONTEXT) and node.parent is not None:
        around = node.parent
        return f"{_text(around)} -> {_text(_with_child(around, node, replacement))}"
    return f"{_text(node)} -> {_text(replacement)}"


def _operands(node: exp.Expression) -> str:
    """Return the two operands beside an `and` or `or`, without those further left."""
    left = node.left.unnest()
    while isinstance(left, exp.Connector):
        left = left.right
    return f"{_text(left)} {node.key.upper()} {_text(node.right)}"


def _with_child(around: exp.Expression, child: exp.Expression, replacement: exp.Expression) -> exp.Expression:
    position = next(index for index, node in enumerate(around.dfs()) if node is child)
    return _replace(around, position, replacement)


def _text(node: exp.Expression, *, copy: bool = True) -> str:
    """Return the SQL of a node.

    Args:
        copy: False saves most of the time, but the generator may then change the node.
    """
    return node.sql(dialect=DIALECT, comments=False, copy=copy)
