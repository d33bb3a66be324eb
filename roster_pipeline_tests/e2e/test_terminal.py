"""Commands work on terminals that cannot show every character."""

import os
import subprocess
import sys

import pytest

from roster_pipeline.product.database import transaction
from roster_pipeline.product.organizations import connect_district

COMMAND = [sys.executable, "-c", "from roster_pipeline.cli import main; main()"]


@pytest.mark.parametrize("encoding", ["ascii", "latin-1"])
def test_name_that_the_terminal_cannot_encode_is_escaped(environment, product, tmp_path, encoding):
    with transaction(product) as pg:
        connect_district(pg, "5" * 24, name="Zoë 王 Valley", tier="secure_sync")
    variables = {**os.environ, "PYTHONIOENCODING": encoding, "COLUMNS": "200"}
    ended = subprocess.run([*COMMAND, "districts"], env=variables, cwd=tmp_path, capture_output=True, check=False)
    assert (ended.returncode, ended.stderr) == (0, b"")
    shown = {"ascii": rb"Zo\xeb \u738b Valley", "latin-1": "Zoë \\u738b Valley".encode("latin-1")}[encoding]
    assert shown in ended.stdout
