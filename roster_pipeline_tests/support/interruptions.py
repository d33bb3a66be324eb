"""Wait for a session of PostgreSQL, and let the disk run full."""

import resource
import time
from contextlib import contextmanager

RUNNING = "select count(*) from roster.syncs where state = 'running'"
WAITING = (
    "select pid from pg_locks where not granted and relation = 'roster.rosters'::regclass "
    "and database = (select oid from pg_database where datname = current_database())"
)


def wait_until(condition):
    """Call a function until it returns a true value, which another thread brings about. Return the value."""
    end = time.monotonic() + 240
    while not (found := condition()):
        assert time.monotonic() < end, "it never came to that"
        time.sleep(0.02)
    return found


@contextmanager
def disk_full_at(size):
    """Let every write of this process beyond `size` bytes of a file fail, as on a full disk."""
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (size, hard))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))
