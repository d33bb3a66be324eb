"""Speaking to Clever: tokens by district id, patience, politeness. What the lists hold is in `records.py`."""

from __future__ import annotations

import codecs
import logging
import random as chance
import ssl
import time
from dataclasses import dataclass, field
from functools import cache, partial
from typing import TYPE_CHECKING, NamedTuple, Self

import httpx
from tenacity import Retrying, retry_if_exception_type, stop_after_attempt

from roster_pipeline.errors import DistrictNotShown, SourceBroken, SourceUnreachable
from roster_pipeline.extract.body import ACCEPTED, LARGEST_ANSWER, read_body
from roster_pipeline.extract.envelope import DistrictAnswer, TokenPage, broken, read_answer
from roster_pipeline.extract.lenient_decode import read_mended
from roster_pipeline.extract.pagination import walk
from roster_pipeline.extract.rate_limit import RateWindow
from roster_pipeline.extract.retry import TRIES, TransientError, judge, waits
from roster_pipeline.model.feed import District

if TYPE_CHECKING:
    from collections.abc import Callable, Generator
    from types import TracebackType

    from tenacity import RetryCallState

    from roster_pipeline.extract.envelope import TokenEntry

log = logging.getLogger(__name__)
TIMEOUT = httpx.Timeout(60.0, connect=10.0)
"""Seconds. 60 is between two pieces of an answer, not for all of it: pages of 10 MB and more are normal."""
IDS_SHOWN = 20
CONNECTIONS = "Clever's list of connections"


@dataclass(frozen=True)
class CleverAccess:
    """Where Clever is and who we are there.

    Attributes:
        api_url: host of the lists, without the version.
        auth_url: host of `/oauth/tokens`.
        api_version: `v3.1` or `v3.0`.
        client_secret: never shown in repr.
    """

    api_url: str
    auth_url: str
    api_version: str
    client_id: str
    client_secret: str = field(repr=False)

    @property
    def lists(self) -> httpx.URL:
        """The address below which every list is."""
        return httpx.URL(f"{self.api_url.rstrip('/')}/{self.api_version}/")

    @property
    def tokens(self) -> httpx.URL:
        return httpx.URL(f"{self.auth_url.rstrip('/')}/oauth/tokens", params={"owner_type": "district"})


class _Tokens(NamedTuple):
    """The list of connections. No repr: it would show the tokens.

    Attributes:
        by_district: the newest token of each district.
        unreadable: connections of which it is not known whose they are.
    """

    by_district: dict[str, str]
    unreadable: int

    def __repr__(self) -> str:
        return f"_Tokens({len(self.by_district)})"


class _Bearer(httpx.Auth):
    """The token as a header, kept out of every repr."""

    def __init__(self, token: str) -> None:
        self._header = f"Bearer {token}"

    def auth_flow(self, request: httpx.Request) -> Generator[httpx.Request, httpx.Response, None]:
        request.headers["Authorization"] = self._header
        yield request


@dataclass(frozen=True)
class DistrictConnection:
    """One district's lists, through the token that Clever gave for it in this run."""

    client: CleverClient
    district_id: str
    token: str = field(repr=False)

    def get(self, url: httpx.URL) -> bytes:
        """The body of one answer.

        Raises:
            SourceUnreachable: nothing but transient faults, try after try.
            SourceRefused: Clever said no.
            SourceBroken: a status that no list has, or an answer above the bounds of `body.py`.
        """
        return self.client.ask(url, _Bearer(self.token), self.district_id)

    def elapsed(self) -> float:
        """Seconds of a clock that only runs forward."""
        return self.client.elapsed()

    def district(self) -> District:
        """The district as Clever describes it now.

        Raises:
            SourceUnusable: as `get`; SourceBroken too if the answer is about another district.
        """
        body = self.get(self.client.access.lists.join(f"districts/{self.district_id}"))
        what = f"District {self.district_id}"
        answer = read_mended(body, DistrictAnswer, what).data
        if answer.id != self.district_id:
            raise SourceBroken(f"{what}: Clever answered with another district; nothing was read.")
        return answer.described()


@dataclass(frozen=True)
class _Connections:
    """The list of connections, through the app's own credentials."""

    client: CleverClient

    def get(self, url: httpx.URL) -> bytes:
        access = self.client.access
        return self.client.ask(url, httpx.BasicAuth(access.client_id, access.client_secret), None)

    def elapsed(self) -> float:
        return self.client.elapsed()


