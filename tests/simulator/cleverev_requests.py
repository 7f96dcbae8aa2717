"""What CleverEV reads from requests, and what it refuses."""

from collections.abc import Mapping
from datetime import date
from json import JSONDecodeError
from typing import Any

from aiohttp import web

from .backend import Json

_OLDEST = date(2025, 11, 1)
_MOST = 2**53 - 1


class RefusedError(Exception):
    """The network refuses the request."""

    def __init__(self, status: int, text: str) -> None:
        """Refuse with a status and in words."""
        super().__init__(text)
        self.status = status
        self.text = text


def check_headers(request: web.Request, organization_id: str) -> None:
    """Check what the newer API wants to know of every request.

    The vendor's page about starting a session does not ask for the organization.
    """
    try:
        version = date.fromisoformat(request.headers.get("compatibility-date", ""))
    except ValueError:
        raise RefusedError(400, "compatibility-date header is missing or no date") from None
    if version < _OLDEST:
        raise RefusedError(400, "compatibility-date must be a date after 2025-11-01")
    given = request.headers.get("organization-id")
    if given is None and request.path == "/sessions/start":
        return
    if given is None or not 1 <= len(given) <= 40:
        raise RefusedError(400, "organization-id header is missing or invalid")
    if given != organization_id:
        raise RefusedError(403, "You are no member of this organization")


def number(query: Mapping[str, str], name: str, default: int, *, least: int = 0) -> int:
    """Read a whole number of the query."""
    try:
        value = int(query.get(name, str(default)))
    except ValueError:
        raise RefusedError(400, f"{name} must be an integer") from None
    if not least <= value <= _MOST:
        raise RefusedError(400, f"{name} is out of range")
    return value


def wanted_status(query: Mapping[str, str]) -> str | None:
    """Read the status of the sessions that are wanted."""
    status = query.get("status")
    if status not in {None, "Started", "Stopped"}:
        raise RefusedError(400, "status must be Started or Stopped")
    return status


async def body_of(request: web.Request) -> Json:
    """Read a JSON object."""
    try:
        body: Any = await request.json()
    except JSONDecodeError, UnicodeDecodeError:
        body = None
    if not isinstance(body, dict):
        raise RefusedError(400, "The body is no JSON object")
    return body


def start_of(body: Json) -> tuple[str, int, str]:
    """Read where a session shall begin, and in which way that was asked for."""
    charger_id, connector_id = body.get("chargerId"), body.get("connectorId")
    if not isinstance(charger_id, str):
        raise RefusedError(400, "chargerId is required")
    if not isinstance(connector_id, int) or isinstance(connector_id, bool) or connector_id < 1:
        raise RefusedError(400, "connectorId must be a positive integer")
    match body.get("source"):
        case "app":
            return charger_id, connector_id, "InApp"
        case "console":
            return charger_id, connector_id, "InConsole"
        case _:
            raise RefusedError(400, "source must be app or console")


def fits(wanted: Json, charger: Json) -> bool:
    """Tell whether a printed charger is one of those wanted; of connectors, any one may be."""
    plain = {key: value for key, value in wanted.items() if key != "connectors"}
    if any(charger.get(key) != value for key, value in plain.items()):
        return False
    sought = wanted.get("connectors")
    return not sought or any(
        all(connector.get(key) == value for key, value in sought.items())
        for connector in charger["connectors"]
    )
