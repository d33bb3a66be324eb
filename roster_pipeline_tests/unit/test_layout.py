"""The rules for the files of the tests: layers, imports, names and lengths."""

import ast
from collections import Counter
from pathlib import Path

TESTS = Path(__file__).parents[1]
PACKAGE = TESTS.name
LAYERS = {"unit", "sql", "integration", "properties", "e2e", "browser", "chaos", "benchmarks"}
FILES = sorted(path.relative_to(TESTS) for path in TESTS.rglob("*.py"))
TEST_FILES = [path for path in FILES if path.name.startswith("test_")]
LONGEST_FILE = 300
LONGEST_NAME = 60
"""Characters of the name of a test."""


def parse(path: Path) -> ast.Module:
    return ast.parse((TESTS / path).read_text())


def test_every_test_file_is_in_a_layer():
    assert [path for path in TEST_FILES if path.parts[0] not in LAYERS] == []


def test_no_file_imports_a_test_module_or_a_conftest():
    for path in FILES:
        modules = {node.module or "" for node in ast.walk(parse(path)) if isinstance(node, ast.ImportFrom)}
        own = [module.split(".")[-1] for module in modules if module.startswith(PACKAGE)]
        assert [name for name in own if name.startswith(("test_", "conftest"))] == [], path


def test_no_function_of_a_test_file_is_defined_twice():
    """The linter cannot check this: an imported fixture has the name of the argument that requests it."""
    for path in TEST_FILES:
        names = Counter(node.name for node in parse(path).body if isinstance(node, ast.FunctionDef))
        assert [name for name, number in names.items() if number > 1] == [], path


def test_names_of_tests_are_short_and_say_the_behavior():
    for path in TEST_FILES:
        nodes = [node for node in parse(path).body if isinstance(node, ast.FunctionDef)]
        names = [node.name for node in nodes if node.name.startswith("test_")]
        assert [name for name in names if len(name) > LONGEST_NAME or name.startswith("test_given_")] == [], path


def test_no_file_is_longer_than_300_lines():
    lengths = {path: len((TESTS / path).read_text().splitlines()) for path in FILES}
    assert {path: length for path, length in lengths.items() if length > LONGEST_FILE} == {}
