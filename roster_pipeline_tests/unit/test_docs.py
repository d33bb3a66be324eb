"""The README names everything that exists, and everything that it names exists."""

import re
import tomllib
from pathlib import Path

import pytest
from typer.main import get_command

from roster_pipeline.cli.app import app
from roster_pipeline.definitions import defs
from roster_pipeline.settings import Settings

PROJECT = Path(__file__).parents[2]
README = (PROJECT / "README.md").read_text(encoding="utf-8")
CHANGELOG = (PROJECT / "CHANGELOG.md").read_text(encoding="utf-8")
COMMANDS = sorted(get_command(app).commands)
MAKE_TARGETS = re.findall(r"^([a-z]+):.*##", (PROJECT / "Makefile").read_text(encoding="utf-8"), re.MULTILINE)


def test_readme_and_settings_list_the_same_variables():
    settings = {f"ROSTER_{name.upper()}" for name in Settings.model_fields}
    assert set(re.findall(r"ROSTER_[A-Z_]+[A-Z]", README)) == settings


@pytest.mark.parametrize("command", sorted(set(COMMANDS) - {"demo", "dev"}))
def test_every_command_is_in_the_changelog(command):
    assert f"`{command}`" in CHANGELOG or f"roster-pipeline {command}`" in CHANGELOG


def test_every_command_that_the_readme_runs_exists():
    assert set(re.findall(r"bin/roster-pipeline ([a-z]+)", README)) <= set(COMMANDS)


def test_every_make_target_that_the_readme_names_exists():
    assert set(re.findall(r"\bmake ([a-z]+)", README)) <= set(MAKE_TARGETS)


def test_every_path_that_the_readme_links_to_exists():
    for path in re.findall(r"\]\((?!http)([^)]+)\)", README):
        assert (PROJECT / path).exists(), path


@pytest.mark.parametrize("name", ["sync_roster", "plan_roster", "nightly", "refresh_requests"])
def test_what_the_readme_says_of_dagster_is_defined(name):
    repository = defs.get_repository_def()
    assert name in README
    assert name in {
        *repository.job_names,
        *(schedule.name for schedule in repository.schedule_defs),
        *(sensor.name for sensor in repository.sensor_defs),
    }


def test_dependencies_are_pinned_and_no_registry_is_named():
    constraints = (PROJECT / "constraints.txt").read_text(encoding="utf-8").splitlines()
    assert all(re.fullmatch(r"[A-Za-z0-9._-]+==[A-Za-z0-9.+!]+", line) for line in constraints)
    pinned = {line.partition("==")[0].lower().replace("_", "-").replace(".", "-") for line in constraints}
    project = tomllib.loads((PROJECT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    wanted = [*project["dependencies"], *project["optional-dependencies"]["dev"]]
    names = {re.match(r"[A-Za-z0-9._-]+", line).group().lower().replace("_", "-") for line in wanted}
    assert names <= pinned
