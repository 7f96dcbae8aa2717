"""The statement that is printed and handed to an employer."""

from collections import Counter
from datetime import UTC, datetime, timedelta
from decimal import ROUND_HALF_UP, Decimal
from html.parser import HTMLParser
import re
from typing import Any, override

import pytest

from homeassistant.helpers import device_registry as dr

from custom_components.ev_charging_sessions.charging.model import Session, SessionStatus, Source
from tests.calls import add_second_account
from tests.home import EVSE, OTHER_EVSE, Home
from tests.past_sessions import COMPANY, add_account, add_archive, cost, ended, note
from tests.simulator.defaults import CARDS

HOUR = timedelta(hours=1)
MIDDAY = datetime(2026, 10, 10, 10, tzinfo=UTC)
EVIL = "<script>alert(1)</script>\"'&<b>"
VOID = {"meta", "br"}
DASH = "\N{EN DASH}"


class Page(HTMLParser):
    """A page that is well-formed, and what its tables say."""

    def __init__(self, text: str) -> None:
        """Read the page."""
        super().__init__()
        self.tags: Counter[str] = Counter()
        self.attributes: list[tuple[str, str | None]] = []
        self.tables: dict[str, list[list[str]]] = {}
        self.words: list[str] = []
        self._open: list[str] = []
        self._rows: list[list[str]] = []
        self._caption = ""
        self.feed(text)
        self.close()
        assert self._open == []

    @override
    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags[tag] += 1
        self.attributes += attrs
        if tag not in VOID:
            self._open.append(tag)
        if tag == "tr":
            self._rows.append([])
        elif tag in {"td", "th"}:
            self._rows[-1].append("")
        elif tag == "small":
            self._rows[-1][-1] += " | "
        elif tag == "br":
            self._rows[-1][-1] += "; "

    @override
    def handle_endtag(self, tag: str) -> None:
        assert self._open.pop() == tag
        if tag == "table":
            self.tables[self._caption] = self._rows
            self._rows = []

    @override
    def handle_data(self, data: str) -> None:
        if not data.strip():
            return
        if self._open[-1] == "caption":
            self._caption = data
        elif "tr" in self._open:
            self._rows[-1][-1] += data
        elif self._open[-1] != "style":
            self.words.append(data.strip())


async def _statement(home: Home, **data: Any) -> tuple[Page, str]:
    answer: Any = await home.act("export_sessions", format="statement", **data)
    page = Page(answer["text"])
    assert answer["count"] == len(page.tables["Sessions"]) - 2
    return page, answer["text"]


