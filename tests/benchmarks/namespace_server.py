"""A CleverEV namespace of any size that answers at once, in a process of its own.

A page is built when somebody first asks for it, and kept. ``/mode/still`` gives the same
sessions each time, ``/mode/moving`` lets the meter of one that runs move from one poll to the
next, and with it the price. ``/asked`` tells what was asked for since, and how long the
answers were.
"""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta
import json
import sys

from aiohttp import web

CONNECTORS = 2
# So many ended sessions are within what happened since the oldest open one began.
_MINUTES_APART = 3

type _Body = dict[str, object]

# One that is paid by the kWh, one that differs by the hour, and one with a fee for standing.
_TARIFFS: tuple[_Body, ...] = (
    {"elements": [{"id": "a", "name": "Energy", "priceComponents": {"PerKilowattHour": "0.45"}}]},
    {
        "elements": [
            {
                "id": "b",
                "name": "Day",
                "priceComponents": {"Flat": "0.50", "PerKilowattHour": "0.52"},
                "restrictions": {
                    "startTime": {"hour": 6, "minute": 0},
                    "endTime": {"hour": 22, "minute": 0},
                },
            },
            {"id": "c", "name": "Night", "priceComponents": {"PerKilowattHour": "0.31"}},
        ],
    },
    {
        "elements": [
            {
                "id": "d",
                "name": "Idle",
                "priceComponents": {"PerMinute": "0.10"},
                "restrictions": {"vehicleRequestingPower": False, "minRestrictionsDuration": 1800},
            },
            {"id": "e", "name": "Energy", "priceComponents": {"PerKilowattHour": "0.39"}},
        ],
        "minPrice": "1.00",
    },
)


def charger_id(number: int) -> str:
    """Return the id of a charger."""
    return f"chg-{number:017d}"


def _iso(when: datetime) -> str:
    return when.isoformat(timespec="milliseconds").replace("+00:00", "Z")


