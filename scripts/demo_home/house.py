"""The house of the demo: a folder with a Home Assistant, and the simulator next door."""

from collections.abc import AsyncIterator
from contextlib import aclosing, asynccontextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
import json
from pathlib import Path
import shutil
from typing import Any

from aiohttp import ClientSession

from . import namespace_scene, operator_scene
from .devices import DOMAIN, read_devices
from .home_assistant import HomeAssistant
from .processes import PROJECT, free_port, is_free, running, until
from .progress import step
from .simulator import Simulator

type Json = dict[str, Any]

_CONFIGURATION = Path(__file__).with_name("configuration.yaml")
_HOME_PORT = 8123
_SECONDS_TO_LOAD = 60

# The account of the simulator's default world, its second card, and three of its EVSEs.
_SHELL = {"client_id": "demo-client", "client_secret": "demo-secret"}
_EMA_ID = "NL-TNM-C00122045-K"
_SECOND_CARD = {"identifier": "NL-TNM-C0216599X-A", "alias": "Family"}
EVSES = ("NL*TNM*E02003451*0", "NL*TNM*E02003451*1", "NL*TNM*EVIRTUALCP0002*0")

# The account of its charging parks, the first of them and the connectors there.
_SMAPPEE = {
    "client_id": "demo-park-client",
    "client_secret": "demo-park-secret",
    "username": "park-owner",
    "password": "demo-park-password",
}
_PARK = "20001"
CONNECTORS = (*(f"602000000{station}-1" for station in range(1, 7)), "6020000005-2")
# Smappee tells no costs, so the park has a price of its own.
PRICE_PER_KWH = 0.35

# The account of its namespace, and the connectors there.
_CLEVEREV = {
    "api_token": "demo-namespace-token",
    "organization_id": "demo-organization",
    "currency": "EUR",
    "energy_unit": "Wh",
    "advanced": {"api_generation": "current"},
}
PLACES = (
    *(f"chg-hotel-entrance-0{number}-{connector}" for number in (1, 2) for connector in (1, 2)),
    "chg-hotel-garage---01-1",
    "chg-depot-fast-----01-1",
)


@dataclass(frozen=True, kw_only=True)
class House:
    """What runs while the demo runs; the ids are the config entries of the four accounts."""

    home: HomeAssistant
    simulator: Simulator
    shell_id: str
    park_id: str
    namespace_id: str
    operator_id: str


@asynccontextmanager
async def open_house(folder: Path, *, with_usual_port: bool = False) -> AsyncIterator[House]:
    """Start both programs, and furnish Home Assistant if it is new, through its own interfaces.

    The usual port is the one that people know.
    """
    ports = _ports(folder, with_usual_port=with_usual_port)
    config = _prepare(folder, ports)
    arguments = ["-m", "tests.simulator", "--port", str(ports["simulator"])]
    arguments += ["--ago", str(namespace_scene.SECONDS_AGO)]
    hass = ["-m", "homeassistant", "--config", str(config), "--skip-pip"]
    async with ClientSession() as session:
        simulator = Simulator(session, f"http://127.0.0.1:{ports['simulator']}")
        home = HomeAssistant(session, f"http://127.0.0.1:{ports['home']}")
        async with running("The simulator", arguments, folder / "simulator.log"):
            with step("simulator"):
                await simulator.wait_until_it_answers()
                await namespace_scene.prepare(simulator)
            async with (
                running("Home Assistant", hass, folder / "home-assistant.log"),
                aclosing(home),
            ):
                with step("Home Assistant"):
                    await home.wait_until_it_answers()
                with step("owner and login"):
                    await home.log_in()
                    await home.wait_until_it_runs()
                # The account's device says which network it is of, whatever its owner calls it.
                known = {
                    each.manufacturer: each.entry_id
                    for each in await read_devices(home)
                    if each.is_account
                }
                shell_id = known.get("Shell Recharge") or await _add_shell(home, simulator.url)
                park_id = known.get("Smappee") or await _add_park(home, simulator.url)
                namespace_id = known.get("CleverEV") or await _add_namespace(home, simulator.url)
                operator_id = known.get("PlugSurfing")
                if operator_id is None:
                    operator_id = await operator_scene.add(home, simulator.url)
                with step("devices and entities"):
                    await _wait_until_loaded(home, shell_id, EVSES, cards=2)
                    await _wait_until_loaded(home, park_id, CONNECTORS)
                    await _wait_until_loaded(
                        home, namespace_id, PLACES, cards=len(namespace_scene.CARDS)
                    )
                    await _wait_until_loaded(home, operator_id, operator_scene.CONNECTORS)
                await operator_scene.name_poles(home)
                await operator_scene.announce(home, simulator, operator_id)
                await namespace_scene.cause_trouble(simulator)
                yield House(
                    home=home,
                    simulator=simulator,
                    shell_id=shell_id,
                    park_id=park_id,
                    namespace_id=namespace_id,
                    operator_id=operator_id,
                )