async def test_statement(home: Home) -> None:
    """Test a statement with all that it can tell."""
    await add_account(home)
    dr.async_get(home.hass).async_update_device(home.device_id(), name_by_user="Head office")
    computed = cost("9.99", source=Source.COMPUTED)
    await add_archive(
        home,
        ended(home, "1", MIDDAY, card_id=CARDS[1], details=note("Spare car")),
        ended(home, "2", MIDDAY + HOUR, cost=computed, ended=MIDDAY + 14 * HOUR),
        ended(home, "3", MIDDAY + 2 * HOUR, cost=None, energy=1.25, card_id="UNNAMED"),
        ended(home, "4", MIDDAY + 3 * HOUR, cost=cost("8", "CHF"), charge_point_id=OTHER_EVSE),
        ended(
            home,
            "5",
            MIDDAY + 4 * HOUR,
            status=SessionStatus.CHARGING,
            ended=None,
            energy=None,
            cost=None,
            charge_point_id=None,
            card_id=None,
        ),
    )
    page, text = await _statement(home, reimbursement_rate=0.30)
    header = ["Start", "End", "Duration (h)", "Charge point", "Card", "Energy (kWh)", "Cost"]
    assert page.tables["Sessions"] == [
        [*header, "Reimbursement"],
        [
            *("2026-10-10 12:00", "13:00", "1:00", "Head office | Spare car", COMPANY),
            *("11.200", "4.35 EUR", "3.36 EUR"),
        ],
        [
            *("2026-10-10 13:00", "02:00 | 2026-10-11", "13:00", "Head office", "Shell Recharge"),
            *("11.200", "9.99 EUR *", "3.36 EUR"),
        ],
        [
            "2026-10-10 14:00",
            "15:00",
            "1:00",
            "Head office",
            "Unnamed card",
            "1.250",
            DASH,
            "0.38 EUR",
        ],
        [
            *("2026-10-10 15:00", "16:00", "1:00", OTHER_EVSE, "Shell Recharge"),
            *("11.200", "8.00 CHF", "3.36 EUR"),
        ],
        [
            *("2026-10-10 16:00", DASH, DASH, "Unknown charge point | Charging", "No card"),
            *(DASH, DASH, DASH),
        ],
        ["Total", "16:00", "", "34.850", "8.00 CHF; 14.34 EUR", "10.46 EUR"],
    ]
    totals = ["Sessions", "Duration (h)", "Energy (kWh)", "Cost", "Reimbursement"]
    assert page.tables["By charge point"] == [
        ["Charge point", *totals],
        [f"Head office | {EVSE}", "3", "15:00", "23.650", "14.34 EUR", "7.10 EUR"],
        [OTHER_EVSE, "1", "1:00", "11.200", "8.00 CHF", "3.36 EUR"],
        ["Unknown charge point", "1", DASH, DASH, DASH, DASH],
    ]
    assert page.tables["By card"] == [
        ["Card", *totals],
        [COMPANY, "1", "1:00", "11.200", "4.35 EUR", "3.36 EUR"],
        ["No card", "1", DASH, DASH, DASH, DASH],
        ["Shell Recharge", "2", "14:00", "22.400", "8.00 CHF; 9.99 EUR", "6.72 EUR"],
        ["Unnamed card", "1", "1:00", "1.250", DASH, "0.38 EUR"],
    ]
    assert page.tables["By month"] == [
        ["Month", *totals],
        ["October 2026", "5", "16:00", "34.850", "8.00 CHF; 14.34 EUR", "10.46 EUR"],
    ]
    assert page.words[:11] == [
        *("Charging statement, October 2026", "Charging statement", "October 2026"),
        *("Account", "Shell Recharge", "Reimbursement rate", "0.30 EUR / kWh"),
        *("Created", "2026-11-21 13:00 (Europe/Amsterdam)", "Sessions", "5"),
    ]
    assert page.words[-8:-1] == [
        (
            "A session belongs to the month in which it began, also when it ended in the next "
            "one. It is listed once, as a whole."
        ),
        "Sessions of unknown energy: 1. They are not in the energy above.",
        "Sessions of unknown cost: 2, with 1.250 kWh together. They are not in the cost above.",
        (
            "A cost marked with * is computed from the tariff or from an own price. "
            "All others are what the network reports."
        ),
        "Sessions that have not ended yet: 1. Their figures may still change.",
        (
            "The reimbursement of a session is its energy times the rate, rounded to the smallest "
            "coin."
        ),
        f"{DASH} means that a figure is not known. It is in no sum.",
    ]
    assert "UNNAMED" not in text


async def test_nothing_from_elsewhere(home: Home) -> None:
    """Test that a page runs no script, asks nobody for anything, and takes no text for code."""
    await home.hass.config.async_set_time_zone("Europe/Amsterdam")
    await home.add_account(EVSE)
    await home.add_subentry("charge_card", identifier=CARDS[1], alias=f"Card {EVIL}")
    dr.async_get(home.hass).async_update_device(home.device_id(), name_by_user=f"Place {EVIL}")
    home.hass.config_entries.async_update_entry(home.entry, title=f"Account {EVIL}")
    await home.settle()
    evil = ended(home, "1", MIDDAY, card_id=CARDS[1], details=note(f"Note {EVIL}"))
    await add_archive(home, evil, ended(home, "2", MIDDAY, charge_point_id=f"EVSE {EVIL}"))
    page, text = await _statement(home, card=f"Card {EVIL}")
    assert page.tables["By charge point"][1][0] == f"Place {EVIL} | {EVSE}"
    assert page.tables["By card"][1][0] == f"Card {EVIL}"
    assert f"Note {EVIL}" in page.tables["Sessions"][1][3]
    assert f"Account {EVIL}" in page.words
    assert f"Card {EVIL}" in page.words
    assert not {"script", "link", "img", "iframe", "object", "b", "a", "form"} & set(page.tags)
    names = {name for name, _ in page.attributes}
    assert names == {
        "charset",
        "class",
        "colspan",
        "content",
        "http-equiv",
        "lang",
        "name",
        "scope",
    }
    assert not re.search(r"https?:|//|url\(|@import|javascript:", text.replace(EVIL, ""))
    assert ("content", "default-src 'none'; style-src 'unsafe-inline'") in page.attributes


