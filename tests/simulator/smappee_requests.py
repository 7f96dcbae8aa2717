"""What Smappee reads from requests, and what it refuses."""

from aiohttp import web

from .park_model import Connector, Mode, Station


class RefusedError(Exception):
    """The network refuses the request."""

    def __init__(self, status: int, text: str) -> None:
        """Refuse with a status and in words."""
        super().__init__(text)
        self.status = status
        self.text = text


def number_in_path(request: web.Request, name: str) -> int:
    """Read a number of the path; with anything else there is no such address."""
    text = request.match_info[name]
    if not text.isdecimal():
        raise RefusedError(404, f"not_found: {text}")
    return int(text)


def range_of(request: web.Request) -> tuple[int, int | None]:
    """Read the required range, whose end may be absent, in milliseconds since 1970."""
    parts = request.query.get("range", "").split(",")
    if len(parts) > 2 or not all(part.isdecimal() for part in parts):
        raise RefusedError(400, "invalid: range")
    first, *end = map(int, parts)
    if end and end[0] < first:
        raise RefusedError(400, "invalid: range")
    return first, end[0] if end else None


def is_active_only(request: web.Request) -> bool:
    """Read whether only sessions are wanted whose car is still connected."""
    match request.query.get("active", "false").lower():
        case "true":
            return True
        case "false":
            return False
        case _:
            raise RefusedError(400, "invalid: active")


def mode_and_limit(
    body: object, station: Station, connector: Connector
) -> tuple[Mode, float | None]:
    """Read the mode that is asked for, and its limit in ampere."""
    if not isinstance(body, dict) or body.get("mode") not in list(Mode):
        raise RefusedError(400, "invalid: mode")
    mode = Mode(body["mode"])
    if station.is_dc and mode is Mode.SMART:
        raise RefusedError(400, "invalid: mode of a DC station")
    if "limit" not in body:
        return mode, None
    if mode is not Mode.NORMAL or station.is_dc:
        raise RefusedError(400, "invalid: limit with this mode")
    return mode, _ampere(body["limit"], connector)


def _ampere(limit: object, connector: Connector) -> float:
    if not isinstance(limit, dict):
        raise RefusedError(400, "invalid: limit")
    least, most = connector.min_current, connector.max_current
    match limit:
        case {"unit": "AMPERE", "value": int() | float() as value} if _is_within(value, most):
            return float(value)
        case {"unit": "PERCENTAGE", "value": int() | float() as value} if _is_within(value, 100):
            return least + value / 100 * (most - least)
        case _:
            raise RefusedError(400, "invalid: limit")


def _is_within(value: float, most: float) -> bool:
    return not isinstance(value, bool) and 0 <= value <= most
