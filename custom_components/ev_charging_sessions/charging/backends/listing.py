"""A list of sessions as it was last told, so that the next one is not decoded as a whole.

From one poll to the next a list hardly changes. Its items are compared as bytes, from the
front and from the back, and only what lies between is decoded. Each item is decoded by
itself, so one that cannot be read leaves the others alone.
"""

import asyncio
from collections.abc import Callable, Iterable, Sequence, Set as AbstractSet
from itertools import compress, count
from operator import ne
from typing import Protocol

from msgspec import Raw, Struct

from ..errors import UnexpectedAnswerError

# So many items are decoded before others get their turn: a few milliseconds' worth.
_AT_ONCE = 200


class Listed(Protocol):
    """What one item of a list means; it belongs to one session."""

    @property
    def session_id(self) -> str:
        """Return the id of the session."""


type Item[T] = T | UnexpectedAnswerError

type Frame = tuple[bytes, bytes, int]

type Split = tuple[Sequence[Raw], Frame | None]
"""An answer that is split into its items, and its frame."""


class Listing[T: Listed](Struct, frozen=True, kw_only=True, eq=False):
    """One answer: its items as bytes and what each means, and what is new since the last.

    ``frame`` is the answer without what is new every time, such as a request id: what
    stands before it, what stands behind it, and the length of the whole. ``unreadable``
    says where each item that had to be skipped is wrong.
    """

    frame: Frame | None = None
    raw: Sequence[Raw] = ()
    items: Sequence[Item[T]] = ()
    changed: Sequence[T] = ()
    ids: AbstractSet[str] = frozenset()
    unreadable: Sequence[str] = ()

    def is_told_again_by(self, body: bytes) -> bool:
        """Tell whether an answer says the same.

        It is compared where it lies: copying a long answer costs as much as reading it.
        """
        if self.frame is None:
            return False
        head, tail, length = self.frame
        return len(body) == length and body.startswith(head) and body.endswith(tail)


def frame_of(body: bytes, key: bytes | None = None) -> Frame:
    """Return the frame of an answer whose text value of ``key`` is new every time.

    The key is looked for where such answers begin; without it, all of the body counts.
    """
    found = -1 if key is None else body.find(key + b'"', 0, 200)
    if key is None or found < 0:
        return body, b"", len(body)
    begin = body.find(b'"', found + len(key) + 1) + 1
    return body[:begin], body[body.find(b'"', begin) :], len(body)


async def read_listing[T: Listed](
    raw: Sequence[Raw],
    known: Listing[T],
    decode: Callable[[bytes], T],
    frame: Frame | None = None,
) -> Listing[T]:
    """Return the listing of these items, reusing what the ``known`` one has decoded.

    The very items of the known listing are that listing once more.
    ``decode`` raises UnexpectedAnswerError for an item that cannot be read. Others get
    their turn in between, so that a long list holds up nobody.
    """
    if raw is known.raw:
        return known
    await asyncio.sleep(0)
    front, back = _alike(raw, known.raw)
    end, known_end = len(raw) - back, len(known.raw) - back
    removed = known.items[front:known_end]
    before: dict[bytes, Item[T]] = {}
    if front < end:
        before = dict(zip(map(bytes, known.raw[front:known_end]), removed, strict=True))
    middle: list[Item[T]] = []
    changed: list[T] = []
    for text in map(bytes, raw[front:end]):
        item = before.get(text)
        if item is None:
            item = _decoded(text, decode)
            if not isinstance(item, UnexpectedAnswerError):
                changed.append(item)
        middle.append(item)
        if len(middle) % _AT_ONCE == 0:
            await asyncio.sleep(0)
    told, gone = _ids(middle), _ids(removed)
    items = [*known.items[:front], *middle, *known.items[known_end:]]
    failed = any(isinstance(item, UnexpectedAnswerError) for item in middle)
    return Listing(
        frame=frame,
        raw=raw,
        items=items,
        changed=changed,
        ids=known.ids if told == gone else known.ids - gone | told,
        unreadable=_unreadable(items) if failed or known.unreadable else (),
    )


def _alike(raw: Sequence[Raw], known: Sequence[Raw]) -> tuple[int, int]:
    """Return how many items are the same at the front, and at the back of the rest."""
    shorter = min(len(raw), len(known))
    front = next(compress(count(), map(ne, raw, known, strict=False)), shorter)
    back = next(compress(count(), map(ne, reversed(raw), reversed(known), strict=False)), shorter)
    return front, min(back, shorter - front)


def _decoded[T: Listed](text: bytes, decode: Callable[[bytes], T]) -> Item[T]:
    try:
        return decode(text)
    except UnexpectedAnswerError as err:
        return err


def _ids[T: Listed](items: Iterable[Item[T]]) -> set[str]:
    return {item.session_id for item in items if not isinstance(item, UnexpectedAnswerError)}


def _unreadable[T: Listed](items: Iterable[Item[T]]) -> list[str]:
    return [item.path for item in items if isinstance(item, UnexpectedAnswerError)]
