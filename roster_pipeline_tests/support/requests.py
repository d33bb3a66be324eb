"""Insert refresh requests, and run the command that answers them."""

import sys

import dagster as dg
import pytest

from roster_pipeline.cli import main
from roster_pipeline.defs.resources import Product
from roster_pipeline.defs.sensors import refresh_requests
from roster_pipeline.product.database import transaction
from roster_pipeline.syncs.requests import file_request


def requests_of(instance):
    """Return the run requests of one evaluation of the sensor `refresh_requests`."""
    with dg.build_sensor_context(instance=instance, resources={"product": Product(patience=0)}) as context:
        return list(refresh_requests(context))


@pytest.fixture
def press(product):
    """File a refresh request for a district, or for one of its schools or classes."""

    def pressed(district, kind="district", key=None):
        with transaction(product) as pg:
            return file_request(pg, district.id, scope=kind, scope_clever_id=key, requested_by="a teacher")

    return pressed


@pytest.fixture
def command(environment, monkeypatch, capsys):
    """Run a command. Return the exit code, the standard output and the standard error."""

    def run(*arguments):
        monkeypatch.setattr(sys, "argv", ["roster-pipeline", *arguments])
        with pytest.raises(SystemExit) as ended:
            main()
        said = capsys.readouterr()
        return ended.value.code, said.out, said.err

    return run
