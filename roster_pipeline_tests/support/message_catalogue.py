"""Collects the sentences of the package into `messages/operator.pot`, `messages/product.pot` and each `product.po`.

A translation stays as long as its English sentence stays. A new sentence has an empty translation.
Run it by `make messages`. The name before a call says the domain of its sentence. `operator.text(...)` is of the domain
`operator`. `product.mark(...)`, `product(language).text(...)` and `words.text(...)` are of the domain `product`, so a
catalogue of this domain that a function takes as an argument is always named `words`. `both.mark(...)` is of both.
In a template of the Clever page a sentence stands in `words.text(...)` or `words.count(...)`.
"""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from pathlib import Path

import jinja2
from babel.messages.catalog import Catalog
from babel.messages.pofile import read_po, write_po
from jinja2 import nodes

from roster_pipeline.messages.translations import LOCALES, translation_file

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
PRINTING = frozenset(
    {"say", "complain", "echo", "print", "confirm", "plain", "show_table", "add_column", "Item", "Step"}
)
"""Functions whose arguments people read."""
ENGLISH = re.compile(r"[A-Za-z]{2,} [a-z]{2,} [a-z]{2,}|^[A-Z][a-z]+ [a-z]+\.?$")
"""Three words in a row, or a short sentence."""
Message = str | tuple[str, str]


def collect_messages(domain: str) -> set[Message]:
    """Return every message id of a domain in the package: a sentence, or the pair of its plural forms.

    Raises:
        ValueError: a call of the catalogue computes its sentence, so nobody can translate it.
    """
    modules, templates = sorted(PACKAGE.rglob("*.py")), sorted(PACKAGE.rglob("templates/**/*.html"))
    entries = [entry for file in modules for entry in _messages_in(file)]
    entries += [entry for file in templates for entry in messages_in_template(file.read_text("utf-8"), file.name)]
    return {message for domains, message in entries if domain in domains}


def messages_in_template(source: str, name: str) -> Iterator[tuple[tuple[str, ...], Message]]:
    """Return each sentence of a Jinja template with its domains.

    Babel's extractor for Jinja knows functions such as `gettext(...)` only, and no methods, so this reads the syntax
    tree of the template.

    Args:
        name: the name of the template, for an error.

    Raises:
        ValueError: a call of the catalogue computes its sentence, so nobody can translate it.
    """
    for call in jinja2.Environment(autoescape=True).parse(source).find_all(nodes.Call):
        method = call.node
        if not (isinstance(method, nodes.Getattr) and isinstance(method.node, nodes.Name)):
            continue
        domains, sentences = DOMAINS_BY_NAME.get(method.node.name, ()), SENTENCES.get(method.attr, 0)
        arguments = call.args[:sentences] if domains else []
        if any(isinstance(argument, nodes.BinExpr | nodes.Concat | nodes.CondExpr) for argument in arguments):
            raise ValueError(f"{name}:{call.lineno}: a sentence must be a literal, or a name for one that is marked")
        literals = tuple(one.value for one in arguments if isinstance(one, nodes.Const) and isinstance(one.value, str))
        if literals and len(literals) == sentences:
            yield domains, literals if sentences == 2 else literals[0]


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
    for translated in LOCALES.glob(f"*/{domain}.po"):
        _update_translations(translated, catalog)


def read_translations(domain: str, language: str) -> Catalog:
    """Return the translations of a domain into a language."""
    with translation_file(domain, language).open("rb") as file:
        return read_po(file, locale=language)


def _update_translations(file: Path, template: Catalog) -> None:
    """Bring the sentences of a translation up to date. A similar old sentence never translates a new one."""
    with file.open("rb") as source:
        translations = read_po(source, locale=file.parent.name)
    translations.update(template, no_fuzzy_matching=True)
    translations.obsolete.clear()
    with file.open("wb") as target:
        write_po(target, translations, sort_output=True, omit_header=True, width=120)


def sentences_outside(room: str) -> list[str]:
    """Return the places in a room of the package that print or raise a sentence without the catalogue."""
    return [
        f"{file.name}:{node.lineno}"
        for file in sorted((PACKAGE / room).rglob("*.py"))
        for node in ast.walk(ast.parse(file.read_text(encoding="utf-8")))
        for call in [node.exc if isinstance(node, ast.Raise) else node]
        if isinstance(call, ast.Call) and (isinstance(node, ast.Raise) or _function(call) in PRINTING)
        if any(_has_sentence(argument) for argument in call.args)
    ]


def _function(call: ast.Call) -> str:
    return (
        call.func.id
        if isinstance(call.func, ast.Name)
        else call.func.attr
        if isinstance(call.func, ast.Attribute)
        else ""
    )


def _has_sentence(node: ast.AST) -> bool:
    """Return whether an expression holds English words that do not come from the catalogue."""
    is_method = isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute)
    if is_method and _receiver(node.func.value) in DOMAINS_BY_NAME and node.func.attr in SENTENCES:
        return False
    if isinstance(node, ast.Constant) and isinstance(node.value, str):
        return bool(ENGLISH.search(node.value))
    return any(_has_sentence(child) for child in ast.iter_child_nodes(node))


def pot_file(domain: str) -> Path:
    return MESSAGES / f"{domain}.pot"


def _messages_in(file: Path) -> Iterator[tuple[tuple[str, ...], Message]]:
    for node in ast.walk(ast.parse(file.read_text(encoding="utf-8"))):
        if not (isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute)):
            continue
        domains, sentences = DOMAINS_BY_NAME.get(_receiver(node.func.value), ()), SENTENCES.get(node.func.attr, 0)
        if not domains or not sentences:
            continue
        arguments = () if any(isinstance(one, ast.Starred) for one in node.args) else node.args[:sentences]
        if any(isinstance(argument, ast.JoinedStr | ast.BinOp) for argument in arguments):
            raise ValueError(
                f"{file.name}:{node.lineno}: a sentence must be a literal, or a name for one that is marked"
            )
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
