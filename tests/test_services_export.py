"""The action that hands sessions on, and its tables for spreadsheets and programs."""

from collections.abc import Iterable
import csv
from datetime import UTC, datetime, timedelta
from io import StringIO
import json
from pathlib import Path
import random
from typing import Any

from hypothesis import given, strategies as st
import pytest

from homeassistant.util import dt as dt_util

from custom_components.ev_charging_sessions.charging.ledger import SessionQuery
from custom_components.ev_charging_sessions.charging.model import (
    Account,
    Intent,
    Session,
    SessionDetails,
    SessionStatus,
    Source,
)
from custom_components.ev_charging_sessions.charging.sums import Sums
from custom_components.ev_charging_sessions.export_formats import COLUMNS, CsvExport
from custom_components.ev_charging_sessions.rows import Labels
from tests.calls import expect_refusal, resolved_ids
from tests.home import EVSE, OTHER_EVSE, Home
from tests.past_sessions import COMPANY, add_account, add_archive, cost, ended, note
from tests.simulator.defaults import CARDS

OCTOBER = datetime(2026, 10, 1, tzinfo=UTC)
PLANTED = "PLANTED-CARD-4711"
ACCOUNT = Account(backend="shell_recharge", account_id="1")

FORMULAS = [
    "=1+1",
    "+31 6 1234",
    "-2",
    "@SUM(A1)",
    "\t=1",
    "\r=1",
    "\n=1",
    "'=1",
    "\uff1dcmd",
    '=HYPERLINK("https://x.invalid","y")',
]


async def _export(home: Home, **data: Any) -> dict[str, Any]:
    response = await home.act("export_sessions", **data)
    assert response is not None
    return dict(response)


def _table(text: str) -> list[dict[str, str]]:
    reader = csv.DictReader(StringIO(text, newline=""), strict=True)
    rows = list(reader)
    assert reader.fieldnames == list(COLUMNS)
    return rows


def _plain(cell: str) -> str:
    """Return what a text was, as docs/export.md tells a program to read it."""
    return cell.removeprefix("'")


def _many(home: Home, count: int) -> list[Session]:
    """Return sessions of all kinds, some of them with little that is known."""
    chance = random.Random(7)
    return [
        ended(
            home,
            f"session {number}",
            OCTOBER + timedelta(hours=9 * number),
            ended=chance.choice([None, OCTOBER + timedelta(hours=9 * number, seconds=3601.5)]),
            charge_point_id=chance.choice([EVSE, OTHER_EVSE, "NL*ABC*E1", None]),
            card_id=chance.choice([*CARDS[:2], PLANTED, None]),
            energy=chance.choice([None, 0.0, 0.1, 0.2, 13.337, round(chance.uniform(0, 90), 3)]),
            cost=chance.choice([None, cost("0.10"), cost("7.1234"), cost("3", "CHF")]),
            status=chance.choice([None, *SessionStatus]),
            stop_reason=chance.choice([None, "EVDisconnected", *FORMULAS]),
            details=chance.choice(
                [
                    None,
                    note('Rental, "blue"\nline 2; café ☕'),
                    SessionDetails(
                        note="@boss",
                        location_id="-17",
                        user_id="planted user",
                        intent=Intent(kind="in_app", start_kind="remote", user_id="planted user"),
                    ),
                ]
            ),
        )
        for number in range(count)
    ]


async def test_csv_equals_the_ledger(home: Home) -> None:
    """Test that whatever the archive knows stands in the table, and what it does not is empty."""
    await add_account(home)
    await add_archive(home, *_many(home, 450), ended(home, "no start", OCTOBER, started=None))
    answer = await _export(home, format="csv")
    assert set(answer) == {"text", "count"}
    rows = _table(answer["text"])
    known = await home.coordinator.ledger.sessions(SessionQuery())
    assert answer["count"] == len(rows) == len(known) == 451
    sessions = {session.session_id: session for session in known}
    numbers = [int(row["session_id"].split()[1]) for row in rows[:-1]]
    assert numbers == list(range(450))
    assert rows[-1]["session_id"] == "no start"
    aliases = {CARDS[0]: "Shell Recharge", CARDS[1]: COMPANY}
    for row in rows:
        session = sessions[row["session_id"]]
        assert row["energy"] == ("" if session.energy is None else repr(session.energy))
        assert row["cost"] == (str(session.cost.amount) if session.cost else "")
        assert row["currency"] == (session.cost.currency if session.cost else "")
        assert row["status"] == (session.status or "")
        assert row["card"] == aliases.get(session.card_id or "", "")
        assert row["evse_id"] == (session.charge_point_id or "")
        assert _plain(row["stop_reason"]) == (session.reason or "")
        assert _plain(row["note"]) == ((session.details and session.details.note) or "")
        for key, time in (("started", session.started), ("ended", session.ended)):
            assert (datetime.fromisoformat(row[key]) if row[key] else None) == time
        assert not any(cell.startswith(("=", "+", "-", "@", "\t", "\r")) for cell in row.values())
    assert rows[0]["started"] == "2026-10-01T02:00:00+02:00"
    assert "\n\n" not in answer["text"].replace("\r\n", "\n")
    assert answer["text"].count("\r\n") >= len(rows) + 1


