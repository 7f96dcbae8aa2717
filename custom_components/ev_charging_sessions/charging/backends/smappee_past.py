"""The past of charging parks, read backwards month by month, one park after the other."""

from collections.abc import Awaitable, Callable, Sequence
from datetime import datetime, timedelta

from msgspec import Struct

from ..errors import UnexpectedAnswerError
from .backend import Past
from .listing import Listing
from .smappee_wire import ParkSession, to_ms

SLICE = timedelta(days=31)

type ReadRange = Callable[[str, str], Awaitable[Listing[ParkSession] | None]]
"""Reads the sessions of a park that began in a range; ``None`` for a park that is lost."""


class Place(Struct, frozen=True):
    """Where to go on: at sessions of a park that began before ``end``, in milliseconds."""

    park_id: str
    end: int

    @classmethod
    def of(cls, position: str) -> Place:
        """Return the place that a position stands for."""
        park_id, _, end = position.rpartition("/")
        return cls(park_id, int(end))

    @property
    def position(self) -> str:
        """Return it as a position."""
        return f"{self.park_id}/{self.end}"


async def read_past(
    read: ReadRange,
    parks: Sequence[str],
    since: datetime,
    position: str | None,
    now: datetime,
) -> Past:
    """Read the next range of the past, the newest of each park first."""
    begin, newest = to_ms(since), to_ms(now) + 1
    # In this order what comes after a park is known even when that one is no longer there.
    park_ids = sorted(parks)
    last = Place.of(position) if position else None
    rest = [each for each in park_ids if last is None or each >= last.park_id]
    if not rest:
        return Past(progress=1.0)
    park_id, *others = rest
    end = last.end if last and last.park_id == park_id else newest
    first = max(begin, end - round(SLICE.total_seconds() * 1000))
    listing = await read(park_id, f"{first},{end}")
    items = listing.items if listing else ()
    if listing and first > begin:
        following: Place | None = Place(park_id, first)
    else:
        following = Place(others[0], newest) if others else None
    left = (first - begin) / max(newest - begin, 1) if listing else 0.0
    return Past(
        sessions=tuple(
            item.session
            for item in items
            if not isinstance(item, UnexpectedAnswerError) and not item.is_open
        ),
        read=now,
        unreadable=tuple(listing.unreadable) if listing else (),
        position=following.position if following else None,
        progress=1 - (len(others) + left) / len(park_ids),
    )
