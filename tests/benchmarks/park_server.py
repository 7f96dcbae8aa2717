"""A big charging park at a Smappee that answers at once, in a process of its own.

The answers are built before they are asked for, whatever the range. ``/mode/still`` gives
the same sessions each time, ``/mode/moving`` lets the meter of one of them move from one
poll to the next, in both lists.
"""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
import itertools
import json
import sys
import time

from aiohttp import web

PARK = "30001"
CONNECTORS = 2
# The session that changes is in the middle of those that are open, and so are its bytes.
_MOVING = b'"energy": 12.345678'

type _Body = dict[str, object]


def serial(station: int) -> str:
    """Return the serial number of a station."""
    return f"61{station:08d}"


def sessions(stations: int, count: int, active: int, now: float) -> list[_Body]:
    """Return sessions as clients see them, newest first; the newest ones are open."""
    hour = 3_600_000
    found: list[_Body] = []
    for number in range(count):
        is_open = number < active
        # The open ones began within twelve hours, the others in the twenty days before.
        ago = 12 * hour * number / active if is_open else 12 * hour + 480 * hour * number / count
        started = int(now * 1000 - ago)
        place = number % (stations * CONNECTORS)
        energy = 12.345678 if number == active // 2 else round(1 + number % 977 / 23, 3)
        body: _Body = {
            "id": 1_987_000 - number,
            "serialNumber": serial(place // CONNECTORS),
            "connector": place % CONNECTORS + 1,
            "authenticationType": "RFID",
            "rfid": f"04{number % 500:012X}",
            "userId": 42,
            "from": started,
            "status": "CHARGING" if is_open else "STOPPED",
            "suspendedByUser": False,
            "externalControl": False,
            "smartMode": "NORMAL",
            "priority": 100,
            "minimumExcessPercentage": 100,
            "maxAmperes": [32, 32, 32],
            "startReading": round(1000 + number % 4001 / 7, 3),
            "energy": energy,
        }
        if not is_open:
            body["to"] = started + 4 * hour
            body["stopReading"] = round(1000 + number % 4001 / 7 + energy, 3)
        found.append(body)
    return found


def metering_configuration(stations: int) -> _Body:
    """Return the stations of the park."""
    return {
        "serviceLocationId": int(PARK),
        "chargingStations": [
            {
                "id": number,
                "name": f"Bay {number}",
                "serialNumber": serial(number),
                "chargers": [
                    {"id": number * 10 + position, "uuid": f"{number}-{position}"}
                    | {"position": position, "serialNumber": f"58{number:07d}{position}"}
                    for position in range(1, CONNECTORS + 1)
                ],
            }
            for number in range(stations)
        ],
    }


def _fixed(value: object) -> Callable[[web.Request], Awaitable[web.Response]]:
    body = json.dumps(value).encode()

    async def answer(_request: web.Request) -> web.Response:
        return web.Response(body=body, content_type="application/json")

    return answer


async def _serve(stations: int, count: int, active: int) -> None:
    listed = sessions(stations, count, active, time.time())
    past, connected = json.dumps(listed).encode(), json.dumps(listed[:active]).encode()
    assert past.count(_MOVING) == connected.count(_MOVING) == 1
    step = itertools.count(1)
    moved = _MOVING
    mode_now = "still"

    async def mode(request: web.Request) -> web.Response:
        nonlocal mode_now
        mode_now = request.match_info["mode"]
        return web.Response(text=f"{len(past)} {len(connected)}")

    async def list_sessions(request: web.Request) -> web.Response:
        nonlocal moved
        is_active = "active" in request.query
        # Both lists of a poll tell the same; the long one is asked for first.
        if mode_now == "moving" and not is_active:
            moved = f'"energy": {12_345_678 + next(step)}'.encode()
            moved = moved[:-6] + b"." + moved[-6:]
        body = (connected if is_active else past).replace(_MOVING, moved, 1)
        return web.Response(body=body, content_type="application/json")

    tokens = {"access_token": "t", "expires_in": 86400, "refresh_token": "r"}
    places = {"serviceLocations": [{"serviceLocationId": int(PARK), "name": "Big park"}]}
    app = web.Application()
    app.router.add_get("/mode/{mode}", mode)
    app.router.add_post("/oauth2/token", _fixed(tokens))
    app.router.add_get("/servicelocation", _fixed(places))
    place = f"/servicelocation/{PARK}"
    app.router.add_get(f"{place}/meteringconfiguration", _fixed(metering_configuration(stations)))
    app.router.add_get(f"{place}/smartdevices", _fixed([]))
    app.router.add_get(f"/chargingparks/{PARK}/sessions", list_sessions)
    runner = web.AppRunner(app, access_log=None)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    print(f"http://127.0.0.1:{runner.addresses[0][1]}", flush=True)
    await asyncio.Event().wait()


@asynccontextmanager
async def running(stations: int, sessions: int, active: int) -> AsyncIterator[str]:
    """Run the server of a park of that size and return its URL."""
    process = await asyncio.create_subprocess_exec(
        sys.executable,
        "-m",
        "tests.benchmarks.park_server",
        *map(str, (stations, sessions, active)),
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
