"""The first screens of the program: the help, the version, and no command at all."""

import re
import sys
from importlib.metadata import version

import pytest
from typer.main import get_command

from roster_pipeline.cli import main
from roster_pipeline.cli.app import app

COMMANDS = sorted(get_command(app).commands)


@pytest.fixture
def call(monkeypatch, capsys):
    """Runs the program: (exit code, what it said)."""

    def called(*arguments):
        monkeypatch.setattr(sys, "argv", ["roster-pipeline", *arguments])
        with pytest.raises(SystemExit) as ended:
            main()
        return ended.value.code, capsys.readouterr().out

    return called


@pytest.mark.parametrize("command", COMMANDS)
def test_help_shows_no_types_of_python(command, call):
    code, said = call(command, "--help")
    assert code == 0
    assert re.findall(r"<[a-z][^>\n]*>|\[[^\]\n]*<=?[^\]\n]*\]|list\[|\bbool\b|\bint\b|\bstr\b", said) == []


def test_help_names_choices_numbers_and_ids(call):
    said = call("sync", "--help")[1]
    assert re.search(r"--district +ID ", said)
    assert re.search(r"--mode +auto\|full\|delta ", said)
    assert re.search(r"--last +NUMBER ", call("syncs", "--help")[1])


def test_the_version_is_the_packages(call):
    assert call("--version") == (0, f"roster-pipeline {version('roster-pipeline')}\n")


def test_no_command_shows_the_help_and_is_no_failure(call):
    assert call() == call("--help")
    assert call()[0] == 0


def test_number_out_of_range_is_refused(call):
    assert call("sandbox", "--port", "0")[0] == 2


def test_the_help_of_plan_is_a_sentence_by_itself(call):
    assert "Preview a sync of one district: show what it would change" in call("plan", "--help")[1]