class Books:
    """The sessions of a namespace, newest first; the newest ones are open."""

    def __init__(self, chargers: int, sessions: int, active: int) -> None:
        """Count, without making any."""
        self._chargers = chargers
        self._sessions = sessions
        self._active = active
        self._now = datetime.now(UTC).replace(microsecond=0)
        self._bodies: dict[tuple[str, str], bytes] = {}
        self._moving = active // 2
        self.step = 0

    def sessions(self, status: str, skip: int, take: int) -> bytes:
        """Return a page of the list with that status, or of all sessions without one."""
        first, behind = {
            "Started": (0, self._active),
            "Stopped": (self._active, self._sessions),
        }.get(status, (0, self._sessions))
        begin = min(first + skip, behind)
        numbers = range(begin, min(begin + take, behind))
        key = status, f"{skip}+{take}"
        if key not in self._bodies:
            rows = b", ".join(json.dumps(self._session(each)).encode() for each in numbers)
            head, tail = b'{"success": true, "chargingSessions": [', b'], "count": %d}'
            self._bodies[key] = head + rows + tail % (behind - first)
        body = self._bodies[key]
        if self._moving not in numbers or not self.step:
            return body
        then, now = (
            json.dumps(self._session(self._moving, each)).encode() for each in (0, self.step)
        )
        return body.replace(then, now, 1)

    def chargers(self, page: int, size: int) -> bytes:
        """Return a page of the chargers, counted from one."""
        key = "chargers", f"{page}+{size}"
        if key not in self._bodies:
            numbers = range(self._chargers)[(page - 1) * size : page * size]
            rows = [self._charger(number) for number in numbers]
            answer = {"success": True, "chargers": rows, "total": self._chargers}
            self._bodies[key] = json.dumps(answer).encode()
        return self._bodies[key]

    def _session(self, number: int, step: int = 0) -> _Body:
        """Return a session; ``number`` counts from the newest, ``step`` what it has done since."""
        is_open = number < self._active
        started = self._now - timedelta(minutes=5 + _MINUTES_APART * number)
        metered = self._now - timedelta(hours=2 if is_open else 0)
        metered = max(metered, started + timedelta(minutes=2)) + timedelta(seconds=step)
        if not is_open:
            metered = started + timedelta(minutes=60 + number % 90)
        place = number % (self._chargers * CONNECTORS)
        charger, connector = charger_id(place // CONNECTORS), place % CONNECTORS + 1
        session_id, intent_id = f"csn-{9_000_000 - number:017d}", f"int-{9_000_000 - number:032d}"
        energy, register = 1000 + number % 977 * 23 + step, 1_000_000 + number % 4001 * 7
        id_tag, user = f"04{number % 500:012X}", f"usr-{number % 500:05d}"
        body: _Body = {
            "id": session_id,
            "transactionId": 9_000_000 - number,
            "idTag": id_tag,
            "chargerId": charger,
            "connectorId": connector,
            "chargingIntentId": intent_id,
            "userId": user,
            "status": "Started" if is_open else "Stopped",
            "startedAtTimestamp": _iso(started),
            "startedAtEnergy": register,
            "lastMeteredAtTimestamp": _iso(metered),
            "lastMeteredAtEnergy": register + energy,
            "tariff": _TARIFFS[place % len(_TARIFFS)],
            "timeZone": "Europe/Bratislava",
            "energy": energy,
            "duration": int((metered - started).total_seconds()),
            "price": f"{energy * 45 / 100_000:.2f}",
            "applicationId": "app-benchmark",
            "namespaceId": "nsp-benchmark",
            "locationId": f"loc-{place % 10}",
            "createdAt": _iso(started),
            "updatedAt": _iso(metered),
            "chargingIntent": {
                "id": intent_id,
                "idTag": id_tag,
                "chargerId": charger,
                "connectorId": connector,
                "chargingSessionId": session_id,
                "userId": user,
                "type": "PersonalKeycard",
                "startType": "Local",
                "createdAt": _iso(started),
                "updatedAt": _iso(started),
            },
        }
        if not is_open:
            body |= {
                "stoppedAtTimestamp": _iso(metered),
                "stoppedAtEnergy": register + energy,
                "stoppedReason": "EVDisconnected",
            }
        return body

    def _charger(self, number: int) -> _Body:
        since = _iso(self._now - timedelta(days=1))
        return {
            "id": charger_id(number),
            "applicationId": "app-benchmark",
            "namespaceId": "nsp-benchmark",
            "locationId": f"loc-{number % 10}",
            "type": "Public",
            "name": f"Bay {number}",
            "createdAt": since,
            "updatedAt": since,
            "initialized": True,
            "lastHeartbeat": since,
            "vendor": "Simulated",
            "model": "AC Duo 22",
            "firmwareVersion": "1.4.2",
            "status": "Available",
            "statusSince": since,
            "ocppVersion": "1.6",
            "connectedSince": since,
            "ipAddress": "10.77.31.9",
            "connectors": [
                {
                    "connectorId": connector + 1,
                    "type": "type2",
                    "status": "Charging" if self._is_busy(number, connector) else "Available",
                    "statusSince": since,
                    "maxPower": 22,
                    "maxCurrent": 32,
                }
                for connector in range(CONNECTORS)
            ],
        }

    def _is_busy(self, charger: int, connector: int) -> bool:
        return charger * CONNECTORS + connector < self._active


async def _serve(chargers: int, sessions: int, active: int) -> None:
    books = Books(chargers, sessions, active)
    is_moving = False
    asked: list[tuple[str, int]] = []

    def answer(request: web.Request, body: bytes) -> web.Response:
        asked.append((request.path_qs, len(body)))
        return web.Response(body=body, content_type="application/json")

    async def mode(request: web.Request) -> web.Response:
        nonlocal is_moving
        is_moving = request.match_info["mode"] == "moving"
        return web.Response()

    async def tell(_request: web.Request) -> web.Response:
        told = json.dumps(asked)
        asked.clear()
        return web.Response(text=told)

    async def list_sessions(request: web.Request) -> web.Response:
        query = request.query
        status, skip = query.get("status", ""), int(query["skip"])
        if is_moving and status == "Started" and not skip:
            books.step += 1
        return answer(request, books.sessions(status, skip, int(query["take"])))

    async def list_chargers(request: web.Request) -> web.Response:
        query = request.query
        return answer(request, books.chargers(int(query["page"]), int(query["per_page"])))

    app = web.Application()
    app.router.add_get("/mode/{mode}", mode)
    app.router.add_get("/asked", tell)
    app.router.add_get("/api/charging-sessions/list/for/namespace", list_sessions)
    app.router.add_get("/chargers", list_chargers)
    runner = web.AppRunner(app, access_log=None)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    print(f"http://127.0.0.1:{runner.addresses[0][1]}", flush=True)
    await asyncio.Event().wait()


@asynccontextmanager
async def running(chargers: int, sessions: int, active: int) -> AsyncIterator[str]:
    """Run the server of a namespace of that size and return its URL."""
    process = await asyncio.create_subprocess_exec(
        sys.executable,
        "-m",
        "tests.benchmarks.namespace_server",
        *map(str, (chargers, sessions, active)),
        stdout=asyncio.subprocess.PIPE,
    )
    assert process.stdout
    try:
        yield (await process.stdout.readline()).decode().strip()
    finally:
        process.kill()
        await process.wait()


if __name__ == "__main__":
    asyncio.run(_serve(*map(int, sys.argv[1:4])))
