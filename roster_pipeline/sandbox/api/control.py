"""The sandbox's own routes below `/sandbox/`, which Clever does not have. They advance the day and set faults."""

from collections.abc import Callable, Iterable, Sequence
from datetime import datetime

import msgspec
from starlette.requests import Request
from starlette.responses import Response

from roster_pipeline.sandbox.api.answers import json_answer, refusal
from roster_pipeline.sandbox.api.faults import Fault, FaultUnknown
from roster_pipeline.sandbox.data.district import SandboxDistrict
from roster_pipeline.sandbox.data.school_day import school_day


class Control:
    """The sandbox's own routes.

    They need no token, because the sandbox listens on loopback and its people are invented.
    """

    def __init__(
        self,
        districts: Sequence[SandboxDistrict],
        set_faults: Callable[[Iterable[Fault]], None],
        today: Callable[[], datetime] | None = None,
    ) -> None:
        """Create the routes.

        Args:
            districts: the districts that the sandbox serves.
            set_faults: the function that replaces the faults.
            today: returns the latest time that a school day may have. Without it, each day is one later than the last.
        """
        self._districts = districts
        self._set_faults = set_faults
        self._today = today

    async def day(self, request: Request) -> Response:
        """Answer `POST /sandbox/day[?district=ID]`: advance by one school day, and return the counts of changes."""
        district_id = request.query_params.get("district")
        districts = [each for each in self._districts if district_id in (None, each.id)]
        if not districts:
            return refusal(404, "Resource not found")
        latest = self._today and self._today()
        changes = {each.id: school_day(each, each.day + 1, each.seed, latest) for each in districts}
        return json_answer({"data": {key: msgspec.to_builtins(counts) for key, counts in changes.items()}})

    async def faults(self, request: Request) -> Response:
        """Answer `POST /sandbox/faults`: replace all faults by those of the body, a JSON list of `Fault` objects."""
        try:
            self._set_faults(msgspec.json.decode(await request.body(), type=list[Fault]))
        except (msgspec.DecodeError, FaultUnknown) as error:
            return refusal(400, str(error))
        return json_answer({"data": "ok"})