@given(st.lists(st.text(st.characters(codec="utf-8")), min_size=1, max_size=5))
def test_no_text_is_a_formula(texts: list[str]) -> None:
    """Test that any text comes back as it was, and none begins as a formula does."""
    out = StringIO(newline="")
    account = ACCOUNT
    labels = Labels(account="=Account", cards={}, places={}, devices={})
    export = CsvExport(out, {account: labels})
    export.add(
        Session(account=account, session_id=str(number), details=note(text), stop_reason=text)
        for number, text in enumerate([*texts, *FORMULAS])
    )
    rows = _table(out.getvalue())
    assert [_plain(row["note"]) for row in rows] == [*texts, *FORMULAS]
    assert [_plain(row["stop_reason"]) for row in rows] == [*texts, *FORMULAS]
    cells = [cell for row in rows for cell in row.values()]
    assert not any(cell.startswith(("=", "+", "-", "@", "\t", "\r", "\n")) for cell in cells)
    assert {row["account"] for row in rows} == {"'=Account"}


def test_numbers_stay_numbers() -> None:
    """Test that an amount that was paid back is a number and no text, for all its sign."""
    out = StringIO(newline="")
    account = ACCOUNT
    labels = Labels(account="A", cards={}, places={}, devices={})
    export = CsvExport(out, {account: labels})
    export.add([Session(account=account, session_id="1", cost=cost("-1.20"), energy=-0.5)])
    (row,) = _table(out.getvalue())
    assert (row["cost"], row["energy"]) == ("-1.20", "-0.5")


async def test_json_is_what_get_sessions_answers(home: Home) -> None:
    """Test that JSON has the rows and the totals of the action that reads the archive."""
    await add_account(home)
    await add_archive(home, *_many(home, 450))
    exported = json.loads((await _export(home, format="json"))["text"])
    read: Any = await home.act("get_sessions", limit=1000)
    by_id = {row["session_id"]: row for row in read["sessions"]}
    assert set(exported) == {"sessions", "count", "totals"} == set(read)
    assert exported["count"] == read["count"] == 450
    for row in exported["sessions"]:
        # Of two reports of one charge only one is exported.
        alone = {"counts": True, "linked": []}
        assert row | alone == json.loads(json.dumps(by_id[row["session_id"]]))
    assert exported["totals"]["cost"] == read["totals"]["cost"]
    assert exported["totals"]["duration"] == pytest.approx(read["totals"]["duration"])
    assert exported["totals"]["energy"] == pytest.approx(read["totals"]["energy"])


@pytest.mark.parametrize("has_sessions", [True, False])
async def test_json_without_figures(home: Home, has_sessions: bool) -> None:
    """Test that totals of nothing are not zero."""
    await add_account(home)
    if has_sessions:
        await add_archive(home, ended(home, "1", OCTOBER, ended=None, energy=None, cost=None))
    exported = json.loads((await _export(home, format="json"))["text"])
    assert exported["count"] == len(exported["sessions"]) == int(has_sessions)
    assert exported["totals"] == {"energy": None, "duration": None, "cost": {}}


async def test_sums_are_exact(home: Home) -> None:
    """Test that ten thousand small amounts add up to what they are, and not to about that."""
    await add_account(home)
    sums = Sums()
    session = ended(home, "1", OCTOBER, energy=0.1, cost=cost("0.10"))
    for _ in range(10_000):
        sums.add(session)
    assert str(sums.energy) == "1000.0"
    assert str(sums.cost["EUR"]) == "1000.00"


@pytest.mark.parametrize(
    ("filters", "expected"),
    [
        ({}, "abcd"),
        ({"device_id": "DEVICE"}, "acd"),
        ({"config_entry_id": "ENTRY"}, "abcd"),
        ({"config_entry_id": ["ENTRY", "ENTRY"]}, "abcd"),
        ({"card": COMPANY}, "b"),
        ({"status": ["failed"]}, "c"),
        ({"start": "2026-10-01 04:30:00"}, "bcd"),
        ({"end": "2026-10-01 06:00:00"}, "abc"),
        ({"start": "2026-10-01 03:00:00", "end": "2026-10-01 04:00:00"}, ""),
    ],
)
async def test_filters(home: Home, filters: dict[str, Any], expected: str) -> None:
    """Test that the filters are those of the action that reads the archive."""
    await add_account(home)
    hour = timedelta(hours=1)
    await add_archive(
        home,
        ended(home, "a", OCTOBER),
        ended(home, "b", OCTOBER + 2 * hour, charge_point_id=OTHER_EVSE, card_id=CARDS[1]),
        ended(home, "c", OCTOBER + 3 * hour, status=SessionStatus.FAILED),
        ended(home, "d", OCTOBER + 4 * hour),
    )
    filters = resolved_ids(home, filters)
    found = _table((await _export(home, format="csv", **filters))["text"])
    assert "".join(row["session_id"] for row in found) == expected
    read: Any = await home.act("get_sessions", **filters)
    assert sorted(row["session_id"] for row in read["sessions"]) == sorted(expected)


