"""Reading a list page by page, when nobody says how the network pages it.

The documents name ``skip``, ``take`` and ``count`` and leave open whether ``count`` is the
total or the size of a page, whether ``take`` is capped, and in which order sessions come.
Meanwhile sessions begin and end, which moves rows from page to page. So each page overlaps
the one before it by a few rows: if no row is in both, rows in between have been passed over,
and the reading steps back.
"""

from collections.abc import Awaitable, Callable, Sequence

from msgspec import Raw, Struct

# So many rows of a page are read again with the next one, of a short page fewer.
_OVERLAP = 5
# A network that gives the same page whatever it is asked for would never come to an end. Other
# pages without news only show that rows have moved; in the end there are too many of them too.
_MOST_THE_SAME = 8
_MOST_FRUITLESS = 200


class Page(Struct, frozen=True, kw_only=True, eq=False):
    """One page: its rows, undecoded, and the id of each (any name for one without an id).

    ``count`` is what the network counts. ``ascents`` and ``descents`` say how often a row
    began later, or earlier, than the one before it.
    """

    body: bytes = b""
    rows: Sequence[Raw] = ()
    ids: Sequence[str] = ()
    count: int | None = None
    ascents: int = 0
    descents: int = 0


type ReadPage = Callable[[int, int], Awaitable[Page]]
"""Reads so many rows (the second number) after so many others (the first)."""


class Paging:
    """What has shown itself of how a network pages its lists."""

    def __init__(self) -> None:
        """Start with nothing known."""
        self._largest = 0
        self._ascents = 0
        self._descents = 0
        self._counts_all: bool | None = None

    @property
    def is_oldest_first(self) -> bool:
        """Tell whether the newest sessions come last."""
        return self._ascents >= 3 and self._ascents > 2 * self._descents

    @property
    def is_newest_first(self) -> bool:
        """Tell whether the newest sessions come first."""
        return self._descents >= 3 and self._descents > 2 * self._ascents

    def note(self, skip: int, page: Page) -> None:
        """Learn from a page."""
        size = len(page.rows)
        self._largest = max(self._largest, size)
        self._ascents += page.ascents
        self._descents += page.descents
        if page.count is None:
            return
        if size and page.count < skip + size:
            # It is no total, whatever it once seemed to be.
            self._counts_all = False
        elif page.count > size and self._counts_all is None:
            self._counts_all = True

    def total(self, page: Page) -> int | None:
        """Return how many rows the list has, if a page tells."""
        return page.count if self._counts_all else None

    def is_short(self, take: int, page: Page) -> bool:
        """Tell whether a page could have held more rows.

        A page as long as the longest one so far may be all that the network ever gives.
        """
        return len(page.rows) < min(take, self._largest)


class Reading:
    """One reading of a list, from ``skip`` on, or from where the newest rows are.

    With ``is_thorough`` it goes on behind a short page, until nothing new comes. Where the
    newest rows come last, and the total is told, a reading without ``skip`` begins ``tail``
    rows before the end, and so does one whose ``skip`` lies behind the end. ``skip`` is where
    it would go on; ``ids`` are those of all rows so far. A reading that takes up an earlier one
    gets the last ids of that as ``joined``, and ``skip`` from before them.
    """

    def __init__(
        self,
        read: ReadPage,
        paging: Paging,
        *,
        take: int,
        skip: int | None = None,
        tail: int | None = None,
        is_thorough: bool = False,
        joined: Sequence[str] = (),
    ) -> None:
        """Prepare without reading anything."""
        self._read = read
        self._paging = paging
        self._take = take
        self._tail = tail
        self._is_thorough = is_thorough
        self._is_placed = skip is not None
        self.skip = skip or 0
        # What is taken up may have moved to any place before it.
        self._first = 0 if joined else self.skip
        self._overlap = len(joined)
        self._back = 0
        self._fruitless = 0
        self._the_same = 0
        # Those of the page before, and which row was the last that was new.
        self._before: Sequence[str] = ()
        self._farthest = joined[-1] if joined else None
        # Those of all pages that overlap one another; others may lie behind a gap.
        self._joined = set(joined)
        self.pages = 0
        self.ids = set(joined)
        self.total: int | None = None
        self.page = Page()
        self.is_done = False

    async def next(self) -> list[Raw]:
        """Read one more page, and return the rows that no page before it held."""
        page = self.page = await self._read(self.skip, self._take)
        self.pages += 1
        self._paging.note(self.skip, page)
        self.total = self._paging.total(page)
        if self._jumps():
            return []
        news: list[Raw] = []
        for key, raw in zip(page.ids, page.rows, strict=True):
            if key not in self.ids:
                self.ids.add(key)
                news.append(raw)
        if self._overlap and self.skip > self._first and self._joined.isdisjoint(page.ids):
            # What was to overlap has moved towards the front, past this page.
            self._back = max(2 * self._back, self._take)
            self.skip = max(self._first, self.skip - self._back)
            return news
        self._back = 0
        self._note_fruits(page, has_news=not self._joined.issuperset(page.ids))
        self._joined.update(page.ids)
        self.is_done = self._is_last(page, has_news=bool(news))
        self._overlap = min(_OVERLAP, len(page.rows) // 4)
        self.skip += len(page.rows) - self._overlap
        return news

    def _is_last(self, page: Page, *, has_news: bool) -> bool:
        if not page.rows or self._fruitless >= _MOST_FRUITLESS:
            return True
        if self._the_same >= _MOST_THE_SAME:
            return True
        if self.total is not None and self.skip + len(page.rows) >= self.total:
            return True
        if not self._paging.is_short(self._take, page):
            return False
        if self._is_thorough:
            # Rows may have moved by more than a page, and then known ones are not the end.
            return not has_news and page.ids[-1] == self._farthest
        # A total that is not reached may be that of another list.
        return not has_news or self.total is None

    def _note_fruits(self, page: Page, *, has_news: bool) -> None:
        """Note whether a page holds anything new, and whether it is just the one before."""
        if has_news:
            self._fruitless = self._the_same = 0
            self._farthest = page.ids[-1]
        else:
            self._fruitless += 1
            shared = len({*page.ids}.intersection(self._before))
            self._the_same = self._the_same + 1 if 2 * shared > len({*page.ids}) else 0
        self._before = page.ids

    def _jumps(self) -> bool:
        """Go to where the newest rows are, once, if they are elsewhere."""
        if self._tail is None or self.total is None or not self._paging.is_oldest_first:
            return False
        begin = max(0, self.total - self._tail)
        is_elsewhere = self._first > self.total if self._is_placed else begin > 0
        self._tail = None
        if is_elsewhere:
            self._first = self.skip = begin
        return is_elsewhere
