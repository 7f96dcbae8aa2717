"""Tests of what a session of CleverEV means."""

from dataclasses import dataclass
from datetime import UTC, datetime
from decimal import Decimal
import json
from typing import Any

import pytest

from custom_components.ev_charging_sessions.charging.backends.cleverev import checked_id_tag
from custom_components.ev_charging_sessions.charging.backends.cleverev_wire import SessionReader
from custom_components.ev_charging_sessions.charging.errors import (
    InvalidInputError,
    UnexpectedAnswerError,
)
from custom_components.ev_charging_sessions.charging.model import (
    Cost,
    EnergyUnit,
    Intent,
    MeterValue,
    Session,
    SessionDetails,
    SessionStatus,
    Source,
)
from custom_components.ev_charging_sessions.charging.tariff import (
    PriceComponent,
    PriceComponentType,
    Tariff,
    TariffElement,
)

from .cleverev_answers import ACCOUNT, ENDED, INTENT, RUNNING, session_of, without
from .secrets import said_by

NEEDED = {"id", "chargerId", "connectorId", "status"}
PATH = "chargingSessions[]"


def at(day: int, hour: int, minute: int = 0, second: int = 0) -> datetime:
    """Return a time of the month of the samples."""
    return datetime(2026, 11, day, hour, minute, second, tzinfo=UTC)


def test_every_field_of_the_seed_is_kept() -> None:
    """Test what a session that has ended says as a whole."""
    assert session_of(ENDED) == Session(
        account=ACCOUNT,
        session_id="sess_0",
        charge_point_id="chg_1-2",
        card_id="04523022AA4881",
        status=SessionStatus.FINISHED,
        started=at(20, 18),
        ended=at(20, 20),
        energy=10.0,
        energy_source=Source.METERED,
        cost=Cost(amount=Decimal("3.00"), currency="EUR", source=Source.REPORTED),
        stop_reason="EVDisconnected",
        tariff=Tariff(
            currency="EUR",
            elements=(
                TariffElement(
                    components=(
                        PriceComponent(type=PriceComponentType.ENERGY, price=Decimal("0.30")),
                    ),
                    name="Day",
                    element_id="abcdefghijklmnopqrstu",
                    color="#00aa00",
                ),
            ),
            time_zone="Europe/Bratislava",
        ),
        meter_values=(
            MeterValue(at(20, 18), 990.0),
            MeterValue(at(20, 19, 59), 999.9),
            MeterValue(at(20, 20), 1000.0),
        ),
        details=SessionDetails(
            transaction_id="1000",
            location_id="loc_1",
            user_id="usr_anna",
            note="Room 214, Mrs Dvorakova",
            intent=Intent(
                kind="plug_n_charge",
                start_kind="local",
                intent_id="3f8f2a52-0000-4000-8000-000000000001",
                user_id="usr_anna",
                details='{"room": "214"}',
                notify_after_energy=20.0,
                notify_after_duration=3600.0,
                notify_after_price=Decimal("5.50"),
                created=at(21, 7, 59, 50),
                updated=at(21, 8),
            ),
            time_zone="Europe/Bratislava",
            application_id="app_1",
            namespace_id="ns_1",
            created=at(20, 18),
        ),
        updated=at(20, 20),
    )


def test_a_running_session() -> None:
    """Test that nothing of an end is told while a session runs, whatever stands there."""
    session = session_of(
        RUNNING
        | {
            "stoppedAtTimestamp": "2026-11-21T09:00:00Z",
            "stoppedAtEnergy": 1,
            "stoppedReason": "Local",
        }
    )
    assert (session.status, session.ended, session.stop_reason) == (None, None, None)
    assert session.is_open
    assert session.meter_values == (
        MeterValue(at(21, 8), 1000.0),
        MeterValue(at(21, 8, 30), 1003.5),
    )
    assert (session.energy, session.energy_source) == (3.5, Source.METERED)


@pytest.mark.parametrize("body", [RUNNING, ENDED])
@pytest.mark.parametrize("key", sorted(ENDED.keys() - NEEDED))
def test_fields_that_are_missing(body: dict[str, Any], key: str) -> None:
    """Test that a session lives without what it does not need, null or absent."""
    assert session_of(without(body, key)).session_id == body["id"]
    assert session_of(body | {key: None}) == session_of(without(body, key))


