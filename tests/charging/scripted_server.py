"""A server that answers what a test tells it to, for answers no real network should give."""

from collections.abc import Callable
from dataclasses import dataclass, field
from types import TracebackType
from typing import Self

from aiohttp import web

TOKEN = '{"access_token": "secret-token", "token_type": "Bearer", "expires_in": "899"}'


@dataclass(frozen=True, kw_only=True)
class Request:
    """One request as it arrived."""

    method: str
    path: str
    query: str
    headers: dict[str, str]
    body: str


@dataclass
class ScriptedServer:
    """Serves at ``url``; ``answer`` makes every answer but those to requests for a token."""

    answer: Callable[[Request], web.Response] = lambda _request: web.Response(text='{"data": []}')
    token: Callable[[Request], web.Response] = lambda _request: web.Response(text=TOKEN)
    requests: list[Request] = field(default_factory=list)
    url: str = ""

    async def __aenter__(self) -> Self:
        """Start to serve."""
        app = web.Application()
        app.router.add_route("*", "/{path:.*}", self._serve)
        self._runner = web.AppRunner(app, shutdown_timeout=1)
        await self._runner.setup()
        await web.TCPSite(self._runner, "127.0.0.1", 0).start()
        self.url = f"http://127.0.0.1:{self._runner.addresses[0][1]}"
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        """Stop serving."""
        await self._runner.cleanup()

    def asked(self, path: str) -> list[Request]:
        """Return the requests whose path ends so."""
        return [request for request in self.requests if request.path.endswith(path)]

    async def _serve(self, request: web.Request) -> web.Response:
        seen = Request(
            method=request.method,
            path=request.path,
            query=request.query_string,
            headers=dict(request.headers),
            body=await request.text(),
        )
        self.requests.append(seen)
        return (self.token if seen.path.endswith("/token") else self.answer)(seen)
