"""A Home Assistant in a process of its own, which can be killed like a real one."""

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
import json
from multiprocessing.process import BaseProcess
from pathlib import Path
import shutil
import signal
import socket
from tempfile import TemporaryDirectory
from typing import Any

from homeassistant.config_entries import STORAGE_VERSION, STORAGE_VERSION_MINOR

from custom_components.ev_charging_sessions.archive import LEDGER_FILE
from custom_components.ev_charging_sessions.charging.ledger import Ledger, SessionQuery
from custom_components.ev_charging_sessions.charging.model import Account, Command, Session
from custom_components.ev_charging_sessions.const import DOMAIN
from custom_components.ev_charging_sessions.networks import account_of
from tests.programs import PROJECT
from tests.real_life import OUTPUT, new_life
from tests.simulator import Simulator
from tests.simulator.defaults import CARDS, CLIENT_ID, CLIENT_SECRET

ENTRY_ID = "01JREALHOME000000000000000"
# A slow machine with two busy cores compiles thousands of modules at the first start, which
# takes a quick one five seconds.
SECONDS_TO_START = 90.0

_CONFIGURATION = """
logger:
  default: warning
  logs:
    custom_components.ev_charging_sessions: debug
asker:
"""

# A neighbour in the same Home Assistant that acts as soon as a file asks for it: unlike the
# web server it needs no login, and it is ready when the account is.
_MANIFEST = {
    "domain": "asker",
    "name": "Asker",
    "version": "1.0.0",
    "after_dependencies": [DOMAIN],
    "codeowners": [],
    "documentation": "https://example.org",
    "requirements": [],
}
_ASKER = """
import asyncio
import json
from pathlib import Path

from homeassistant.helpers import config_validation as cv

CONFIG_SCHEMA = cv.empty_config_schema("asker")


async def async_setup(hass, config):
    asked = Path(hass.config.path("asked.json"))

    async def watch():
        while not await hass.async_add_executor_job(asked.exists):
            await asyncio.sleep(0.05)
        data = json.loads(await hass.async_add_executor_job(asked.read_text))
        await hass.async_add_executor_job(asked.unlink)
        await hass.services.async_call("ev_charging_sessions", "start_session", data)

    hass.async_create_background_task(watch(), "asker")
    return True
"""


