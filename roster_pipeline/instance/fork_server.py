"""The fork server: a process that has imported all code and forks once for each run.

A new interpreter would take seconds to import the code. The server reads one order a line from its standard input,
answers with the process id of the fork, and exits at the end of the input. The forks go on running then. The server
opens no connection and starts no Python thread.

Two libraries start native threads when they are imported. OpenBLAS starts one for each further processor. A fork does
not have these threads and could wait for them, so the launcher sets OPENBLAS_NUM_THREADS to 1. The allocator of pyarrow
has a thread that frees memory. It supports forks, and works without the thread in them.
"""

from __future__ import annotations

import gc
import json
import os
import signal
import sys
import traceback
from contextlib import suppress
from importlib import import_module
from typing import NoReturn

import dagster as dg

from roster_pipeline.extract.client import CleverAccess, CleverClient
from roster_pipeline.instance.dagster_private import (
    InstanceRef,
    JobPythonOrigin,
    capture_interrupts,
    core_execute_run,
    deserialize_value,
    recon_job_from_origin,
)
from roster_pipeline.validate.contracts import CONTRACTS, empty_table

READY = "ready"


def main() -> None:
    """Import the module of definitions that the command line names, and fork for each order on the standard input.

    An order is a JSON object with `run_id`, and with `origin` and `instance` as Dagster serializes them.
    """
    # The jobs are built here, and not again in each fork.
    import_module(sys.argv[1]).defs.get_repository_def().get_all_jobs()
    warm_up_libraries()
    gc.collect()
    gc.freeze()  # the forks need not examine the imported objects
    signal.signal(signal.SIGCHLD, signal.SIG_IGN)  # the server does not wait for its forks
    _write_line(READY)
    for line in sys.stdin:
        pid = os.fork()
        if pid == 0:
            _execute(**json.loads(line))
        _write_line(str(pid))


def warm_up_libraries() -> None:
    """Use pandera and httpx once, because they import most of their code at the first use."""
    for table, contract in CONTRACTS.items():
        contract.validate(empty_table(table))
    with CleverClient(CleverAccess("", "", "", "", "")):
        pass  # the client sends no request


def _write_line(line: str) -> None:
    """Write a line to the launcher at once."""
    sys.stdout.write(f"{line}\n")
    sys.stdout.flush()


def _execute(run_id: str, origin: str, instance: str) -> NoReturn:
    """Execute a run as a process of Dagster's code server does, and exit without the clean-up of the parent process.

    Dagster records an error of the run. An error before or after the run, for example of Dagster's database, is written
    to the standard error of the daemon. Only its class and place are written, because its message could quote a row.
    """
    status = 1
    try:
        _detach()
        with capture_interrupts(), dg.DagsterInstance.from_ref(deserialize_value(instance, InstanceRef)) as dagster:
            run = dagster.get_run_by_id(run_id)
            if run:
                job = recon_job_from_origin(deserialize_value(origin, JobPythonOrigin))
                dagster.report_engine_event(f"Started process for run (pid: {os.getpid()}).", run)
                for _event in core_execute_run(job, run, dagster, inject_env_vars=True):
                    pass
        status = 0
    except BaseException as error:  # noqa: BLE001 - the process ends here, and os._exit would drop the error
        last = traceback.extract_tb(error.__traceback__)[-1]
        where = f"{type(error).__name__} at {os.path.basename(last.filename)}:{last.lineno}"  # noqa: PTH119
        sys.stderr.write(f"The process of run {run_id} ended with an error ({where}).\n")
        sys.stderr.flush()
    finally:
        os._exit(status)


def _detach() -> None:
    """Replace the input and output of the parent process by /dev/null, and restore the handling of SIGCHLD."""
    null_device = os.open(os.devnull, os.O_RDWR)
    for descriptor in (sys.stdin.fileno(), sys.stdout.fileno()):
        os.dup2(null_device, descriptor)
    signal.signal(signal.SIGCHLD, signal.SIG_DFL)


if __name__ == "__main__":
    with suppress(KeyboardInterrupt):
        main()
