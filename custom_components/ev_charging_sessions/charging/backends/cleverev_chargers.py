"""The chargers of a namespace, as they were last read."""

import asyncio
from collections.abc import Mapping, Set as AbstractSet
from copy import replace
from datetime import datetime
import logging

from ..errors import (
    BackendUnavailableError,
    RateLimitError,
    RequestRejectedError,
    UnexpectedAnswerError,
)
from ..model import ChargePoint
from .cleverev_api import Api
from .cleverev_chargers_wire import decode_charger
from .cleverev_envelope_wire import ChargerPage

_LOGGER = logging.getLogger(__name__)

_MOST_PAGES = 20
_NONE: Mapping[str, ChargePoint] = {}

# So many chargers are decoded before others get their turn.
_AT_ONCE = 100


class Chargers:
    """Reads the chargers, and tells what is new about their connectors.

    ``connectors`` are those that were last read, by the id of the charge point, and
    ``current`` the same unless the last reading has failed. ``listed`` holds their ids when
    that has seen them all.
    """

    def __init__(self, api: Api) -> None:
        """Start with none known."""
        self._api = api
        self._pages: list[ChargerPage] = []
        self._decoded: dict[bytes, list[ChargePoint]] = {}
        self._unreadable: list[str] = []
        self.connectors: Mapping[str, ChargePoint] = {}
        self.current: Mapping[str, ChargePoint] = _NONE
        self.listed: AbstractSet[str] | None = None

    async def verify(self) -> None:
        """Make sure that chargers can be read; a refusal names them in its code."""
        try:
            await self._api.chargers(1, None)
        except RequestRejectedError as err:
            refusal = RequestRejectedError(f"chargers: {err.code}", status=err.status)
        else:
            return
        raise refusal

    async def read(self, unreadable: list[str]) -> None:
        """Read all chargers; sessions are still told when this does not work.

        What is refused or cannot be read is added to ``unreadable``. Raises
        AuthenticationError.
        """
        self.current, self.listed = _NONE, None
        try:
            pages, is_whole = await self._read_pages()
        except RequestRejectedError as err:
            unreadable.append(f"chargers: {err.code}")
            return
        except UnexpectedAnswerError as err:
            unreadable.append(err.path)
            return
        except (BackendUnavailableError, RateLimitError) as err:
            # The sessions have been read, and count for more.
            _LOGGER.debug("The chargers could not be read: %s", err)
            return
        if len(pages) != len(self._pages) or any(
            page is not known for page, known in zip(pages, self._pages, strict=True)
        ):
            await self._decode(pages)
        self._pages = pages
        self.current = self.connectors
        if is_whole and not self._unreadable:
            self.listed = self.connectors.keys()
        unreadable += self._unreadable

    def news(self, told: Mapping[str, ChargePoint], now: datetime) -> dict[str, ChargePoint]:
        """Return the charge points that are not as they were last told."""
        return {
            key: replace(connector, updated=now)
            for key, connector in self.connectors.items()
            if (known := told.get(key)) is None or replace(known, updated=None) != connector
        }

    async def _read_pages(self) -> tuple[list[ChargerPage], bool]:
        """Return the pages, and whether they hold all chargers."""
        pages: list[ChargerPage] = []
        seen: set[str] = set()
        while len(pages) < _MOST_PAGES:
            known = self._pages[len(pages)] if len(pages) < len(self._pages) else None
            page = await self._api.chargers(len(pages) + 1, known)
            pages.append(page)
            has_news = not seen.issuperset(page.ids)
            seen.update(page.ids)
            if page.total is not None and len(seen) >= page.total:
                return pages, True
            if not has_news:
                # Behind the end is no page, or the same once more.
                return pages, page.total is None
        return pages, False

    async def _decode(self, pages: list[ChargerPage]) -> None:
        decoded: dict[bytes, list[ChargePoint]] = {}
        connectors: dict[str, ChargePoint] = {}
        unreadable: list[str] = []
        for number, text in enumerate(bytes(raw) for page in pages for raw in page.rows):
            if number and number % _AT_ONCE == 0:
                await asyncio.sleep(0)
            try:
                found = self._decoded.get(text) or decode_charger(text)
            except UnexpectedAnswerError as err:
                unreadable.append(err.path)
                continue
            decoded[text] = found
            connectors |= {each.charge_point_id: each for each in found}
        self._decoded = decoded
        self._unreadable = unreadable
        self.connectors = connectors
