"""A client of Home Assistant's own interfaces: onboarding, login, REST, WebSocket, flows."""

import asyncio
from time import monotonic
from typing import Any

from aiohttp import ClientError, ClientSession, ClientWebSocketResponse

from .processes import DemoError, until

type Json = dict[str, Any]

USERNAME = "demo"
PASSWORD = "charge-me"  # noqa: S105 # Printed for whoever runs the demo; it listens on loopback only.

_FLOW = "/api/config/config_entries/flow"
_OPTIONS_FLOW = "/api/config/config_entries/options/flow"
_SUBENTRY_FLOW = "/api/config/config_entries/subentries/flow"
# The very first start compiles thousands of modules.
_SECONDS_TO_START = 240
# Home Assistant hangs up on who does not answer its pings, and nobody reads them meanwhile.
_SECONDS_OF_SILENCE = 30


class HomeAssistant:
    """One Home Assistant, seen from outside, as its frontend sees it."""

    def __init__(self, session: ClientSession, url: str) -> None:
        """Remember where it is; ``log_in`` comes first."""
        self.url = url
        # What a login gave: the frontend needs all of it.
        self.tokens: Json = {}
        self._session = session
        self._socket: ClientWebSocketResponse | None = None
        # Answers come in the order of the questions, so one is asked after the other.
        self._asks = asyncio.Lock()
        self._last_id = 0
        self._heard = 0.0

    async def aclose(self) -> None:
        """Hang up; Home Assistant would wait ten seconds for that when it is told to stop."""
        if self._socket is not None:
            await self._socket.close()

    async def wait_until_it_answers(self) -> None:
        """Wait for the first sign of life."""

        async def answers() -> bool:
            try:
                async with self._session.get(f"{self.url}/manifest.json") as response:
                    return response.status == 200
            except ClientError:
                return False

        await until(answers, _SECONDS_TO_START, "Home Assistant to answer")

    async def wait_until_it_runs(self) -> None:
        """Wait until everything is set up; needs a login."""

        async def runs() -> bool:
            return bool((await self.get("/api/config"))["state"] == "RUNNING")

        await until(runs, _SECONDS_TO_START, "Home Assistant to be set up")

    async def log_in(self) -> None:
        """Log in as the demo's owner, who is made by the onboarding on the first start."""
        steps = await self._open("GET", "/api/onboarding", allowed=(200, 404))
        is_new = isinstance(steps, list) and not all(each["done"] for each in steps)
        code = await (self._onboard() if is_new else self._authorize())
        form = {"grant_type": "authorization_code", "code": code, "client_id": self.client_id}
        async with self._session.post(f"{self.url}/auth/token", data=form) as response:
            if response.status != 200:
                raise DemoError(f"Home Assistant gave no token: {await response.text()}")
            self.tokens = await response.json()

    async def get(self, path: str) -> Any:
        """Read from the REST API."""
        return await self._open("GET", path)

    async def post(self, path: str, body: Json, *, allowed: tuple[int, ...] = (200, 201)) -> Any:
        """Write to the REST API."""
        return await self._open("POST", path, body, allowed=allowed)

    async def act(self, action: str, data: Json) -> Json:
        """Perform an action and return its response."""
        domain, name = action.split(".")
        answer = await self.post(f"/api/services/{domain}/{name}?return_response", data)
        response: Json = answer["service_response"]
        return response

    async def call(self, action: str, data: Json) -> None:
        """Perform an action that has no response."""
        domain, name = action.split(".")
        await self.post(f"/api/services/{domain}/{name}", data)

    async def state(self, entity_id: str) -> str:
        """Return the state of an entity, or ``missing``."""
        answer = await self._open("GET", f"/api/states/{entity_id}", allowed=(200, 404))
        return str(answer.get("state", "missing"))

    async def command(self, kind: str, **parameters: Any) -> Any:
        """Send a command over the WebSocket and return its result."""
        async with self._asks:
            if self._socket and monotonic() - self._heard > _SECONDS_OF_SILENCE:
                await self._socket.close()
                self._socket = None
            socket = self._socket or await self._connect()
            self._last_id += 1
            await socket.send_json({"id": self._last_id, "type": kind, **parameters})
            answer = await socket.receive_json()
            self._heard = monotonic()
        if not answer["success"]:
            raise DemoError(f"{kind}: {answer['error']['message']}")
        return answer["result"]

    async def add_entry(self, handler: str, *steps: Json) -> str:
        """Add a config entry through its flow, one body for each step, and return its id."""
        result = await self._flow(_FLOW, {"handler": handler}, steps)
        entry_id: str = result["result"]["entry_id"]
        return entry_id

    async def remove_entry(self, entry_id: str) -> None:
        """Remove a config entry with its devices."""
        await self._open("DELETE", f"/api/config/config_entries/entry/{entry_id}")

    async def add_subentry(self, entry_id: str, kind: str, *steps: Json) -> None:
        """Add a subentry to a config entry through its flow."""
        await self._flow(_SUBENTRY_FLOW, {"handler": [entry_id, kind]}, steps)

    async def set_options(self, entry_id: str, *steps: Json) -> None:
        """Set the options of a config entry through their flow, one body for each step."""
        await self._flow(_OPTIONS_FLOW, {"handler": entry_id}, steps)

    async def read_options_step(self, entry_id: str, *steps: Json) -> Json:
        """Return the form that the options of a config entry show after some steps."""
        result: Json = await self.post(_OPTIONS_FLOW, {"handler": entry_id})
        path = f"{_OPTIONS_FLOW}/{result['flow_id']}"
        for step in steps:
            result = await self.post(path, step)
        await self._open("DELETE", path)
        return result

    async def _flow(self, path: str, start: Json, steps: tuple[Json, ...]) -> Json:
        result: Json = await self.post(path, start)
        for step in steps:
            if result["type"] not in {"menu", "form"}:
                break
            result = await self.post(f"{path}/{result['flow_id']}", step, allowed=(200, 400))
            if "type" not in result:
                raise DemoError(f"The flow of {start['handler']} refused its input: {result}")
        if result["type"] != "create_entry":
            reason = result.get("errors") or result.get("reason") or result["type"]
            raise DemoError(f"The flow of {start['handler']} ended with {reason}.")
        return result

    @property
    def client_id(self) -> str:
        """Who we say that we are when we log in, which is what the frontend says."""
        return f"{self.url}/"

    async def _onboard(self) -> str:
        owner = {"name": "Demo", "username": USERNAME, "password": PASSWORD, "language": "en"}
        answer = await self.post("/api/onboarding/users", {**owner, "client_id": self.client_id})
        return str(answer["auth_code"])

    async def _authorize(self) -> str:
        start = {
            "client_id": self.client_id,
            "handler": ["homeassistant", None],
            "redirect_uri": self.client_id,
        }
        flow = await self.post("/auth/login_flow", start)
        login = {"client_id": self.client_id, "username": USERNAME, "password": PASSWORD}
        answer = await self.post(f"/auth/login_flow/{flow['flow_id']}", login)
        if answer["type"] != "create_entry":
            raise DemoError("The demo's login does not fit its state. Start again with --reset.")
        return str(answer["result"])

    async def _connect(self) -> ClientWebSocketResponse:
        socket = await self._session.ws_connect(f"{self.url}/api/websocket", max_msg_size=0)
        await socket.receive_json()
        await socket.send_json({"type": "auth", "access_token": self.tokens["access_token"]})
        if (await socket.receive_json())["type"] != "auth_ok":
            raise DemoError("Home Assistant refused the demo's token.")
        self._socket = socket
        return socket

    async def _open(
        self, method: str, path: str, body: Json | None = None, *, allowed: tuple[int, ...] = (200,)
    ) -> Any:
        token = self.tokens.get("access_token")
        headers = {"Authorization": f"Bearer {token}"} if token else {}
        async with self._session.request(
            method, f"{self.url}{path}", json=body, headers=headers
        ) as response:
            if response.status not in allowed:
                text = await response.text()
                raise DemoError(f"{method} {path} answered {response.status}: {text[:500]}")
            if response.content_type != "application/json":
                return {}
            return await response.json()
