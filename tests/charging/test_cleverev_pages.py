"""Tests of reading a list page by page, whichever way the network pages it."""

import asyncio
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from itertools import cycle, pairwise
from random import Random

from hypothesis import given, settings, strategies as st
from msgspec import Raw
import pytest

from custom_components.ev_charging_sessions.charging.backends.cleverev_pages import (
    Page,
    Paging,
    Reading,
)

ALL = 1234
CAPS = [None, 100, 50, 33, 7, 3, 1]
COUNTS = ["total", "page", None]


@dataclass
class List:
    """A list on a server; numbers stand for its rows, and a larger one for a newer row."""

    rows: list[int]
    count: str | None = "total"
    cap: int | None = None
    is_oldest_first: bool = False
    between: Callable[[], None] | None = None
    asked: list[tuple[int, int]] = field(default_factory=list)

    async def read(self, skip: int, take: int) -> Page:
        """Answer one request."""
        if self.asked and self.between:
            self.between()
        self.asked.append((skip, take))
        rows = self.rows[::-1] if self.is_oldest_first else self.rows
        shown = rows[skip : skip + min(take, self.cap or take)]
        steps = list(pairwise(shown))
        total = len(rows if self.count == "total" else shown)
        return Page(
            rows=[Raw(str(row).encode()) for row in shown],
            ids=[str(row) for row in shown],
            count=total if self.count else None,
            ascents=sum(one < two for one, two in steps),
            descents=sum(one > two for one, two in steps),
        )


def newest_first(count: int) -> list[int]:
    """Return a list of so many rows."""
    return list(range(count, 0, -1))


async def read_all(reading: Reading, most: int = 4000) -> list[int]:
    """Read to the end; return the rows in the order in which they came."""
    rows: list[int] = []
    while not reading.is_done:
        assert reading.pages < most
        rows += [int(bytes(raw)) for raw in await reading.next()]
    return rows


@pytest.mark.parametrize("count", COUNTS)
@pytest.mark.parametrize("cap", CAPS)
@pytest.mark.parametrize("is_oldest_first", [False, True])
async def test_each_row_once(count: str | None, cap: int | None, is_oldest_first: bool) -> None:
    """Test that a long list is read whole, whatever is counted and however short pages are."""
    listed = List(newest_first(ALL), count, cap, is_oldest_first)
    reading = Reading(listed.read, Paging(), take=100, is_thorough=True)
    rows = await read_all(reading)
    assert sorted(rows) == sorted(listed.rows)
    assert len(reading.ids) == ALL
    if cap in {None, 100}:
        assert len(listed.asked) <= 14


@pytest.mark.parametrize("count", COUNTS)
@pytest.mark.parametrize("size", [0, 1, 2, 3, 4, 5, 8, 99, 100, 101, 195, 200])
async def test_short_lists(count: str | None, size: int) -> None:
    """Test lists that end where pages do, and that hardly a request is made in vain."""
    listed = List(newest_first(size), count)
    assert await read_all(Reading(listed.read, Paging(), take=100, is_thorough=True)) == listed.rows
    assert len(listed.asked) <= size // 95 + 2


@pytest.mark.parametrize("count", COUNTS)
async def test_a_short_page_ends_a_list_once_longer_ones_were_seen(count: str | None) -> None:
    """Test that a poll does not ask for the page behind a short one again and again."""
    paging = Paging()
    await read_all(Reading(List(newest_first(100), count).read, paging, take=100))
    for size in (0, 1, 60, 99):
        listed = List(newest_first(size), count)
        assert await read_all(Reading(listed.read, paging, take=100)) == listed.rows
        assert listed.asked == [(0, 100)]


@pytest.mark.parametrize("inserted", [1, 4, 5, 30, 94, 95, 100, 250])
@pytest.mark.parametrize("count", COUNTS)
async def test_rows_that_come_while_reading(count: str | None, inserted: int) -> None:
    """Test that rows which move backwards are told once, and are no end."""
    listed = List(newest_first(ALL), count)
    fresh = iter(range(ALL + 1, 10**6))

    def between() -> None:
        if len(listed.asked) <= 6:
            listed.rows[:0] = reversed([next(fresh) for _ in range(inserted)])

    listed.between = between
    rows = await read_all(Reading(listed.read, Paging(), take=100, is_thorough=True))
    assert len(rows) == len(set(rows))
    assert set(rows) >= set(range(1, ALL + 1))


@pytest.mark.parametrize("removed", [1, 5, 6, 40, 99, 150])
@pytest.mark.parametrize("count", COUNTS)
async def test_rows_that_go_while_reading(count: str | None, removed: int) -> None:
    """Test that rows which move forwards are not passed over."""
    listed = List(newest_first(ALL), count)

    def between() -> None:
        if len(listed.asked) % 3 == 1:
            del listed.rows[:removed]

    listed.between = between
    rows = await read_all(Reading(listed.read, Paging(), take=100, is_thorough=True))
    assert len(rows) == len(set(rows))
    assert set(rows) >= set(listed.rows)