async def test_page_can_be_printed_and_read(home: Home) -> None:
    """Test what a printer and a screen reader go by."""
    await add_account(home)
    await add_archive(home, ended(home, "1", MIDDAY))
    page, text = await _statement(home)
    assert text.startswith('<!DOCTYPE html>\n<html lang="en">')
    assert "size: A4" in text
    assert re.search(r"thead \{[^}]*display: table-header-group", text)
    assert re.search(r"\ntr \{ break-inside: avoid; \}", text)
    assert "dark" not in text
    assert page.tags["table"] == page.tags["caption"] == page.tags["thead"] == 4
    assert page.tags["title"] == page.tags["h1"] == page.tags["main"] == 1
    scopes = [value for name, value in page.attributes if name == "scope"]
    assert len(scopes) == page.tags["th"]


@pytest.mark.parametrize(
    ("period", "title", "expected"),
    [
        ({}, "October 2026", "bcd"),
        ({"start": "2026-09-01 00:00:00", "end": "2026-10-01 00:00:00"}, "September 2026", "a"),
        ({"start": "2026-10-01 00:00:00"}, f"2026-10-01 {DASH}", "bcde"),
        ({"end": "2026-10-02 00:00:00"}, f"{DASH} 2026-10-01", "ab"),
        (
            {"start": "2026-10-10 00:00:00", "end": "2026-10-11 00:00:00"},
            f"2026-10-10 {DASH} 2026-10-10",
            "c",
        ),
        (
            {"start": "2026-10-10 12:00:00", "end": "2026-10-10 12:00:01"},
            f"2026-10-10 12:00 {DASH} 2026-10-10 12:00",
            "c",
        ),
    ],
)
async def test_period(home: Home, period: dict[str, str], title: str, expected: str) -> None:
    """Test that a session is in the statement of the month in which it began, and in no other."""
    await add_account(home)
    half = timedelta(minutes=30)
    october, november = (
        datetime(2026, 9, 30, 22, tzinfo=UTC),
        datetime(2026, 10, 31, 23, tzinfo=UTC),
    )
    await add_archive(
        home,
        ended(home, "a", october - half, details=note("a")),
        ended(home, "b", october, details=note("b")),
        ended(home, "c", MIDDAY, details=note("c")),
        ended(home, "d", november - half, details=note("d")),
        ended(home, "e", november, details=note("e")),
        ended(home, "f", MIDDAY, started=None, details=note("f")),
    )
    page, _ = await _statement(home, **period)
    assert page.words[2] == title
    rows = page.tables["Sessions"][1:-1]
    assert "".join(row[3].rpartition(" | ")[2] for row in rows) == expected


@pytest.mark.parametrize(
    ("now", "zone", "title", "start"),
    [
        ("2026-12-31T23:30:00+00:00", "Europe/Amsterdam", "December 2026", "2026-11-30T23:00Z"),
        ("2026-12-31T23:30:00+00:00", "UTC", "November 2026", "2026-11-01T00:00Z"),
        ("2027-03-01T04:00:00+00:00", "America/New_York", "January 2027", "2027-01-01T05:00Z"),
    ],
)
async def test_last_month(home: Home, now: str, zone: str, title: str, start: str) -> None:
    """Test that the last month is that of the clocks of the home."""
    await add_account(home, zone)
    began = datetime.fromisoformat(start)
    before = began - timedelta(seconds=1)
    await add_archive(home, ended(home, "before", before), ended(home, "first", began))
    home._clock.move_to(datetime.fromisoformat(now))
    page, _ = await _statement(home)
    assert page.words[2] == title
    assert len(page.tables["Sessions"]) == 3


async def test_hour_that_there_is_twice(home: Home) -> None:
    """Test that a time says which of two equal ones it is, and only then."""
    await add_account(home)
    first = datetime(2026, 10, 25, 0, 15, tzinfo=UTC)
    await add_archive(home, ended(home, "1", first), ended(home, "2", first + 2 * HOUR))
    page, _ = await _statement(home)
    assert [row[:3] for row in page.tables["Sessions"][1:-1]] == [
        ["2026-10-25 02:15 CEST", "02:15 CET", "1:00"],
        ["2026-10-25 03:15", "04:15", "1:00"],
    ]


