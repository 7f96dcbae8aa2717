"""Shell Recharge: looking up the EVSEs of locations."""

from collections.abc import Sequence
from datetime import UTC, datetime
from http import HTTPStatus
import re
import uuid

import msgspec

from ..errors import AuthenticationError, RequestRejectedError, UnexpectedAnswerError
from ..model import ChargePoint
from .shell_recharge_locations_wire import charge_point, decode_location
from .shell_recharge_wire import decode_items
from .transport import Transport

# The place of a location in a URL; one of another form would lead elsewhere.
_LOCATION_UID = r"[A-Za-z0-9*_-]{1,64}"


class Locations:
    """Finds EVSEs, and remembers at which location each of them is."""

    def __init__(self, transport: Transport, paths: Sequence[str]) -> None:
        """Remember the addresses that locations may be read at, the likeliest first."""
        self._transport = transport
        self._paths = paths
        self._known: dict[str, str] = {}

    async def charge_point(self, charge_point_id: str, ema_id: str) -> ChargePoint | None:
        """Look up an EVSE at the prices of a driver: one request, and one more the first time.

        ``None`` is one that the network does not know. Raises what ``Transport.get`` raises.
        """
        uid = self._known.get(charge_point_id)
        if uid is None:
            search = {"evseId": charge_point_id, "pageNumber": "1", "perPage": "1"}
            for raw in await self._read("", search):
                uid = str(decode_location(raw).uid)
        if uid is None:
            return None
        if not re.fullmatch(_LOCATION_UID, uid):
            raise UnexpectedAnswerError("data[].uid")
        for raw in await self._read(f"/{uid}", {"providerId": _provider_of(ema_id)}):
            found = charge_point(decode_location(raw), charge_point_id, datetime.now(UTC))
            if found is not None:
                self._known[charge_point_id] = uid
                return found
        # It may have moved, or the search may have meant another one.
        self._known.pop(charge_point_id, None)
        return None

    async def _read(self, tail: str, params: dict[str, str]) -> list[msgspec.Raw]:
        """Read locations at the first address that has any; later reads go there at once.

        What the network does not know is an empty list or a 404.
        """
        for path in self._paths:
            try:
                found = await self._transport.get(
                    path + tail,
                    params,
                    headers_of_call,
                    decode_items,
                    kind="location" if tail else "locations",
                )
            except RequestRejectedError as err:
                if err.status != HTTPStatus.NOT_FOUND:
                    raise
            except AuthenticationError:
                # Elsewhere the credentials have just been good enough.
                if path == self._paths[0]:
                    raise
            else:
                self._paths = [path]
                return found
        return []


def headers_of_call() -> dict[str, str]:
    """Return the headers of one call; the vendor wants a new RequestId for each."""
    return {"Accept": "application/json", "RequestId": str(uuid.uuid4())}


def _provider_of(ema_id: str) -> str:
    """Return the driver's provider (``NL-TNM``), without which no tariff is told."""
    bare = ema_id.replace("-", "")
    return f"{bare[:2]}-{bare[2:5]}"
