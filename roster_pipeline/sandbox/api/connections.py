"""`GET /oauth/tokens`, which lists the districts that are connected to the application, with their tokens."""

from base64 import b64encode
from collections.abc import Awaitable, Callable, Sequence
from secrets import compare_digest

from starlette.requests import Request
from starlette.responses import Response

from roster_pipeline.sandbox.api.answers import json_answer, refusal
from roster_pipeline.sandbox.api.collection import Object
from roster_pipeline.sandbox.data.clever_values import EPOCH, clever_time
from roster_pipeline.sandbox.data.district import SandboxDistrict

Handler = Callable[[Request], Awaitable[Response]]
SCOPES = ["read:sis", "read:district_admins", "read:school_admins", "read:user_id"]


class Connections:
    """The list of connections of one application, which has a client id and a secret."""

    def __init__(self, districts: Sequence[SandboxDistrict], client_id: str, client_secret: str) -> None:
        self._districts = districts
        self._basic = "Basic " + b64encode(f"{client_id}:{client_secret}".encode()).decode()

    async def answer(self, request: Request) -> Response:
        """Answer with all connections, or with that of one district. Wrong credentials are answered with 401."""
        if not self._is_client(request):
            return refusal(401, "Invalid client credentials")
        if request.query_params.get("owner_type") != "district":
            return refusal(400, "Invalid owner_type")
        district_id = request.query_params.get("district")
        districts = [each for each in self._districts if each.connected and district_id in (None, each.id)]
        uri = f"{request.url.path}?{request.url.query}"
        return json_answer({"data": [_entry(each) for each in districts], "links": [{"rel": "self", "uri": uri}]})

    def guard(self, handler: Handler) -> Handler:
        """Return a handler that refuses wrong credentials with 401."""

        async def answer(request: Request) -> Response:
            return await handler(request) if self._is_client(request) else refusal(401, "Invalid client credentials")

        return answer

    def _is_client(self, request: Request) -> bool:
        return compare_digest(request.headers.get("authorization", "").encode(), self._basic.encode())


def _entry(district: SandboxDistrict) -> Object:
    """Return the entry of one district. It has no envelope, unlike the records of the Data API."""
    return {
        "id": district.id[::-1],
        "created": clever_time(EPOCH),
        "owner": {"type": "district", "id": district.id},
        "access_token": district.token,
        "scopes": SCOPES,
    }