@pytest.mark.parametrize(
    ("data", "key", "text"),
    [
        (
            {"format": "csv", "start": "2026-11-21 12:00", "end": "2026-11-21 11:00"},
            "end_not_after_start",
            "The end",
        ),
        ({"format": "csv", "reimbursement_rate": 1}, "only_for_statement", "statement only"),
        ({"format": "json", "reimbursement_currency": "EUR"}, "only_for_statement", "statement"),
        (
            {"format": "statement", "reimbursement_currency": "EUR"},
            "currency_without_rate",
            "without a reimbursement rate",
        ),
        ({"format": "statement", "card": PLANTED}, "unknown_card", "Shell Recharge"),
        ({"format": "csv", "config_entry_id": ["ENTRY", "no"]}, "service_config_entry_not", "no"),
    ],
)
async def test_refusals(home: Home, data: dict[str, Any], key: str, text: str) -> None:
    """Test that a call that cannot be meant says what is wrong, and no number of a card."""
    await home.add_account(EVSE)
    data = resolved_ids(home, data)
    if key == "service_config_entry_not":
        key = "service_config_entry_not_found"
    await expect_refusal(home, "export_sessions", data, key, text)


async def test_nobody_wants_to_know(home: Home) -> None:
    """Test that an export that goes nowhere is told instead of forgotten."""
    await home.add_account(EVSE)
    with pytest.raises(Exception, match="Name a file, or ask for the response"):
        await home.hass.services.async_call(
            "ev_charging_sessions", "export_sessions", {"format": "csv"}, blocking=True
        )


@pytest.mark.parametrize("rate", ["x", "NaN", "Infinity", -0.1, "1e9", [1]])
async def test_bad_rate(home: Home, rate: object) -> None:
    """Test that a rate is an amount of money."""
    await home.add_account(EVSE)
    with pytest.raises(Exception, match="expected a price per kWh"):
        await home.act("export_sessions", format="statement", reimbursement_rate=rate)


@pytest.mark.parametrize("form", ["csv", "json", "statement"])
async def test_no_identifier_is_exported(home: Home, form: str) -> None:
    """Test that cards go by their names in every format, and people not at all."""
    await add_account(home)
    await add_archive(home, *_many(home, 60))
    data = {"start": "2026-10-01 00:00:00"} if form == "statement" else {}
    text = (await _export(home, format=form, **data))["text"]
    assert COMPANY in text
    for secret in (*CARDS[:2], PLANTED, "planted user"):
        assert secret not in text


async def test_sources_and_offsets(home: Home) -> None:
    """Test that a row says where figures come from, and which of two equal hours it means."""
    await add_account(home)
    first = datetime(2026, 10, 25, 0, 15, tzinfo=UTC)
    spent = cost("1", source=Source.ESTIMATED)
    await add_archive(
        home,
        ended(home, "1", first, ended=first + timedelta(hours=1), cost=spent),
        ended(home, "open", first, status=SessionStatus.CHARGING, ended=None, stop_reason=None),
    )
    one, still_open = _table((await _export(home, format="csv"))["text"])
    assert one["started"] == "2026-10-25T02:15:00+02:00"
    assert one["ended"] == "2026-10-25T02:15:00+01:00"
    assert one["duration"] == "3600.0"
    assert (one["energy_source"], one["cost_source"]) == ("metered", "estimated")
    assert still_open["ended"] == ""
    assert float(still_open["duration"]) == (dt_util.utcnow() - first).total_seconds()


async def test_archive_cannot_be_read(home: Home, tmp_path: Path) -> None:
    """Test that a broken archive is told, and leaves no file."""
    await home.add_account(EVSE)
    await home.coordinator.ledger.close()
    (tmp_path / "www").mkdir()
    home.hass.config.allowlist_external_dirs = {str(tmp_path / "www")}
    with pytest.raises(Exception, match="archive") as failure:
        await home.act("export_sessions", format="csv", path=str(tmp_path / "www" / "a.csv"))
    assert getattr(failure.value, "translation_key", None) == "ledger_error"
    assert list(_files(tmp_path / "www")) == []


def _files(folder: Path) -> Iterable[str]:
    return (path.name for path in folder.rglob("*"))