async def test_totals_are_those_of_the_rows(home: Home) -> None:
    """Test the totals of many sessions over months and currencies, to the watt-hour and cent."""
    await add_account(home)
    sessions = [
        ended(
            home,
            f"{number}",
            datetime(2026, 7, 1, tzinfo=UTC) + number * 3 * HOUR,
            energy=None if number % 7 == 0 else round(number * 0.1 + 0.007, 3),
            cost=None
            if number % 5 == 0
            else cost(f"{number / 100:.2f}", ("EUR", "CHF", "USD")[number % 3]),
            charge_point_id=(EVSE, OTHER_EVSE)[number % 2],
        )
        for number in range(900)
    ]
    await add_archive(home, *sessions)
    page, _ = await _statement(home, start="2026-07-01 00:00:00", reimbursement_rate="0.335")
    months = page.tables["By month"][1:]
    assert [row[0] for row in months] == [
        f"{m} 2026" for m in ("July", "August", "September", "October")
    ]

    def expected(found: list[Session]) -> list[str]:
        energies = [Decimal(str(each.energy)) for each in found if each.energy is not None]
        coin = Decimal("0.01")
        back = sum((e * Decimal("0.335")).quantize(coin, ROUND_HALF_UP) for e in energies)
        money: dict[str, Decimal] = {}
        for each in found:
            if each.cost:
                money[each.cost.currency] = money.get(each.cost.currency, Decimal(0)) + (
                    each.cost.amount
                )
        costs = "; ".join(f"{money[each]:,.2f} {each}" for each in sorted(money))
        figures = [f"{len(found)}", f"{len(found)}:00", f"{sum(energies):,.3f}", costs]
        return [each.replace(",", "\u202f") for each in (*figures, f"{back:,.2f} EUR")]

    for month, row in zip(range(7, 11), months, strict=True):
        assert row[1:] == expected(
            [each for each in sessions if (each.started or MIDDAY).astimezone().month == month]
        )
    assert [row[1:] for row in page.tables["By charge point"][1:]] == [
        expected([each for each in sessions if each.charge_point_id == point])
        for point in (EVSE, OTHER_EVSE)
    ]
    total = expected(sessions)
    assert page.tables["Sessions"][-1] == ["Total", total[1], "", *total[2:]]


async def test_empty_month(home: Home) -> None:
    """Test that nothing is said of a month in which nobody charged, not even a zero."""
    await add_account(home)
    page, _ = await _statement(home)
    assert list(page.tables) == ["Sessions"]
    assert page.tables["Sessions"][-1] == ["Total", DASH, "", DASH, DASH]


async def test_several_accounts_and_filters(home: Home) -> None:
    """Test that a statement of several accounts tells them apart, and says what it leaves out."""
    await add_account(home)
    await add_archive(home, ended(home, "1", MIDDAY), ended(home, "2", MIDDAY, card_id=CARDS[1]))
    other = await add_second_account(home)
    page, _ = await _statement(home)
    assert page.tables["By charge point"][1][0] == f"{EVSE} | Shell Recharge"
    page, _ = await _statement(home, config_entry_id=home.entry.entry_id)
    assert page.tables["By charge point"][1][0] == EVSE
    page, _ = await _statement(
        home, card=COMPANY, device_id=home.device_id(), status=["finished", "failed"]
    )
    facts = page.words[3:11]
    assert facts[2:] == ["Charge point", EVSE, "Card", COMPANY, "Status", "Finished, Failed"]
    assert len(page.tables["Sessions"]) == 3
    await home.hass.config_entries.async_unload(other)


async def test_currency_of_the_rate(home: Home) -> None:
    """Test that a rate is in the currency of the home, unless it says otherwise."""
    await add_account(home)
    await home.hass.config.async_update(currency="CHF")
    await add_archive(home, ended(home, "1", MIDDAY))
    page, _ = await _statement(home, reimbursement_rate="0.3")
    assert page.tables["Sessions"][1][-1] == "3.36 CHF"
    page, _ = await _statement(home, reimbursement_rate=1, reimbursement_currency="JPY")
    assert page.tables["Sessions"][1][-1] == "11 JPY"
    assert "1 JPY / kWh" in page.words