@pytest.mark.parametrize("key", sorted(NEEDED))
def test_fields_that_are_needed(key: str) -> None:
    """Test that the error names what is missing."""
    for body in (without(RUNNING, key), RUNNING | {key: None}, RUNNING | {key: ""}):
        with pytest.raises(UnexpectedAnswerError) as caught:
            session_of(body)
        assert caught.value.path == f"{PATH}.{key}"


def test_an_end_without_a_status() -> None:
    """Test that the time of the stop stands in for the status, also for one nobody knows."""
    for body in (without(ENDED, "status"), ENDED | {"status": "Hibernating"}):
        assert session_of(body).status is SessionStatus.FINISHED
    assert session_of(RUNNING | {"status": "Hibernating"}).is_open
    assert session_of(ENDED | {"status": "STOPPED"}).status is SessionStatus.FINISHED
    ended = session_of(without(ENDED, "stoppedAtTimestamp"))
    assert (ended.status, ended.ended) == (SessionStatus.FINISHED, None)
    assert session_of(ENDED | {"stoppedAtTimestamp": "2026-11-20T17:00:00Z"}).ended is None


@pytest.mark.parametrize(
    ("key", "value"),
    [
        ("id", []),
        ("id", 1.5),
        ("idTag", {"secret": 1}),
        ("chargerId", "a/../b"),
        ("chargerId", "x" * 65),
        ("chargerId", "garage 1"),
        ("chargerId", {}),
        ("connectorId", "one"),
        ("connectorId", -1),
        ("connectorId", 1.5),
        ("connectorId", 1000),
        ("connectorId", True),
        ("status", 5),
        ("startedAtTimestamp", {"a": 1}),
        ("startedAtTimestamp", "yesterday"),
        ("startedAtTimestamp", -5),
        ("startedAtTimestamp", 1e15),
        ("stoppedAtTimestamp", "9999-12-31T23:59:59-14:00"),
        ("lastMeteredAtTimestamp", True),
        ("updatedAt", "secret"),
        ("startedAtEnergy", "secret"),
        ("lastMeteredAtEnergy", []),
        ("energy", "1.2 secret"),
        ("energy", "-"),
        ("price", "secret"),
        ("price", ","),
        ("price", {}),
    ],
)
def test_wrong_types(key: str, value: object) -> None:
    """Test that the error names the field, and keeps its value to itself."""
    with pytest.raises(UnexpectedAnswerError) as caught:
        session_of(ENDED | {key: value})
    assert caught.value.path == f"{PATH}.{key}"
    assert caught.value.__cause__ is caught.value.__context__ is None
    assert "secret" not in said_by(caught.value).replace("test_cleverev", "")


@pytest.mark.parametrize(
    "key",
    [
        *("transactionId", "chargingIntentId", "userId", "stoppedReason", "timeZone", "note"),
        *("applicationId", "namespaceId", "locationId", "createdAt", "chargingIntent", "duration"),
        "tariff",
    ],
)
@pytest.mark.parametrize("value", [{"a": [1]}, [1], True, 1.5, "§", -7])
def test_what_is_only_for_the_record_costs_no_session(key: str, value: object) -> None:
    """Test that a session is told in full beside what nobody can read of it."""
    session = session_of(ENDED | {key: value})
    assert (session.energy, session.ended) == (10.0, at(20, 20))


@dataclass(frozen=True)
class Energies:
    """The registers and the energy of a session in whatever unit, and what they mean."""

    told: tuple[float | str | None, float | str | None, float | str | None]
    unit: EnergyUnit
    energy: float | None
    source: Source | None
    registers: tuple[float, ...] = ()


