"""The Data API and the Events API of Clever, in the versions v3.0 and v3.1.

The module `connections` serves the tokens, `logins` the people who log in, and `control` the sandbox's own routes.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from starlette.datastructures import QueryParams
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response

from roster_pipeline.sandbox.api.answers import json_answer, no_such_route, one_answer, page_answer, refusal
from roster_pipeline.sandbox.api.collection import Collection, Object
from roster_pipeline.sandbox.api.feed_query import event_ids
from roster_pipeline.sandbox.api.pagination import MAXIMUM_LIMIT, Page, page_links, read_page
from roster_pipeline.sandbox.api.rate_limit import RateLimit
from roster_pipeline.sandbox.api.relations import find_related, find_single_relation, list_users_of_role, read_role
from roster_pipeline.sandbox.api.versions import VERSIONS
from roster_pipeline.sandbox.data.district import LISTS, SandboxDistrict


class CleverApi:
    """The application that answers `GET /v3.x/...` for some districts."""

    def __init__(self, districts: Sequence[SandboxDistrict], clock: Callable[[], float]) -> None:
        self._districts = districts
        self._limit = RateLimit(clock)

    async def answer(self, request: Request) -> Response:
        """Answer one request, with the headers of the rate limit.

        The status is 401 if the token belongs to no connected district, and 429 above the rate limit.
        """
        district = self._district_of(request.headers.get("authorization", ""))
        if district is None:
            return refusal(401, "Unrecognized token string")
        allowance = self._limit.spend(district.token)
        answer = _answer(district, request) if allowance.passes else Response(status_code=429)
        answer.headers.update(allowance.headers)
        return answer

    def _district_of(self, authorization: str) -> SandboxDistrict | None:
        """Return the connected district of a bearer token, if there is one.

        Each request looks the token up again, because a token can be rotated and a district disconnected.
        """
        kind, _, token = authorization.partition(" ")
        connected = [each for each in self._districts if each.connected and each.token == token]
        return connected[0] if connected and kind.lower() == "bearer" else None


@dataclass(frozen=True)
class _Call:
    """A request below `/v3.x/` with the token of one district. `steps` is the path after the version."""

    district: SandboxDistrict
    version: str
    steps: tuple[str, ...]
    path: str
    query: QueryParams

    def items(self, resource: str) -> Collection:
        """Return the objects of a list, or the events."""
        return self.district.events if resource == "events" else self.district.resources[resource]

    def record(self, resource: str, key: str) -> Object:
        """Return one object.

        Raises:
            HTTPException: 404, the list has no such object.
        """
        if key not in self.items(resource):
            raise HTTPException(404, "Resource not found")
        return self.items(resource)[key]


def _answer(district: SandboxDistrict, request: Request) -> Response:
    """Answer a request whose token belongs to a district."""
    path = request.url.path
    version, *steps = path.strip("/").split("/")
    if version not in VERSIONS or not steps or steps[0] not in (*LISTS, "events"):
        return no_such_route(path)
    call = _Call(district, version, tuple(steps), path, request.query_params)
    try:
        if len(steps) == 1:
            return _list(call)
        return _single(call) if len(steps) == 2 else _related(call)
    except HTTPException as refused:
        return refusal(refused.status_code, refused.detail)


def _list(call: _Call) -> Response:
    """Answer `/{list}`. The list of districts has only one page."""
    (resource,) = call.steps
    if resource == "districts":
        ids = call.items(resource).ids()
        return _page(call, resource, Page(ids, has_previous=False, has_next=False))
    return _list_page(call, resource, _selected_ids(call, resource))


def _single(call: _Call) -> Response:
    """Answer `/{list}/{id}`."""
    resource, key = call.steps
    call.record(resource, key)
    return one_answer(call.version, resource, call.items(resource), key)


def _related(call: _Call) -> Response:
    """Answer `/{list}/{id}/{relation}` with the related record, or with the list of related records."""
    resource, key, *rest = call.steps
    item, relation = call.record(resource, key), "/".join(rest)
    if reference := find_single_relation(resource, relation):
        target, field = reference
        target_id = call.record(target, item.get(field, ""))["id"]
        return one_answer(call.version, target, call.items(target), target_id)
    many = find_related(call.district, resource, item, relation, call.query)
    return _list_page(call, *many) if many else no_such_route(call.path)


def _selected_ids(call: _Call, resource: str) -> list[str]:
    """Return the ids of a list that the filters of the request select."""
    if resource == "events":
        return event_ids(call.district, call.query)
    if resource == "users":
        return list_users_of_role(call.district, read_role(call.query))
    return call.items(resource).ids()


def _list_page(call: _Call, resource: str, ids: list[str]) -> Response:
    """Answer with the requested page of a list, or with its length if the request has `count=true`."""
    max_records = call.district.events_a_page if resource == "events" else MAXIMUM_LIMIT
    page = read_page(ids, call.query, max_records)
    if call.query.get("count") == "true":
        links = page_links(call.path, call.query, Page((), has_previous=False, has_next=False))
        return json_answer({"count": len(ids), "links": links})
    return _page(call, resource, page)


def _page(call: _Call, resource: str, page: Page) -> Response:
    """Answer with one page of a list."""
    items = call.items(resource)
    return page_answer(call.version, resource, items, page, call.path, call.query)
