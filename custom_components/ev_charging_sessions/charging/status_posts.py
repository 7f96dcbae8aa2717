"""Telling a network what each connector of ours is doing."""

import asyncio
from collections.abc import Awaitable, Callable
from contextlib import suppress
import logging

from .back_off import Quiet
from .errors import AuthenticationError, BackendError, InvalidInputError, RequestRejectedError
from .model import ChargePointStatus
from .outbox import REFUSED_KEY_DELAY, asked_by

_LOGGER = logging.getLogger(__name__)


class StatusPosts:
    """Posts the status of each connector whenever it is another one than was posted last.

    Only the newest status of a connector is of any use, so nothing is kept of the others.
    ``post`` sends one, and raises the errors of ``charging.errors``. ``on_refused_key`` hears
    of a key that is not taken.
    """

    def __init__(self, post: Callable[[str, ChargePointStatus | None], Awaitable[object]]) -> None:
        """Begin with nothing wanted; nothing is sent before ``run``."""
        self.on_refused_key: Callable[[], None] | None = None
        self._post = post
        self._wanted: dict[str, ChargePointStatus | None] = {}
        self._told: dict[str, ChargePointStatus | None] = {}
        self._refused: set[str] = set()
        self._news = asyncio.Event()
        self._quiet = Quiet()
        self._is_troubled = False

    def want(self, connector_id: str, status: ChargePointStatus | None) -> None:
        """Have a status posted, unless it is what the network was told last."""
        self._wanted[connector_id] = status
        if not self._is_told(connector_id):
            self._news.set()

    def post_again(self) -> None:
        """Post what was refused once more, for the network has learnt of a station."""
        for connector_id in self._refused:
            self._told.pop(connector_id, None)
        self._news.set()

    async def run(self) -> None:
        """Post for ever; no error of the network ends it."""
        while True:
            self._news.clear()
            wait = await self._post_next()
            with suppress(TimeoutError):
                async with asyncio.timeout(wait):
                    await self._news.wait()

    async def _post_next(self) -> float | None:
        """Post one status and return the seconds to wait, ``None`` until there is another."""
        if left := self._quiet.left:
            return left
        connector_id = next((each for each in self._wanted if not self._is_told(each)), None)
        if connector_id is None:
            return None
        # Next time it is another's turn, or one that always fails would silence all others.
        status = self._wanted[connector_id] = self._wanted.pop(connector_id)
        try:
            await self._post(connector_id, status)
        except (RequestRejectedError, InvalidInputError) as err:
            if connector_id not in self._refused:
                _LOGGER.warning("The network takes no status of a connector: %s", err)
            self._refused.add(connector_id)
        except Exception as err:  # noqa: BLE001 - whatever it is, the others want their turn
            self._fail(err)
            return self._quiet.left
        else:
            self._refused.discard(connector_id)
        # What was sent, whatever is wanted by now.
        self._told[connector_id] = status
        self._quiet.end()
        if self._is_troubled:
            _LOGGER.info("Statuses are posted again")
        self._is_troubled = False
        return 0.0

    def _fail(self, err: Exception) -> None:
        """Leave the network alone for a while."""
        if isinstance(err, AuthenticationError):
            self._quiet.keep(REFUSED_KEY_DELAY)
            if self.on_refused_key:
                self.on_refused_key()
        else:
            self._quiet.failed(asked_by(err))
        if not isinstance(err, BackendError):
            _LOGGER.error("Posting a status broke", exc_info=err)
        elif not self._is_troubled:
            _LOGGER.info("Statuses cannot be posted now: %s", err)
        self._is_troubled = True

    def _is_told(self, connector_id: str) -> bool:
        return connector_id in self._told and self._told[connector_id] is self._wanted[connector_id]
