"""A list of sessions as it was last told, so that the next one is not decoded as a whole.

From one poll to the next a list hardly changes. Its items are compared as bytes, from the
front and from the back, and only what lies between is decoded. Each item is decoded by
itself, so one that cannot be read leaves the others alone.
"""

from collections.abc import Callable, Iterable, Sequence, Set as AbstractSet
from itertools import compress, count
from operator import ne

from msgspec import Raw, Struct

from ..errors import UnexpectedAnswerError
from ..model import Session

type Item = Session | UnexpectedAnswerError


class Listing(Struct, frozen=True, kw_only=True, eq=False):
    """One answer: its items as bytes and what each means, and what is new since the last.

    ``frame`` is the answer without what is new every time, such as a request id: what
    stands before it, what stands behind it, and the length of the whole. ``unreadable``
    says where each item that had to be skipped is wrong.
    """

    frame: tuple[bytes, bytes, int] | None = None
    raw: Sequence[Raw] = ()
    items: Sequence[Item] = ()
    changed: Sequence[Session] = ()
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


def frame_of(body: bytes, key: bytes) -> tuple[bytes, bytes, int]:
    """Return the frame of an answer whose text value of ``key`` is new every time.

    The key is looked for where such answers begin; without it, all of the body counts.
    """
    found = body.find(key + b'"', 0, 200)
    if found < 0:
        return body, b"", len(body)
    begin = body.find(b'"', found + len(key) + 1) + 1
    return body[:begin], body[body.find(b'"', begin) :], len(body)


def read_listing(
    raw: Sequence[Raw],
    known: Listing,
    decode: Callable[[bytes], Session],
    frame: tuple[bytes, bytes, int] | None = None,
) -> Listing:
    """Return the listing of these items, reusing what the ``known`` one has decoded.

    ``decode`` raises UnexpectedAnswerError for an item that cannot be read.
    """
    front, back = _alike(raw, known.raw)
    end, known_end = len(raw) - back, len(known.raw) - back
    texts = map(bytes, known.raw[front:known_end])
    before = dict(zip(texts, known.items[front:known_end], strict=True))
    middle: list[Item] = []
    changed: list[Session] = []
    for text in map(bytes, raw[front:end]):
        item = before.get(text)
        if item is None:
            item = _decoded(text, decode)
            if isinstance(item, Session):
                changed.append(item)
        middle.append(item)
    told, gone = _ids(middle), _ids(before.values())
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


def _decoded(text: bytes, decode: Callable[[bytes], Session]) -> Item:
    try:
        return decode(text)
    except UnexpectedAnswerError as err:
        return err


def _ids(items: Iterable[Item]) -> set[str]:
    return {item.session_id for item in items if isinstance(item, Session)}


def _unreadable(items: Iterable[Item]) -> list[str]:
    return [item.path for item in items if isinstance(item, UnexpectedAnswerError)]