@given(
    size=st.integers(0, 400),
    cap=st.sampled_from([None, 50, 20, 9]),
    count=st.sampled_from(COUNTS),
    is_oldest_first=st.booleans(),
    changes=st.lists(st.tuples(st.integers(0, 40), st.integers(0, 40)), max_size=12),
    seed=st.integers(0, 2**16),
)
@settings(max_examples=100, deadline=None)
def test_whatever_moves(
    size: int,
    cap: int | None,
    count: str | None,
    is_oldest_first: bool,
    changes: Sequence[tuple[int, int]],
    seed: int,
) -> None:
    """Test that every row that is there from beginning to end is read, and each once."""
    random = Random(seed)
    listed = List(newest_first(size), count, cap, is_oldest_first)
    pending = list(changes)
    fresh = iter(range(size + 1, 10**6))

    def between() -> None:
        if pending:
            come, go = pending.pop()
            listed.rows[:0] = reversed([next(fresh) for _ in range(come)])
            for row in random.sample(listed.rows, min(go, len(listed.rows))):
                listed.rows.remove(row)

    listed.between = between
    reading = Reading(listed.read, Paging(), take=100, is_thorough=True)
    rows = asyncio.run(read_all(reading))
    assert len(rows) == len(set(rows))
    assert set(rows) >= {row for row in listed.rows if row <= size}


@pytest.mark.parametrize("count", COUNTS)
async def test_a_network_that_always_gives_the_same_page(count: str | None) -> None:
    """Test that a reading comes to an end when ``skip`` is ignored."""
    listed = List(newest_first(100), count)

    async def read(_skip: int, take: int) -> Page:
        return await listed.read(0, take)

    assert len(await read_all(Reading(read, Paging(), take=100, is_thorough=True))) == 100
    assert len(listed.asked) < 12


@pytest.mark.parametrize("count", [0, 50, 101])
async def test_a_count_that_makes_no_sense(count: int) -> None:
    """Test that rows are read although they are not counted, or only seem to be."""
    listed = List(newest_first(450))

    async def read(skip: int, take: int) -> Page:
        page = await listed.read(skip, take)
        return Page(rows=page.rows, ids=page.ids, count=count)

    assert len(await read_all(Reading(read, Paging(), take=100, is_thorough=True))) == 450


@pytest.mark.parametrize("is_thorough", [False, True])
async def test_the_total_of_another_list(is_thorough: bool) -> None:
    """Test that a short list has an end although the network counts more than it gives."""
    paging = Paging()
    await read_all(Reading(List(newest_first(100)).read, paging, take=100))
    for size in (0, 1, 3, 12, 60):
        listed = List(newest_first(size))

        async def read(skip: int, take: int, listed: List = listed) -> Page:
            page = await listed.read(skip, take)
            return Page(rows=page.rows, ids=page.ids, count=5000)

        reading = Reading(read, paging, take=100, is_thorough=is_thorough)
        assert await read_all(reading) == listed.rows
        assert len(listed.asked) <= 2


@pytest.mark.parametrize("count", COUNTS)
async def test_pages_of_any_length(count: str | None) -> None:
    """Test that a thorough reading goes on behind a page that only happens to be short."""
    listed = List(newest_first(ALL), count)
    sizes = cycle([100, 40, 99, 7, 60])

    async def read(skip: int, take: int) -> Page:
        listed.cap = next(sizes)
        return await listed.read(skip, take)

    rows = await read_all(Reading(read, Paging(), take=100, is_thorough=True))
    assert rows == listed.rows


async def test_the_way_back_is_not_long() -> None:
    """Test that when very many rows have gone the reading soon finds where it was."""
    listed = List(newest_first(5000), None)

    def between() -> None:
        if len(listed.asked) == 30:
            del listed.rows[:2500]

    listed.between = between
    rows = await read_all(Reading(listed.read, Paging(), take=100, is_thorough=True))
    assert set(rows) >= set(listed.rows)
    backwards = [one for one, two in pairwise(listed.asked) if two[0] < one[0]]
    assert len(backwards) <= 6


async def test_the_end_of_a_list_that_begins_with_the_oldest() -> None:
    """Test that the newest rows are read where they are, as soon as that has shown itself."""
    paging = Paging()
    listed = List(newest_first(ALL), is_oldest_first=True)
    rows = await read_all(Reading(listed.read, paging, take=100, tail=300, is_thorough=True))
    assert sorted(rows) == list(range(ALL - 299, ALL + 1))
    assert listed.asked[:2] == [(0, 100), (ALL - 300, 100)]
    assert paging.is_oldest_first
    # From where the end was, rows that were added there are read without a detour.
    listed.rows[:0] = [ALL + 2, ALL + 1]
    listed.asked.clear()
    rows = await read_all(Reading(listed.read, paging, take=40, skip=ALL - 20, tail=20))
    assert rows == list(range(ALL - 19, ALL + 3))
    assert listed.asked == [(ALL - 20, 40)]
    # The end has moved to the front, so nothing is there any more.
    del listed.rows[:100]
    listed.asked.clear()
    rows = await read_all(Reading(listed.read, paging, take=40, skip=ALL, tail=20))
    assert len(rows) == 20
    assert rows[-1] == listed.rows[0]
    assert len(listed.asked) == 2


async def test_without_a_total_nobody_knows_the_end() -> None:
    """Test that a list whose end cannot be found is read from its beginning."""
    listed = List(newest_first(300), "page", is_oldest_first=True)
    rows = await read_all(Reading(listed.read, Paging(), take=100, tail=20, is_thorough=True))
    assert rows == listed.rows[::-1]


async def test_going_on_later() -> None:
    """Test that a reading that was broken off can be taken up again where it was."""
    listed = List(newest_first(ALL), "page")
    first = Reading(listed.read, Paging(), take=100, is_thorough=True)
    rows = {int(bytes(raw)) for _ in range(3) for raw in await first.next()}
    again = Reading(listed.read, Paging(), take=100, skip=first.skip, is_thorough=True)
    rows.update(await read_all(again))
    assert rows == set(listed.rows)
