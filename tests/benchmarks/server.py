"""A Shell Recharge that answers at once, in a process of its own so its CPU does not count.

The answers are built before they are asked for. ``/mode/still`` gives the same sessions
with a fresh request id each time, ``/mode/moving`` changes one session at every answer.
"""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
import itertools
import json
import sys
import uuid

from aiohttp import web

CHARGE_POINTS = 50
# The time stamp that moves, of the session that changes.
_LATEST = "2026-11-21T07:36:58.000000Z"
CARD = "NL-TNM-C00122045-K"


def evse_id(number: int) -> str:
    """Return one of the EVSEs that the sessions are spread over."""
    return f"NL*TNM*E{number:08d}*0"


def sessions(count: int) -> list[dict[str, object]]:
    """Return running sessions as ``active`` prints them, a bogus ``stoppedAt`` included."""
    return [
        {
            "id": str(uuid.UUID(int=number)),
            "userId": "281482b6-2c9a-4fd1-b3ea-1928edb40ef9",
            "emaId": CARD,
            "evseId": evse_id(number % CHARGE_POINTS),
            "startedAt": f"2026-11-20T{number // 60 % 24:02d}:{number % 60:02d}:00Z",
            "stoppedAt": f"2016-11-20T{number // 60 % 24:02d}:{number % 60:02d}:00Z",
            "SessionState": {"status": "Started"},
            "lastUpdated": "2026-11-21T07:36:57.985998Z",
        }
        for number in range(count)
    ]


def body(data: list[dict[str, object]]) -> bytes:
    """Return a whole answer with a fresh request id."""
    answer = {"requestId": str(uuid.uuid4()), "status": "SUCCESS", "data": data}
    return json.dumps(answer).encode()


def _stamp(number: int) -> bytes:
    """Return a later time stamp of the same length for every number."""
    seconds, millis = divmod(number, 1000)
    minutes, seconds = divmod(seconds, 60)
    return f"2026-11-21T08:{minutes:02d}:{seconds:02d}.{millis:03d}000Z".encode()


async def _serve(count: int) -> None:
    data = sessions(count)
    data[-1]["lastUpdated"] = _LATEST
    template = body(data)
    request_id = json.loads(template)["requestId"].encode()
    updated = itertools.count()
    mode_now = "still"

    async def token(_request: web.Request) -> web.Response:
        return web.json_response({"access_token": "t", "expires_in": 86400})

    async def mode(request: web.Request) -> web.Response:
        nonlocal mode_now
        mode_now = request.match_info["mode"]
        return web.Response()

    async def active(_request: web.Request) -> web.Response:
        answer = template.replace(request_id, str(uuid.uuid4()).encode(), 1)
        if mode_now == "moving":
            answer = answer.replace(_LATEST.encode(), _stamp(next(updated)), 1)
        return web.Response(body=answer, content_type="application/json")

    async def locations(_request: web.Request) -> web.Response:
        return web.json_response({"data": []})

    app = web.Application()
    app.router.add_post("/v2/oauth/token", token)
    app.router.add_get("/mode/{mode}", mode)
    app.router.add_get("/ev/v2/charge-session/active", active)
    app.router.add_get("/ev/v2/locations", locations)
    runner = web.AppRunner(app, access_log=None)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    print(f"http://127.0.0.1:{runner.addresses[0][1]}", flush=True)
    await asyncio.Event().wait()


@asynccontextmanager
async def running(count: int) -> AsyncIterator[str]:
    """Run the server with that many sessions and return its URL."""
    process = await asyncio.create_subprocess_exec(
        sys.executable,
        "-m",
        "tests.benchmarks.server",
        str(count),
        stdout=asyncio.subprocess.PIPE,
    )
    assert process.stdout
    try:
        yield (await process.stdout.readline()).decode().strip()
    finally:
        process.kill()
        await process.wait()


if __name__ == "__main__":
    asyncio.run(_serve(int(sys.argv[1])))
