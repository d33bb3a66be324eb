"""Run the command `why` and read the steps of its answer."""

import json
import sys

import pytest

from roster_pipeline.cli import main
from roster_pipeline_tests.support.accounts import set_user
from roster_pipeline_tests.support.people import users_of

NOBODY = "f" * 24


@pytest.fixture
def why(environment, monkeypatch, capsys):
    """Run the command `why`. Return the exit code, the standard output and the standard error."""

    def asked(*arguments):
        monkeypatch.setattr(sys, "argv", ["roster-pipeline", "why", *arguments])
        with pytest.raises(SystemExit) as ended:
            main()
        said = capsys.readouterr()
        return ended.value.code, said.out, said.err

    return asked


@pytest.fixture
def answer(why):
    """Return the JSON answer of the command `why`."""

    def answered(*arguments):
        code, said, _ = why(*arguments, "--json")
        assert code == 0, said
        return json.loads(said)

    return answered


@pytest.fixture
def chain(answer):
    """Return the steps of the only chain of an answer, by name."""

    def steps(*arguments):
        (found,) = answer(*arguments)["chains"]
        return by_name(found)

    return steps


@pytest.fixture
def student(valley):
    return set_user(valley, users_of(valley, "student")[0], email="tom.reed@example.org", first="Tom", last="Reed")


def by_name(chain):
    return {step["name"]: step for step in chain["steps"]}


def whose(steps):
    return steps["Next"]["facts"]["whose"]


def classes_of(district, person):
    return [one["id"] for one in district.resources["sections"].values() if person["id"] in one["students"]]