class CleverClient:
    """A context manager that holds the open connections. Safe to use from several threads.

    Args:
        access: hosts and credentials.
        transport: replaces the network, in tests.
        sleep, clock, random: seconds to wait, unix seconds now, a number of [0, 1) for jitter.
        elapsed: seconds of a clock that only runs forward, by which answers, lists and the rate are bounded.

    Attributes:
        is_list_whole: whether all of the list of connections that was read last was readable. If not, it proves no
            absence.
    """

    def __init__(
        self,
        access: CleverAccess,
        *,
        transport: httpx.BaseTransport | None = None,
        sleep: Callable[[float], None] = time.sleep,
        clock: Callable[[], float] = time.time,
        random: Callable[[], float] = chance.random,
        elapsed: Callable[[], float] = time.monotonic,
    ) -> None:
        self.access = access
        self.elapsed = elapsed
        self._http = httpx.Client(transport=transport, timeout=TIMEOUT, verify=_trusted(), headers=ACCEPTED)
        self._sleep, self._clock, self._random = sleep, clock, random
        self._windows: dict[str, RateWindow] = {}
        self._has_said = False
        self._connections: dict[str, DistrictConnection] = {}
        self.is_list_whole = True

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, fault: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._http.close()

    def shared_districts(self) -> tuple[str, ...]:
        """The ids of the districts that this connection shows, in ascending order.

        Raises:
            SourceUnusable: Clever did not give the list.
        """
        return tuple(self.connections())

    def connections(self) -> dict[str, DistrictConnection]:
        """A connection for each district that Clever shows, by id in ascending order; the list has the tokens.

        Raises:
            SourceUnusable: Clever did not give the list.
        """
        tokens, unreadable = self._tokens(self.access.tokens)
        self.is_list_whole = not unreadable
        return {each: DistrictConnection(self, each, tokens[each]) for each in sorted(tokens)}

    def connection(self, district_id: str) -> DistrictConnection:
        """The district's connection, looked up once a client; tokens rotate, so no client outlives a run.

        Raises:
            DistrictNotShown: Clever shows this connection no such district; the message lists those it shows.
            SourceUnusable: Clever did not give the token.
        """
        if district_id not in self._connections:
            self._connections[district_id] = self._look_up(district_id)
        return self._connections[district_id]

    def _look_up(self, district_id: str) -> DistrictConnection:
        own = self._tokens(self.access.tokens.copy_set_param("district", district_id))
        tokens = own if district_id in own.by_district else self._tokens(self.access.tokens)
        if district_id in tokens.by_district:
            return DistrictConnection(self, district_id, tokens.by_district[district_id])
        if own.unreadable or tokens.unreadable:  # one of them may be this district's
            raise broken(f"District {district_id}, {CONNECTIONS}")
        shown = tuple(sorted(tokens.by_district))
        raise DistrictNotShown(_unknown(district_id, shown), shown)

    def district(self, district_id: str) -> District:
        """The district as Clever describes it now; raises as `connection` and `DistrictConnection.get`."""
        return self.connection(district_id).district()

    def _tokens(self, url: httpx.URL) -> _Tokens:
        """The newest token of each district. Whether this list is paged is unknown (docs/clever-api.md#tokens)."""
        entries: list[TokenEntry] = []
        unreadable = 0
        for page in walk(
            _Connections(self), url, lambda body: read_answer(body, TokenPage, CONNECTIONS), CONNECTIONS, LARGEST_ANSWER
        ):
            found = list(page.entries())
            entries += (entry for entry in found if entry)
            unreadable += found.count(None)
        entries.sort(key=lambda entry: entry.created or "")
        return _Tokens(
            {e.owner.id: e.access_token for e in entries if e.owner.type == "district" and e.access_token}, unreadable
        )

    def ask(self, url: httpx.URL, who: httpx.Auth, district_id: str | None) -> bytes:
        """One answer's body, with retries, within its token's rate; raises as `DistrictConnection.get`."""
        what = f"District {district_id}, {url.path}" if district_id else CONNECTIONS
        window = self._windows.setdefault(district_id or "", RateWindow(self._sleep, self.elapsed))
        retrying = Retrying(
            stop=stop_after_attempt(TRIES),
            wait=waits(self._clock, self._random),
            retry=retry_if_exception_type(TransientError),
            before_sleep=partial(self._say_once, what),
            sleep=self._sleep,
            reraise=True,
        )
        try:
            return retrying(self._once, url, who, window, what)
        except TransientError as fault:
            raise SourceUnreachable(
                f"{what}: no good answer in {TRIES} tries, at last {fault}; see status.clever.com, run again."
            ) from None

    def _say_once(self, what: str, state: RetryCallState) -> None:
        """Say once that a request is tried again. Half a minute of silent tries looks like a standstill."""
        if not self._has_said:
            self._has_said = True
            fault = state.outcome.exception() if state.outcome else None
            log.warning("%s: no good answer yet (%s). It is tried up to %s times.", what, fault, TRIES)

    def _once(self, url: httpx.URL, who: httpx.Auth, window: RateWindow, what: str) -> bytes:
        window.take()
        try:
            with self._http.stream("GET", url, auth=who) as answer:
                judge(answer, what)
                return read_body(answer, what, self.elapsed).removeprefix(codecs.BOM_UTF8)
        except httpx.TransportError as fault:
            # The name of the fault only: its text may repeat what was sent.
            raise TransientError(type(fault).__name__) from None


@cache
def _trusted() -> ssl.SSLContext:
    """The certificates that are trusted, read once a process: reading them takes as long as many an answer."""
    return httpx.create_ssl_context()


def _unknown(district_id: str, shown: tuple[str, ...]) -> str:
    listed = ", ".join(shown[:IDS_SHOWN]) + (", …" if len(shown) > IDS_SHOWN else "")
    return (
        f"District {district_id} is not among the {len(shown)} districts that this Clever connection shows"
        f"{': ' + listed if shown else ''}."
    )
