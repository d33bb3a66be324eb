"""Collects the sentences of the package into `messages/operator.pot` and `messages/product.pot`.

Run it by `make messages`. The name before a call says the domain of its sentence. `operator.text(...)` is of the domain
`operator`. `product.mark(...)`, `product(language).text(...)` and `words.text(...)` are of the domain `product`, so a
catalogue of this domain that a function takes as an argument is always named `words`. `both.mark(...)` is of both.
"""

from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import Path

from babel.messages.catalog import Catalog
from babel.messages.pofile import read_po, write_po

PACKAGE = Path(__file__).parents[2] / "roster_pipeline"
MESSAGES = PACKAGE / "messages"
DOMAINS_BY_NAME = {
    "operator": ("operator",),
    "product": ("product",),
    "words": ("product",),
    "both": ("operator", "product"),
}
SENTENCES = {"text": 1, "mark": 1, "count": 2, "plural": 2}
"""How many sentences each function of the catalogue takes."""
Message = str | tuple[str, str]


def collect_messages(domain: str) -> set[Message]:
    """Return every message id of a domain in the package: a sentence, or the pair of its plural forms.

    Raises:
        ValueError: a call of the catalogue computes its sentence, so nobody can translate it.
    """
    return {
        message
        for file in sorted(PACKAGE.rglob("*.py"))
        for domains, message in _messages_in(ast.parse(file.read_text(encoding="utf-8")))
        if domain in domains
    }


def read_messages(domain: str) -> set[Message]:
    """Return every message id that the file of a domain holds."""
    with pot_file(domain).open("rb") as file:
        return {entry.id for entry in read_po(file) if entry.id}


def write_messages(domain: str) -> None:
    """Write the file of a domain anew, sorted, without times and places, so that it changes only with a sentence."""
    catalog = Catalog(charset="utf-8")
    for message in collect_messages(domain):
        catalog.add(message)
    with pot_file(domain).open("wb") as file:
        write_po(file, catalog, sort_output=True, omit_header=True, width=120)


def pot_file(domain: str) -> Path:
    return MESSAGES / f"{domain}.pot"


def _messages_in(tree: ast.AST) -> Iterator[tuple[tuple[str, ...], Message]]:
    for node in ast.walk(tree):
        if not (isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute)):
            continue
        domains, sentences = DOMAINS_BY_NAME.get(_receiver(node.func.value), ()), SENTENCES.get(node.func.attr, 0)
        if not domains or not sentences:
            continue
        arguments = node.args[:sentences]
        if any(isinstance(argument, ast.JoinedStr | ast.BinOp) for argument in arguments):
            raise ValueError(f"line {node.lineno}: a sentence must be a literal, or a name for one that is marked")
        literals = tuple(one.value for one in arguments if isinstance(one, ast.Constant) and isinstance(one.value, str))
        if len(literals) == sentences:
            yield domains, literals if sentences == 2 else literals[0]


def _receiver(value: ast.expr) -> str:
    """Return the name before the dot: `words` for `self.words.text`, `product` for `product(x).text`."""
    if isinstance(value, ast.Call):
        return _receiver(value.func)
    return value.attr if isinstance(value, ast.Attribute) else value.id if isinstance(value, ast.Name) else ""


if __name__ == "__main__":
    for name in ("operator", "product"):
        write_messages(name)