class RealHome:
    """A configuration folder with one Shell account, and the process that uses it."""

    def __init__(self, folder: Path, simulator: Simulator) -> None:
        """Furnish the folder; nothing runs yet."""
        self._folder = folder
        self._simulator = simulator
        self._process: BaseProcess | None = None
        self._port = _free_port()
        data = {
            "backend": "shell_recharge",
            "client_id": CLIENT_ID,
            "client_secret": CLIENT_SECRET,
            "ema_id": CARDS[0],
            "base_url": simulator.url,
            "api_version": "v2",
        }
        self.account: Account = account_of("shell_recharge", data)
        (folder / "configuration.yaml").write_text(_CONFIGURATION)
        (folder / "custom_components").mkdir()
        (folder / "custom_components" / DOMAIN).symlink_to(PROJECT / "custom_components" / DOMAIN)
        asker = folder / "custom_components" / "asker"
        asker.mkdir()
        (asker / "manifest.json").write_text(json.dumps(_MANIFEST))
        (asker / "__init__.py").write_text(_ASKER)
        (folder / ".storage").mkdir()
        now = "2026-11-21T00:00:00+00:00"
        entry: dict[str, Any] = {
            "created_at": now,
            "modified_at": now,
            "data": data,
            "disabled_by": None,
            "discovery_keys": {},
            "domain": DOMAIN,
            "entry_id": ENTRY_ID,
            "minor_version": 1,
            "options": {},
            "pref_disable_new_entities": False,
            "pref_disable_polling": False,
            "source": "user",
            "subentries": [],
            "title": "Shell Recharge",
            "unique_id": self.account.account_id,
            "version": 1,
        }
        # What configuration.yaml says of the server waits for a person's confirmation.
        server = {
            "server_host": ["127.0.0.1"],
            "server_port": self._port,
            "cors_allowed_origins": [],
            "login_attempts_threshold": -1,
            "ip_ban_enabled": True,
            "ssl_profile": "intermediate_v6",
            "use_x_frame_options": True,
            "created_at": now,
            "error": None,
            "error_message": None,
        }
        http = {"stable": server, "pending": None, "yaml_migration_done": True}
        self._store("http", 3, 1, http)
        entries = {"entries": [entry]}
        self._store("core.config_entries", STORAGE_VERSION, STORAGE_VERSION_MINOR, entries)

    def _store(self, key: str, version: int, minor_version: int, data: object) -> None:
        store = {"version": version, "minor_version": minor_version, "key": key, "data": data}
        (self._folder / ".storage" / key).write_text(json.dumps(store))

    async def start(self) -> None:
        """Start Home Assistant and return before it is ready."""
        self._process = new_life(self._folder)
        await asyncio.to_thread(self._process.start)

    async def kill(self) -> None:
        """End the process without a warning, as a power cut does."""
        if self._process is not None:
            self._process.kill()
            await asyncio.to_thread(self._process.join)
            assert self._process.exitcode == -signal.SIGKILL, self.output
        self._process = None

    async def ask_for_start(self, evse_id: str) -> None:
        """Start a session by the action, and return when its request has reached the network."""
        before = self._simulator.log.count("start")
        # A start that a kill leaves without a trace is given up before the tests give up.
        data = {"config_entry_id": ENTRY_ID, "evse_id": evse_id, "timeout": 60}
        draft = self._folder / "asked.draft"
        draft.write_text(json.dumps(data))
        draft.rename(self._folder / "asked.json")
        await self.until_requested("start", before + 1)

    async def sessions(self) -> dict[str, Session]:
        """Return what the ledger's file holds now, by session id."""
        async with self._ledger() as ledger:
            found = await ledger.sessions(SessionQuery(accounts=(self.account,)))
        assert len({each.session_id for each in found}) == len(found)
        return {each.session_id: each for each in found}

    async def pending(self) -> tuple[Command, ...]:
        """Return the commands whose outcome is not known yet."""
        async with self._ledger() as ledger:
            return await ledger.pending_commands(self.account)

    async def until_requested(self, name: str, count: int) -> None:
        """Wait until that many requests of a call have reached the network."""

        async def is_there() -> bool:
            return self._simulator.log.count(name) >= count

        await self.until(is_there, f"the request {name}")

    async def until(self, is_true: Callable[[], Any], what: str) -> None:
        """Wait for something that Home Assistant does."""
        try:
            async with asyncio.timeout(SECONDS_TO_START):
                while not await is_true():
                    assert self._process is None or self._process.is_alive(), self.output
                    await asyncio.sleep(0.1)
        except TimeoutError:
            raise AssertionError(f"Still waiting for {what}:\n{self.output}") from None

    @property
    def output(self) -> str:
        """Return all that Home Assistant has printed."""
        return (self._folder / OUTPUT).read_text(errors="replace")

    @property
    def complaints(self) -> list[str]:
        """Return the errors and the lines of tracebacks that name the integration."""
        return [
            line
            for line in self.output.splitlines()
            if DOMAIN in line and (" ERROR " in line or line.lstrip().startswith("File "))
        ]

    @asynccontextmanager
    async def _ledger(self) -> AsyncIterator[Ledger]:
        """Open the ledger's file, or a copy after a kill, so that it is left as it was."""
        with TemporaryDirectory() as copy:
            folder = self._folder
            if self._process is None:
                folder = Path(copy)
                for file in self._folder.glob(f"{LEDGER_FILE}*"):
                    shutil.copy(file, folder)
            ledger = Ledger(f"sqlite:///{folder / LEDGER_FILE}")
            await ledger.open()
            try:
                yield ledger
            finally:
                await ledger.close()


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port
