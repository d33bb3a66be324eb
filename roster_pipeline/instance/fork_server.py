"""A process that has everything imported and forks once a run: a new interpreter would import for seconds each time.

As a program it reads one order a line, answers with the process id of the fork, and ends with its input. Forks outlive
it. It opens no connection and starts no thread, so nothing is shared that a fork must not share.
"""

from __future__ import annotations

import gc
import json
import os
import signal
import sys
from contextlib import suppress
from importlib import import_module
from typing import NoReturn

import dagster as dg
from dagster._core.execution.api import execute_run_iterator
from dagster._core.instance.ref import InstanceRef
from dagster._core.origin import JobPythonOrigin
from dagster._serdes import deserialize_value
from dagster._utils.hosted_user_process import recon_job_from_origin
from dagster._utils.interrupts import capture_interrupts

from roster_pipeline.extract.client import CleverAccess, CleverClient
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
    """Run it as the code server's own processes do, then leave without the parent's farewells."""
    status = 1
    try:
        _stand_alone()
        with capture_interrupts(), dg.DagsterInstance.from_ref(deserialize_value(instance, InstanceRef)) as dagster:
            run = dagster.get_run_by_id(run_id)
            if run:
                job = recon_job_from_origin(deserialize_value(origin, JobPythonOrigin))
                dagster.report_engine_event(f"Started process for run (pid: {os.getpid()}).", run)
                for _event in execute_run_iterator(job, run, dagster):
                    pass
        status = 0
    finally:
        os._exit(status)


def _stand_alone() -> None:
    """Nothing of the parent's talk, and signals as in a process of its own."""
    nowhere = os.open(os.devnull, os.O_RDWR)
    for descriptor in (sys.stdin.fileno(), sys.stdout.fileno()):
        os.dup2(nowhere, descriptor)
    signal.signal(signal.SIGCHLD, signal.SIG_DFL)


if __name__ == "__main__":
    with suppress(KeyboardInterrupt):
        main()
