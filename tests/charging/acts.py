"""What a test does with a backend: it reads, or it commands."""

from collections.abc import Awaitable, Callable
from typing import Any

import aiohttp

from custom_components.ev_charging_sessions.charging.backends.shell_recharge import ShellRecharge
from custom_components.ev_charging_sessions.charging.model import ChargeCard

from .driver import ACCOUNT, CARD, EVSE

type Act = Callable[[ShellRecharge], Awaitable[Any]]


def poll(backend: ShellRecharge) -> Awaitable[Any]:
    """Read."""
    return backend.poll({})


def start(backend: ShellRecharge) -> Awaitable[Any]:
    """Command."""
    return backend.start(EVSE, CARD)


def backend_at(url: str, http: aiohttp.ClientSession, **options: str) -> ShellRecharge:
    """Return a backend at a scripted server."""
    settings = {"client_id": "id", "client_secret": "pass-word"} | options
    cards = (ChargeCard(identifier=CARD, alias="Mine"),)
    return ShellRecharge(http, ACCOUNT, cards=cards, base_url=url, **settings)