@pytest.mark.parametrize(
    "case",
    [
        Energies((1000, 4500, 3500), EnergyUnit.WH, 3.5, Source.METERED, (1.0, 4.5)),
        Energies((1000, 1003.5, 3.5), EnergyUnit.KWH, 3.5, Source.METERED, (1000.0, 1003.5)),
        Energies(("1000", "4500", "3500"), EnergyUnit.WH, 3.5, Source.METERED, (1.0, 4.5)),
        Energies(("1000", "1003,5", "3,5"), EnergyUnit.KWH, 3.5, Source.METERED, (1000, 1003.5)),
        # The registers are in Wh whatever the energy is in, or the other way round.
        Energies((1000, 4500, 3.5), EnergyUnit.KWH, 3.5, Source.METERED, (1.0, 4.5)),
        Energies((1000, 4600, 3.5), EnergyUnit.KWH, 3.5, Source.METERED, (1.0, 4.6)),
        Energies((1.0, 4.5, 3500), EnergyUnit.WH, 3.5, Source.METERED, (1.0, 4.5)),
        # A difference that has another reason says nothing about units.
        Energies((1000, 4500, 7200), EnergyUnit.WH, 7.2, Source.METERED, (1.0, 4.5)),
        Energies((4500, 1000, 3500), EnergyUnit.WH, 3.5, Source.REPORTED),
        # Nothing has flowed yet, and nothing shows the unit of the registers.
        Energies((1000, 1000, 0), EnergyUnit.WH, 0.0, Source.METERED),
        Energies((1000, 1000, 3500), EnergyUnit.WH, 3.5, Source.METERED),
        Energies((1000, None, 3500), EnergyUnit.WH, 3.5, Source.REPORTED),
        Energies((None, 4500, 3500), EnergyUnit.WH, 3.5, Source.REPORTED),
        Energies((1000, 4500, None), EnergyUnit.WH, 3.5, Source.METERED, (1.0, 4.5)),
        Energies((4500, 1000, None), EnergyUnit.WH, None, None, (4.5, 1.0)),
        Energies((1000, 4500, -5), EnergyUnit.WH, 3.5, Source.METERED, (1.0, 4.5)),
        Energies((None, None, None), EnergyUnit.WH, None, None),
        Energies(("", "", ""), EnergyUnit.WH, None, None),
    ],
)
def test_energies(case: Energies) -> None:
    """Test the energy of a session, who says so, and the registers of its meter."""
    start, last, energy = case.told
    told = {"startedAtEnergy": start, "lastMeteredAtEnergy": last, "energy": energy}
    session = session_of(RUNNING | told, case.unit)
    assert (session.energy, session.energy_source) == (case.energy, case.source)
    assert tuple(value.energy for value in session.meter_values) == case.registers


def test_the_unit_of_registers_is_remembered() -> None:
    """Test that a session which does not show it by itself follows those that did."""
    reader = SessionReader(ACCOUNT, "EUR", EnergyUnit.KWH)

    def registers(start: float, last: float, energy: float | None) -> list[float]:
        told = {"startedAtEnergy": start, "lastMeteredAtEnergy": last, "energy": energy}
        session = reader.decode(json.dumps(RUNNING | told).encode())
        return [value.energy for value in session.meter_values]

    assert registers(1000, 1000, 0) == []
    assert registers(1000, 4500, 3.5) == [1.0, 4.5]
    assert registers(1000, 1000, 0) == [1.0, 1.0]
    assert registers(1000, 4500, 50) == [1.0, 4.5]
    assert registers(1000, 4500, None) == [1.0, 4.5]


def test_meter_values_without_times_or_twice() -> None:
    """Test that registers are told in the order of their times, and each time once."""
    same = ENDED | {"lastMeteredAtTimestamp": ENDED["stoppedAtTimestamp"]}
    assert [value.energy for value in session_of(same).meter_values] == [990.0, 1000.0]
    late = ENDED | {"lastMeteredAtTimestamp": "2026-11-20T20:00:01Z"}
    assert [value.energy for value in session_of(late).meter_values] == [990.0, 1000.0, 999.9]
    without_times = without(ENDED, "startedAtTimestamp", "lastMeteredAtTimestamp")
    assert [value.energy for value in session_of(without_times).meter_values] == [1000.0]


@pytest.mark.parametrize(
    ("text", "amount"),
    [
        ("1.05", "1.05"),
        ("1,05", "1.05"),
        (" 1.05 ", "1.05"),
        ("1.234,56", "1234.56"),
        ("1,234.56", "1234.56"),
        ("1,234,567", "1234567"),
        ("1,234,567.8", "1234567.8"),
        ("0", "0"),
        (".5", "0.5"),
        ("5.", "5"),
        ("-2,50", "-2.50"),
        ("+3", "3"),
        (1.05, "1.05"),
        (3, "3"),
        (1e-7, "1E-7"),
    ],
)
def test_prices(text: object, amount: str) -> None:
    """Test that prices are read to the last digit, with a comma or a point."""
    cost = session_of(ENDED | {"price": text}).cost
    assert cost
    assert cost.amount == Decimal(amount)


