"""The lists of sessions that a poll reads: those that run, and the newest that have ended."""

from collections.abc import Callable, Mapping, Set as AbstractSet

from msgspec import Raw, Struct

from ..errors import UnexpectedAnswerError
from ..model import Session
from .cleverev_api import Api
from .cleverev_pages import Page, Paging, Reading, ReadPage
from .cleverev_past import PastReader
from .cleverev_review import PAGE, Review
from .listing import Listing, frame_of, read_listing

STARTED = {"status": "Started"}
STOPPED = {"status": "Stopped"}

HEAD = 20
_MOST_PAGES = 20

type Pages = dict[tuple[int, int], Page]
"""Pages by how many rows were skipped, and how many asked for."""


class Listed(Struct, frozen=True, kw_only=True, eq=False):
    """What one list tells: its sessions, and the ids of all, also of those not readable.

    ``is_whole`` tells that nothing more belonged to it, and ``pages`` how many were read.
    """

    listing: Listing[Session]
    ids: AbstractSet[str]
    is_whole: bool
    pages: int

    @property
    def sessions(self) -> list[Session]:
        """Return the sessions that could be read."""
        return [each for each in self.listing.items if not isinstance(each, UnexpectedAnswerError)]


class Lists:
    """Reads the lists of one namespace, as little as there is new in them."""

    def __init__(self, api: Api, decode: Callable[[bytes], Session]) -> None:
        """Start with nothing read."""
        self._api = api
        self._decode = decode
        self._started: Listing[Session] = Listing()
        self._started_pages: Pages = {}
        self._head: Listing[Session] = Listing()
        self._head_pages: Pages = {}
        self._stopped: int | None = None
        self.paging = Paging()

    def reader(
        self,
        filters: Mapping[str, str],
        known: Pages | None = None,
        kept: Pages | None = None,
        *,
        is_patient: bool = False,
    ) -> ReadPage:
        """Return what reads pages of the list with these filters.

        A page that is ``known`` is not parsed when it comes again as it was; ``kept`` gets
        all that are read. What ``is_patient`` lets polls go first.
        """

        async def read(skip: int, take: int) -> Page:
            before = None if known is None else known.get((skip, take))
            page = await self._api.sessions(skip, take, filters, before, is_patient=is_patient)
            if kept is not None:
                kept[skip, take] = page
            return page

        return read

    async def started(self) -> Listed:
        """Read the sessions that run, on all pages."""
        kept: Pages = {}
        read = self.reader(STARTED, self._started_pages, kept)
        reading = Reading(read, self.paging, take=PAGE)
        rows: list[Raw] = []
        while not reading.is_done and reading.pages < _MOST_PAGES:
            rows += await reading.next()
        self._started = await self._listing(reading, rows, self._started)
        self._started_pages = kept
        return Listed(
            listing=self._started,
            ids=reading.ids,
            is_whole=reading.is_done,
            pages=reading.pages,
        )

    async def head(self, known: AbstractSet[str]) -> Listed:
        """Read the newest sessions that have ended: back to the first ``known`` one."""
        kept: Pages = {}
        read = self.reader(STOPPED, self._head_pages, kept)
        rows: list[Raw] = []
        if self.paging.is_oldest_first and self._stopped is not None:
            # They are told at the end, and some may have been added there.
            skip = max(0, self._stopped - HEAD)
            reading = Reading(read, self.paging, take=2 * HEAD, skip=skip, tail=HEAD)
            while not reading.is_done and reading.pages < _MOST_PAGES:
                rows += await reading.next()
            is_whole = reading.is_done
        else:
            reading = Reading(read, self.paging, take=HEAD, tail=HEAD)
            is_whole = False
            while not is_whole and reading.pages < _MOST_PAGES:
                rows += await reading.next()
                is_whole = reading.is_done or (
                    bool(rows) and not known.isdisjoint(reading.page.ids)
                )
        self._stopped = reading.total
        self._head = await self._listing(reading, rows, self._head)
        self._head_pages = kept
        return Listed(listing=self._head, ids=reading.ids, is_whole=is_whole, pages=reading.pages)

    def review(self) -> Review:
        """Return what reviews the newest sessions, from the beginning."""
        return Review(self.reader({}), self.paging, self._decode)

    def past(self) -> PastReader:
        """Return what reads all sessions there are, from the beginning or where it was left."""
        return PastReader(self.reader({}, is_patient=True), self.paging, self._decode)

    async def find(self, session_id: str, charger_id: str, most_pages: int) -> Session | None:
        """Return an ended session of a charger, looked for on so many pages.

        Raises UnexpectedAnswerError when it is there and cannot be read.
        """
        filters = {"chargerId": charger_id, **STOPPED}
        tail = PAGE * most_pages
        reading = Reading(self.reader(filters), self.paging, take=PAGE, tail=tail)
        while not reading.is_done and reading.pages < most_pages:
            await reading.next()
            for key, raw in zip(reading.page.ids, reading.page.rows, strict=True):
                if key == session_id:
                    return self._decode(bytes(raw))
        return None

    async def _listing(
        self, reading: Reading, rows: list[Raw], known: Listing[Session]
    ) -> Listing[Session]:
        """Return the listing of the rows of a reading."""
        if reading.pages > 1:
            return await read_listing(rows, known, self._decode)
        # Of a single page that has come again as it was, the very rows are known.
        body = reading.page.body
        if known.is_told_again_by(body):
            return known
        return await read_listing(reading.page.rows, known, self._decode, frame_of(body))