def _ports(folder: Path, *, with_usual_port: bool) -> dict[str, int]:
    """Return the ports of the last start, as the account in the state points to the simulator.

    When somebody else has taken that port since, the state is of no use and starts anew.
    """
    state = folder / "ports.json"
    if state.exists():
        ports: dict[str, int] = json.loads(state.read_text())
        if is_free(ports["simulator"]):
            if not is_free(ports["home"]):
                ports["home"] = free_port()
            return ports
        shutil.rmtree(folder)
    folder.mkdir(parents=True, exist_ok=True)
    home = _HOME_PORT if with_usual_port and is_free(_HOME_PORT) else free_port()
    ports = {"home": home, "simulator": free_port()}
    state.write_text(json.dumps(ports))
    return ports


def _prepare(folder: Path, ports: dict[str, int]) -> Path:
    """Write the configuration folder as far as Home Assistant cannot be asked to."""
    config = folder / "config"
    storage = config / ".storage"
    storage.mkdir(parents=True, exist_ok=True)
    text = _CONFIGURATION.read_text(encoding="utf-8")
    for name, port in ports.items():
        text = text.replace(f"http://{name}.invalid", f"http://127.0.0.1:{port}")
    (config / _CONFIGURATION.name).write_text(text, encoding="utf-8")
    # The simulated world starts anew each time; its networks know no session from before. And
    # to statistics from before, meters that start anew would tell of energy that flowed back.
    for database in (*config.glob(f"{DOMAIN}.db*"), *config.glob("home-assistant_v2.db*")):
        database.unlink()
    http = {"stable": _http(ports["home"]), "pending": None, "yaml_migration_done": True}
    _write_store(storage, "http", 3, http)
    link = config / "custom_components" / DOMAIN
    link.parent.mkdir(exist_ok=True)
    link.unlink(missing_ok=True)
    link.symlink_to(PROJECT / "custom_components" / DOMAIN)
    if not (storage / "onboarding").exists():
        # The steps after the owner's would add integrations that need the internet.
        done = ["core_config", "analytics", "integration"]
        _write_store(storage, "onboarding", 4, {"done": done})
    return config


def _http(port: int) -> Json:
    """Listen on loopback only; what configuration.yaml says of this waits for a confirmation."""
    return {
        "server_host": ["127.0.0.1"],
        "server_port": port,
        "cors_allowed_origins": [],
        "login_attempts_threshold": -1,
        "ip_ban_enabled": True,
        "ssl_profile": "intermediate_v6",
        "use_x_frame_options": True,
        "created_at": datetime.now(UTC).isoformat(),
        "error": None,
        "error_message": None,
    }


def _write_store(storage: Path, key: str, version: int, data: Json) -> None:
    store = {"version": version, "minor_version": 1, "key": key, "data": data}
    (storage / key).write_text(json.dumps(store), encoding="utf-8")


async def _add_shell(home: HomeAssistant, simulator: str) -> str:
    """Add the Shell Recharge account through the config flow and return its entry."""
    with step("Shell Recharge account, through the config flow"):
        advanced = {"base_url": simulator, "api_version": "v2"}
        entry_id = await home.add_entry(
            DOMAIN,
            {"next_step_id": "shell_recharge"},
            {**_SHELL, "ema_id": _EMA_ID, "advanced": advanced},
        )
    for evse_id in EVSES:
        with step(f"charge point {evse_id}"):
            await home.add_subentry(entry_id, "charge_point", {"evse_id": evse_id})
    with step("a second charge card"):
        await home.add_subentry(entry_id, "charge_card", _SECOND_CARD)
    return entry_id


async def _add_park(home: HomeAssistant, simulator: str) -> str:
    """Add the Smappee account with one of its parks in the same way."""
    with step("Smappee account with six stations, through the config flow"):
        entry_id = await home.add_entry(
            DOMAIN,
            {"next_step_id": "smappee"},
            {**_SMAPPEE, "advanced": {"base_url": f"{simulator}/dev/v3"}},
            {"service_location_ids": [_PARK]},
        )
    with step("a price of its own for the park"):
        await home.set_options(
            entry_id, {"next_step_id": "price"}, {"price_per_kwh": PRICE_PER_KWH}
        )
    return entry_id


async def _add_namespace(home: HomeAssistant, simulator: str) -> str:
    """Add the CleverEV account, and the names of those who charge there."""
    with step("CleverEV account with four chargers, through the config flow"):
        entry_id = await home.add_entry(
            DOMAIN, {"next_step_id": "cleverev"}, {**_CLEVEREV, "base_url": simulator}
        )
    with step("the key cards of those who charge there"):
        for card in namespace_scene.CARDS:
            await home.add_subentry(entry_id, "charge_card", card)
    return entry_id


async def _wait_until_loaded(
    home: HomeAssistant,
    entry_id: str,
    charge_points: tuple[str, ...],
    cards: int = 0,
) -> None:
    """Wait for an account, its cards and its charge points.

    Each card that is added makes the account load once more, so that it may be loaded and about
    to go away.
    """

    async def is_loaded() -> bool:
        account = await home.get(f"/api/diagnostics/config_entry/{entry_id}")
        # An account that is not loaded tells of no cards.
        if account["data"].get("cards", -1) < cards:
            return False
        devices = await read_devices(home)
        shown = [each.identifier for each in devices if each.is_charge_point]
        return all(any(one.endswith(point) for one in shown) for point in charge_points)

    await until(is_loaded, _SECONDS_TO_LOAD, "an account and its charge points to be loaded")