@pytest.mark.parametrize(
    "told",
    [
        "2026-11-20T18:00:00.000Z",
        "2026-11-20T18:00:00",
        "2026-11-20T19:00:00+01:00",
        1795197600,
        "1795197600",
        1795197600000,
        "1795197600000",
        1795197600.0,
    ],
)
def test_times(told: object) -> None:
    """Test every way in which a time may be written."""
    assert session_of(ENDED | {"startedAtTimestamp": told}).started == at(20, 18)


def test_times_that_are_none() -> None:
    """Test that zero stands for no time."""
    for told in (0, "0", ""):
        assert session_of(ENDED | {"startedAtTimestamp": told}).started is None


def test_a_stamp_from_the_future(freezer: Any) -> None:
    """Test that a wrong clock does not make an answer the newest for good."""
    freezer.move_to(at(21, 9))
    assert session_of(RUNNING | {"updatedAt": "2026-11-22T08:59:00Z"}).updated == at(22, 8, 59)
    assert session_of(RUNNING | {"updatedAt": "2026-11-22T09:01:00Z"}).updated is None


@pytest.mark.parametrize(
    ("kind", "word"),
    [
        ("InApp", "in_app"),
        ("PersonalKeycard", "personal_keycard"),
        ("PlugNCharge", "plug_n_charge"),
        ("InConsole", "in_console"),
        ("GenericKeycard", "generic_keycard"),
        ("InfostarKeycard", "infostar_keycard"),
        ("InfostarRoom", "infostar_room"),
        ("AutoCharge", "auto_charge"),
        ("Unknown", "unknown"),
        ("anna@example.org", "unknown"),
        (None, "unknown"),
    ],
)
def test_intents(kind: str | None, word: str) -> None:
    """Test that ways to start become words, and nothing else does."""
    details = session_of(ENDED | {"chargingIntent": INTENT | {"type": kind}}).details
    assert details
    assert details.intent
    assert details.intent.kind == word


def test_an_intent_of_which_only_the_id_is_known() -> None:
    """Test that the id of an intent is kept without the intent."""
    details = session_of(without(ENDED, "chargingIntent")).details
    assert details
    assert details.intent == Intent(
        kind="unknown", start_kind="unknown", intent_id=ENDED["chargingIntentId"]
    )
    nothing = session_of(without(ENDED, "chargingIntent", "chargingIntentId")).details
    assert nothing
    assert nothing.intent is None


@pytest.mark.parametrize(
    ("told", "reason"),
    [("EVDisconnected", "EVDisconnected"), ("Other", "Other"), ("Mrs Dvorakova", None), (5, None)],
)
def test_stop_reasons(told: object, reason: str | None) -> None:
    """Test that only a word gets through as the reason of an end."""
    assert session_of(ENDED | {"stoppedReason": told}).stop_reason == reason


def test_id_tags() -> None:
    """Test that a card is known by its tag, in whatever case it is written."""
    assert checked_id_tag(" 04523022aa4881 ") == "04523022AA4881"
    assert session_of(RUNNING | {"idTag": "04523022aa4881"}).card_id == "04523022AA4881"
    assert session_of(RUNNING | {"idTag": 4523}).card_id == "4523"
    assert session_of(RUNNING | {"idTag": " "}).card_id is None
    assert checked_id_tag("x" * 20) == "X" * 20
    for text in ("", "  ", "x" * 21, "Zoë", "a\tb"):
        with pytest.raises(InvalidInputError) as caught:
            checked_id_tag(text)
        assert (caught.value.field, caught.value.key) == ("identifier", "invalid_id_tag")


def test_people_stay_out_of_what_is_printed() -> None:
    """Test that no user, note, tag or guest is in the text of a session."""
    text = repr(session_of(ENDED))
    for secret in ("usr_anna", "Dvorakova", "04523022AA4881", "214"):
        assert secret not in text
