"""A listing gives what decoding everything would give, and decodes only what is new."""

import asyncio

from hypothesis import given, settings, strategies as st
from msgspec import Raw
import pytest

from custom_components.ev_charging_sessions.charging.backends.listing import (
    Listing,
    frame_of,
    read_listing,
)
from custom_components.ev_charging_sessions.charging.errors import UnexpectedAnswerError
from custom_components.ev_charging_sessions.charging.model import Account, Session

ACCOUNT = Account(backend="test", account_id="1")


class Decoder:
    """Decodes an item ``id:content`` and remembers having done so."""

    def __init__(self) -> None:
        """Start with nothing decoded."""
        self.texts: list[bytes] = []

    def __call__(self, text: bytes) -> Session:
        """Return the session of an item; one without an id is rotten."""
        self.texts.append(text)
        session_id, _, content = text.decode().partition(":")
        if not session_id:
            raise UnexpectedAnswerError("data[].id")
        return Session(account=ACCOUNT, session_id=session_id, stop_reason=content)


async def listing(
    items: list[str], known: Listing[Session] | None = None
) -> tuple[Listing[Session], Decoder]:
    """Return the listing of these items after the known one, and what was decoded for it."""
    decoder = Decoder()
    raw = [Raw(item.encode()) for item in items]
    return await read_listing(raw, known or Listing(), decoder), decoder


ITEMS = st.lists(st.sampled_from(["a:1", "a:2", "b:1", "b:2", "c:1", ":rotten", "d:1"]))


@settings(deadline=None)
@given(before=ITEMS, after=ITEMS)
async def test_listing_equals_decoding_all(before: list[str], after: list[str]) -> None:
    """Test any two lists in a row: the second is read as if it were the first."""
    first, _ = await listing(before)
    second, decoder = await listing(after, first)
    whole, _ = await listing(after)
    assert [str(item) for item in second.items] == [str(item) for item in whole.items]
    assert list(second.unreadable) == list(whole.unreadable)
    new = [item for item in after if item not in before and not item.startswith(":")]
    assert {session.stop_reason for session in second.changed} >= {
        item.partition(":")[2] for item in new
    }
    assert set(map(bytes.decode, decoder.texts)) <= set(after)


@pytest.mark.parametrize(
    ("after", "decoded"),
    [
        (["a:1", "b:1", "c:1"], []),
        (["a:1", "b:2", "c:1"], [b"b:2"]),
        (["x:1", "a:1", "b:1", "c:1"], [b"x:1"]),
        (["a:1", "c:1"], []),
        (["c:1", "b:1", "a:1"], []),
        ([], []),
    ],
)
async def test_only_news_is_decoded(after: list[str], decoded: list[bytes]) -> None:
    """Test that what the last listing held is not decoded again, wherever it stands."""
    first, _ = await listing(["a:1", "b:1", "c:1"])
    second, decoder = await listing(after, first)
    assert decoder.texts == decoded
    assert second.ids == {item[0] for item in after}


async def test_rotten_item_leaves_the_others() -> None:
    """Test that an item that cannot be read is named by its path and skipped."""
    first, _ = await listing(["a:1", ":rotten", "b:1"])
    assert first.ids == {"a", "b"}
    assert first.unreadable == ["data[].id"]
    again, decoder = await listing(["a:2", ":rotten", "b:1"], first)
    assert decoder.texts == [b"a:2"]
    assert again.unreadable == ["data[].id"]
    healed, _ = await listing(["a:2", "r:1", "b:1"], again)
    assert not healed.unreadable
    assert healed.ids == {"a", "r", "b"}


@pytest.mark.parametrize("key", ["requestId", "RequestId"])
def test_frame_leaves_out_the_request_id(key: str) -> None:
    """Test that only a change besides the request id is one."""
    body = f'{{"{key}": "one1", "data": [1]}}'.encode()
    known: Listing[Session] = Listing(frame=frame_of(body, b"equestId"))
    assert known.is_told_again_by(body.replace(b"one1", b"two2"))
    assert not known.is_told_again_by(body.replace(b"[1]", b"[2]"))
    assert not known.is_told_again_by(body.replace(b"one1", b"longer"))
    assert not Listing[Session]().is_told_again_by(body)


def test_frame_without_a_request_id() -> None:
    """Test that an answer without a request id counts as a whole."""
    known: Listing[Session] = Listing(frame=frame_of(b'{"data": [1]}', b"equestId"))
    assert known.is_told_again_by(b'{"data": [1]}')
    assert not known.is_told_again_by(b'{"data": [2]}')


def test_listings_keep_to_themselves() -> None:
    """Test that nothing has been seen by a listing that is empty."""
    assert not Listing[Session]().is_told_again_by(b"")


async def test_the_very_items_are_the_very_listing() -> None:
    """Test that an answer which was told again leads to the same object."""
    first, _ = await listing(["a:1"])
    assert await read_listing(first.raw, first, Decoder()) is first
    assert await read_listing([Raw(b"a:1")], first, Decoder()) is not first


async def test_long_lists_hold_up_nobody() -> None:
    """Test that others get their turn while a long list is decoded."""
    turns = 0

    async def count() -> None:
        nonlocal turns
        while True:
            turns += 1
            await asyncio.sleep(0)

    counting = asyncio.create_task(count())
    await listing([f"{number}:1" for number in range(1000)])
    counting.cancel()
    assert turns >= 5
