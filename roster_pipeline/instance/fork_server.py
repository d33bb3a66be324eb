"""A process that has imported everything and forks once for each run, because a new interpreter imports for seconds.

As a program it reads one order a line from its input, answers with the process id of the fork, and ends when its input
ends. The forks outlive it. It opens no connection and starts no Python thread.

Two libraries start native threads when they are imported. OpenBLAS would start one for each further processor. A fork
does not have it and could wait for it, so the launcher sets OPENBLAS_NUM_THREADS to 1. The allocator of pyarrow has a
thread that frees memory. It prepares itself for a fork, and works without the thread there.
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
    """Import the module of definitions that the command names; then serve orders until there are none.

    An order is JSON: `run_id`, `origin` and `instance`, the last two as Dagster writes them.
    """
    import_module(sys.argv[1]).defs.get_repository_def().get_all_jobs()  # built once, here
    use_once()
    gc.collect()
    gc.freeze()  # what is imported stays: no fork looks through it again, which took a tenth of a run
    signal.signal(signal.SIGCHLD, signal.SIG_IGN)  # nobody waits for the forks
    _say(READY)
    for line in sys.stdin:
        forked = os.fork()
        if forked == 0:
            _execute(**json.loads(line))
        _say(str(forked))


def use_once() -> None:
    """pandera and httpx import their larger half when they are first used: here, and not again in each fork."""
    for table, contract in CONTRACTS.items():
        contract.validate(empty_table(table))
    with CleverClient(CleverAccess("", "", "", "", "")):
        pass  # asks for nothing


def _say(word: str) -> None:
    sys.stdout.write(f"{word}\n")
    sys.stdout.flush()


def _execute(run_id: str, origin: str, instance: str) -> NoReturn:
    """Execute a run as the processes of Dagster's code server do, and end without the clean-up of the parent.

    Dagster records an error of the run. An error before or after it, as when its database is away, goes to the standard
    error of the daemon, by its class and place: its text could quote a row.
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
    """Close the parent's input and output, and handle signals as a process of its own."""
    nowhere = os.open(os.devnull, os.O_RDWR)
    for descriptor in (sys.stdin.fileno(), sys.stdout.fileno()):
        os.dup2(nowhere, descriptor)
    signal.signal(signal.SIGCHLD, signal.SIG_DFL)


if __name__ == "__main__":
    with suppress(KeyboardInterrupt):
        main()
