"""The units of systemd start programs that the package installs, and the document on operations names each unit."""

import sys
from configparser import ConfigParser
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
UNITS = sorted((ROOT / "deploy" / "systemd").glob("*.service"))
OPERATIONS = (ROOT / "docs" / "operations.md").read_text(encoding="utf-8")


def read_service(unit):
    """Return the section about the program of a unit. Its keys are unique."""
    parser = ConfigParser(interpolation=None)
    parser.optionxform = str
    parser.read_string(unit.read_text(encoding="utf-8").replace("Environment=", "Variable="))
    return parser["Service"]


@pytest.mark.parametrize("unit", UNITS, ids=lambda unit: unit.stem)
def test_unit_starts_an_installed_program(unit):
    program = Path(read_service(unit)["ExecStart"].split()[0])
    assert program.is_relative_to("/opt/roster-pipeline/bin")
    assert Path(sys.executable).with_name(program.name).exists()


@pytest.mark.parametrize("unit", UNITS, ids=lambda unit: unit.stem)
def test_document_names_the_unit_and_its_files(unit):
    service = read_service(unit)
    assert f"| `{unit.stem}` |" in OPERATIONS
    assert service["EnvironmentFile"] in OPERATIONS
    assert service["ReadWritePaths"] == service["WorkingDirectory"] == "/var/lib/roster-pipeline"
