"""The switch-board of everything that can be made to go wrong, for all backends."""

import asyncio
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime, timedelta
import re

from .clock import Clock, real_now

# Faults of the connection or the answer as a whole; the server itself performs them.
TRANSPORT_FAULTS = {
    "html": "an HTML page with 200 instead of an answer; the request has no effect",
    "broken_json": "the real answer, cut in half",
    "empty_body": "the real status without its body",
    "stall": "no answer until `delay` has passed or the fault is off; then as usual",
    "stall_answer": "like `stall`, but the request takes effect at once",
    "reset": "the connection is reset; the request has no effect",
    "drop_answer": "the request takes effect, then the connection is reset",
}
# Faults of meaning; each backend performs them in its own words.
BACKEND_FAULTS = {
    "token_expired": "every token lives 0 seconds",
    "token_revoked": "every token handed out so far is revoked; takes effect once",
    "unknown_enum": 'sessions have the status "hibernating"',
    "rotten_session": "the first session of an answer has a field of a wrong type",
    "failed_status": "a 2xx answer whose body says that it failed",
    "stale_active": "the list of active sessions stays as it was when switched on",
}
_HTTP_FAULT = re.compile(r"http_([45]\d\d)")
# A backend that has result codes answers with this one; the request has no effect.
_CODE_FAULT = re.compile(r"code_([1-9]\d\d)")


@dataclass(frozen=True, slots=True)
class Call:
    """What a request is, in the words that scopes are made of."""

    backend: str
    name: str
    method: str
    path: str


@dataclass(kw_only=True, slots=True, eq=False)
class Fault:
    """One fault that is switched on.

    ``scope`` holds words that must all fit the request: the name of a call (``active``),
    a method (``POST``), a backend, a path prefix (``/ev/v2``) or ``*``. Requests for a
    token are spared unless the scope says ``token`` or ``*`` or names their path.
    ``delay`` and ``retry_after`` are seconds.
    """

    kind: str
    scope: str | None = None
    count: int | None = None
    until: datetime | None = None
    until_real: float | None = None
    delay: float | None = None
    retry_after: float | None = None
    retry_after_date: bool = False
    hits: int = 0
    released: asyncio.Event = field(default_factory=asyncio.Event, repr=False)

    @property
    def status(self) -> int | None:
        """The HTTP status of an ``http_...`` fault."""
        match = _HTTP_FAULT.fullmatch(self.kind)
        return int(match[1]) if match else None

    @property
    def code(self) -> int | None:
        """The result code of a ``code_...`` fault."""
        match = _CODE_FAULT.fullmatch(self.kind)
        return int(match[1]) if match else None

    def fits(self, call: Call) -> bool:
        """Tell whether a request is within the scope."""
        words = (self.scope or "").split()
        if call.name == "token" and not any(
            word in {"*", "token"} or word.startswith("/") for word in words
        ):
            return False
        return all(
            word in {"*", call.backend, call.name, call.method}
            or (word.startswith("/") and call.path.startswith(word))
            for word in words
        )


class Faults:
    """Which faults are on, for which requests, and for how long."""

    def __init__(self, clock: Clock) -> None:
        """Start with everything in order."""
        self._clock = clock
        self._on: list[Fault] = []
        self._stalling: list[Fault] = []
        self._listeners: list[Callable[[Fault], None]] = []

    def listen(self, listener: Callable[[Fault], None]) -> None:
        """Call ``listener`` with every fault at the moment it is switched on."""
        self._listeners.append(listener)

    def on(
        self,
        kind: str,
        *,
        scope: str | None = None,
        count: int | None = None,
        seconds: float | None = None,
        real_seconds: float | None = None,
        delay: float | None = None,
        retry_after: float | None = None,
        retry_after_date: bool = False,
    ) -> Fault:
        """Switch a fault on, for ``count`` requests and ``seconds`` of simulated time.

        Kinds are the names above, ``http_<status>`` and, where a backend has result codes,
        ``code_<three digits>``. Without limits a fault stays on.
        ``retry_after`` goes into the header, as an HTTP date with ``retry_after_date``.
        """
        known = kind in TRANSPORT_FAULTS or kind in BACKEND_FAULTS
        if not known and not _HTTP_FAULT.fullmatch(kind) and not _CODE_FAULT.fullmatch(kind):
            raise ValueError(f"There is no fault {kind!r}")
        fault = Fault(
            kind=kind,
            scope=scope,
            count=count,
            until=None if seconds is None else self._clock.now() + timedelta(seconds=seconds),
            until_real=None if real_seconds is None else real_now() + real_seconds,
            delay=delay,
            retry_after=retry_after,
            retry_after_date=retry_after_date,
        )
        if kind != "token_revoked":
            self._on.append(fault)
        if seconds is not None:
            self._clock.after(seconds, lambda: self._end(fault))
        for listener in self._listeners:
            listener(fault)
        return fault

    def off(self, kind: str | None = None) -> None:
        """Switch one kind of fault off, or all of them; stalled requests go on."""
        for fault in [*self._on, *self._stalling]:
            if kind in {None, fault.kind}:
                self._end(fault)

    def active(self) -> list[Fault]:
        """Return the faults that are on, oldest first."""
        self._clock.settle()
        real = real_now()
        for fault in list(self._on):
            if fault.until_real is not None and real >= fault.until_real:
                self._end(fault)
        return list(self._on)

    def is_on(self, kind: str) -> bool:
        """Tell whether a kind of fault is on for any request."""
        return any(fault.kind == kind for fault in self.active())

    def take(self, call: Call, *kinds: str) -> Fault | None:
        """Return the oldest fault that hits this request, and count the hit.

        Without ``kinds`` every fault that the server performs by itself is meant.
        """
        return self._take(
            call,
            lambda fault: (
                fault.kind in (kinds or TRANSPORT_FAULTS)
                or (not kinds and fault.status is not None)
            ),
        )

    def take_code(self, call: Call) -> int | None:
        """Return the code of the oldest ``code_...`` fault that hits, and count the hit."""
        fault = self._take(call, lambda each: each.code is not None)
        return fault.code if fault else None

    def _take(self, call: Call, is_wanted: Callable[[Fault], bool]) -> Fault | None:
        for fault in self.active():
            if is_wanted(fault) and fault.fits(call):
                fault.hits += 1
                if fault.count is not None and fault.hits >= fault.count:
                    self._on.remove(fault)
                return fault
        return None

    async def stall(self, fault: Fault) -> None:
        """Wait until the fault lets the request go on."""
        waits: list[asyncio.Task[object]] = [asyncio.create_task(fault.released.wait())]
        if fault.delay is not None:
            waits.append(asyncio.create_task(self._clock.sleep(fault.delay)))
        self._stalling.append(fault)
        try:
            await asyncio.wait(waits, return_when=asyncio.FIRST_COMPLETED)
        finally:
            self._stalling.remove(fault)
            for wait in waits:
                wait.cancel()

    def _end(self, fault: Fault) -> None:
        if fault in self._on:
            self._on.remove(fault)
        fault.released.set()
