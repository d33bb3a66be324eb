"""The changes that `make mutate` makes.

An operator takes one node of a SELECT and returns a list of replacements. A replacement is a new node, or `REMOVED`.
"""

from __future__ import annotations

from collections.abc import Callable

from sqlglot import exp

REMOVED = None
Replacement = exp.Expression | None
Operator = Callable[[exp.Expression], list[Replacement]]

OPPOSITES: dict[type[exp.Expression], type[exp.Expression]] = {
    exp.EQ: exp.NEQ,
    exp.NEQ: exp.EQ,
    exp.LT: exp.LTE,
    exp.LTE: exp.LT,
    exp.GT: exp.GTE,
    exp.GTE: exp.GT,
    exp.NullSafeEQ: exp.NullSafeNEQ,
    exp.NullSafeNEQ: exp.NullSafeEQ,
}
CONNECTORS: dict[type[exp.Expression], type[exp.Expression]] = {exp.And: exp.Or, exp.Or: exp.And}
PREDICATES = (exp.In, exp.Like, exp.Exists)
JOINS = {
    ("LEFT", ""): ("", "INNER"),
    ("", "INNER"): ("LEFT", ""),
    ("", ""): ("LEFT", ""),
    ("FULL", ""): ("LEFT", ""),
    ("", "ANTI"): ("", "SEMI"),
    ("", "SEMI"): ("", "ANTI"),
}


def flip_comparison(node: exp.Expression) -> list[Replacement]:
    """`=` becomes `<>`, `<` becomes `<=`, `is distinct from` becomes `is not distinct from`; and the reverse."""
    return [*_change_type(node, OPPOSITES)]


def flip_connector(node: exp.Expression) -> list[Replacement]:
    """`and` becomes `or`, and the reverse."""
    return [_bracket_operands(changed) for changed in _change_type(node, CONNECTORS)]


def _change_type(node: exp.Expression, types: dict[type[exp.Expression], type[exp.Expression]]) -> list[exp.Expression]:
    if type(node) not in types:
        return []
    return [types[type(node)](this=node.this.copy(), expression=node.expression.copy())]


def _bracket_operands(node: exp.Expression) -> exp.Expression:
    """Put brackets around operands that are `and` or `or` themselves, so that they stay together."""
    for operand in (node.this, node.expression):
        if isinstance(operand, exp.Connector):
            operand.replace(exp.paren(operand.copy()))
    return node


def flip_not(node: exp.Expression) -> list[Replacement]:
    """`not x` becomes `x`; `in`, `like` and `exists` get a `not`."""
    if isinstance(node, exp.Not) and not isinstance(node.this, exp.Is):
        return [node.this.copy()]
    if isinstance(node, PREDICATES) and not isinstance(node.parent, exp.Not):
        return [exp.Not(this=node.copy())]
    return []


def flip_is_null(node: exp.Expression) -> list[Replacement]:
    """`is null` becomes `is not null`, and the reverse."""
    if isinstance(node, exp.Not) and isinstance(node.this, exp.Is):
        return [node.this.copy()]
    if isinstance(node, exp.Is) and not isinstance(node.parent, exp.Not):
        return [exp.Not(this=node.copy())]
    return []


def change_join(node: exp.Expression) -> list[Replacement]:
    """A left join becomes an inner join and the reverse, a full join a left join, an anti join a semi join."""
    kind = (node.text("side").upper(), node.text("kind").upper())
    if not isinstance(node, exp.Join) or kind not in JOINS or not (node.args.get("on") or node.args.get("using")):
        return []
    side, kind_of_join = JOINS[kind]
    changed = node.copy()
    changed.set("side", side or None)
    changed.set("kind", kind_of_join or None)
    return [changed]


def remove_filter(node: exp.Expression) -> list[Replacement]:
    """A `where`, `having` or `qualify` is removed."""
    return [REMOVED] if isinstance(node, exp.Where | exp.Having | exp.Qualify) else []


def change_branch(node: exp.Expression) -> list[Replacement]:
    """A branch of a `case` is removed. The two results of an `if` change places."""
    if isinstance(node, exp.Case):
        return _without_each_branch(node)
    if isinstance(node, exp.If) and not isinstance(node.parent, exp.Case):
        no = node.args.get("false") or exp.Null()
        return [exp.If(this=node.this.copy(), true=no.copy(), false=node.args["true"].copy())]
    return []


def _without_each_branch(node: exp.Case) -> list[Replacement]:
    changed: list[Replacement] = []
    for index in range(len(node.args["ifs"])):
        other = node.copy()
        branches = other.args["ifs"]
        del branches[index]
        changed.append(other if branches else (other.args.get("default") or exp.Null()))
    if node.args.get("default"):
        other = node.copy()
        other.set("default", None)
        changed.append(other)
    return changed


def change_literal(node: exp.Expression) -> list[Replacement]:
    """A text gets another letter, a number becomes one more, true becomes false and the reverse."""
    if isinstance(node.parent, exp.ArraySort):
        return []  # the parser adds the order to `list_sort(x)`; no such literal stands in the file
    if isinstance(node, exp.Boolean):
        return [exp.Boolean(this=not node.this)]
    if isinstance(node, exp.Literal):
        if node.is_string:
            return [exp.Literal.string(f"{node.this}~")]
        return [exp.Literal.number((int(node.this) if node.is_int else float(node.this)) + 1)]
    return []


def drop_fallback(node: exp.Expression) -> list[Replacement]:
    """`coalesce(a, b)` becomes `a`."""
    return [node.this.copy()] if isinstance(node, exp.Coalesce) else []


def drop_distinct(node: exp.Expression) -> list[Replacement]:
    """`select distinct` becomes `select`, `count(distinct a)` becomes `count(a)`, `union` becomes `union all`.

    The `union` of a recursive query stays, since the query would not end without it. So does a `union` before another
    one, which drops the duplicates as well.
    """
    if isinstance(node, exp.Distinct):
        return [REMOVED] if isinstance(node.parent, exp.Select) else [node.expressions[0].copy()]
    if isinstance(node, exp.Union) and node.args.get("distinct") and not _must_stay(node):
        changed = node.copy()
        changed.set("distinct", False)
        return [changed]
    return []


def _must_stay(node: exp.Union) -> bool:
    query = node.parent
    if isinstance(query, exp.Union):
        return bool(query.args.get("distinct"))
    return isinstance(query, exp.CTE) and any(table.name == query.alias for table in query.find_all(exp.Table))


def flip_order(node: exp.Expression) -> list[Replacement]:
    """An ascending order becomes descending, and the reverse."""
    if not isinstance(node, exp.Ordered):
        return []
    changed = node.copy()
    changed.set("desc", not node.args.get("desc"))
    return [changed]


OPERATORS: dict[str, Operator] = {
    "comparison": flip_comparison,
    "and/or": flip_connector,
    "not": flip_not,
    "is null": flip_is_null,
    "join": change_join,
    "filter": remove_filter,
    "case": change_branch,
    "literal": change_literal,
    "coalesce": drop_fallback,
    "distinct": drop_distinct,
    "order": flip_order,
}
