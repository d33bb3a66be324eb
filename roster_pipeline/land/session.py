"""The DuckDB connection of one sync: to the district's file, to the copy for a preview, or to the delta workspace."""

from __future__ import annotations

from contextlib import ExitStack, contextmanager
from typing import TYPE_CHECKING, Self

from roster_pipeline.damaged import as_damage
from roster_pipeline.land.warehouse import (
    can_stay_open,
    discard_workspace,
    district_file,
    open_working_file,
    open_workspace,
    title,
    workspace_file,
)

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path
    from types import TracebackType

    import duckdb


class WarehouseSession:
    """Opens the DuckDB file that a sync works on, and closes it at the end of the `with` block.

    A small file stays open from one use to the next, because opening it takes as long as a stage with it. A large file
    is closed after each use, which frees the memory that DuckDB holds for it. Nested uses share one connection.

    Args:
        folder: the folder of the districts' DuckDB files.
        is_preview: work on the copy for previews, which must exist.
    """

    def __init__(self, folder: Path, district_id: str, *, is_preview: bool = False) -> None:
        self.folder, self.district_id, self.is_preview = folder, district_id, is_preview
        self._kept = ExitStack()
        self._con: duckdb.DuckDBPyConnection | None = None
        self._uses = 0

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    @property
    def is_delta(self) -> bool:
        """Whether the sync works in a delta workspace."""
        return workspace_file(self.folder, self.district_id).exists()

    @property
    def is_in_use(self) -> bool:
        """Whether the connection is in use at this moment."""
        return self._uses > 0

    @contextmanager
    def open(self) -> Iterator[duckdb.DuckDBPyConnection]:
        """Give the connection: to the delta workspace if there is one, else to the district's file or its copy.

        Raises:
            DistrictUnknown, RosterError: as `open_warehouse`.
            FileDamaged: the file is damaged. The file stays where it is.
        """
        where, is_preview = (self.folder, self.district_id), self.is_preview
        with as_damage(district_file(*where, is_preview=is_preview), title(self.district_id)):
            if self._con is None:
                self._con = self._kept.enter_context(open_working_file(*where, is_preview=is_preview))
            self._uses += 1
            try:
                yield self._con
            finally:
                self._uses -= 1
                # The file may have grown during this use, as in the first sync of a large district.
                if not self._uses and not can_stay_open(*where, is_preview=is_preview):
                    self.close()

    def close(self) -> None:
        """Close the connection that is kept open, if there is one."""
        self._kept.close()
        self._con = None

    @contextmanager
    def begin_delta(self) -> Iterator[duckdb.DuckDBPyConnection]:
        """Give the connection to a new delta workspace. Later uses of the session work there too.

        Raises:
            FileDamaged, RosterError: as `open_workspace`.
        """
        self.close()
        discard_workspace(self.folder, self.district_id)
        file = district_file(self.folder, self.district_id)
        self._con = self._kept.enter_context(open_workspace(self.folder, self.district_id))
        with as_damage(file, title(self.district_id)):
            yield self._con

    def end_delta(self) -> None:
        """Close and remove the delta workspace, if there is one."""
        self.close()
        discard_workspace(self.folder, self.district_id)
