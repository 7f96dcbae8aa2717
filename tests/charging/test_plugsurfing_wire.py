"""Tests of what is said to PlugSurfing, and of what its answers mean."""

from copy import replace
from datetime import UTC, datetime, timedelta, timezone
from decimal import Decimal
import json
import re
from typing import Any

from hypothesis import given, settings, strategies as st
import msgspec
import pytest

from custom_components.ev_charging_sessions.charging.backends.plugsurfing_wire import (
    OpeningHours,
    StationPost,
    canonical_card,
    card_type_of,
    encode_card,
    encode_session,
    encode_station,
    encode_status,
    encoded,
    rfc3339,
)
from custom_components.ev_charging_sessions.charging.errors import InvalidInputError
from custom_components.ev_charging_sessions.charging.model import (
    CardType,
    ChargePointStatus,
    Cost,
    Session,
    SessionDetails,
    SessionStatus,
    Source,
)

from .plugsurfing_samples import ACCOUNT, CARD, CONNECTOR, FINISHED, PARTNER, sample

_TIME = r"[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}:[0-9]{2}\+00:00"


def posted(session: Session) -> Any:
    """Return what is told of a session, its numbers as they are written."""
    body = encode_session(session, CONNECTOR, PARTNER)
    return json.loads(body, parse_float=str)["session-post"]


def test_a_session_is_posted_like_the_example() -> None:
    """Test the centre of it all."""
    body = encode_session(FINISHED, CONNECTOR, PARTNER)
    assert json.loads(body) == sample("session-post")


@pytest.mark.parametrize("status", [each for each in SessionStatus if not each.is_ended] + [None])
def test_an_open_session_tells_what_stays_true(status: SessionStatus | None) -> None:
    """Test that nothing of an end, of energy or of money is told while it can change."""
    session = replace(FINISHED, status=status)
    assert posted(session) == {
        "user": {"identifier-type": "rfid", "identifier": CARD},
        "session-id": "abcdef-123456-abc123-456def",
        "connector-id": CONNECTOR,
        "session-interval": {"start": "2010-01-01T11:00:00+00:00"},
        "charging-interval": {"start": "2010-01-01T12:00:00+00:00"},
        "partner-identifier": PARTNER,
    }


def test_what_is_not_known_is_left_out() -> None:
    """Test a session without details, energy and cost."""
    session = replace(FINISHED, energy=None, cost=None, details=None)
    assert posted(session).keys() == {
        *("user", "session-id", "connector-id", "session-interval", "partner-identifier")
    }


@pytest.mark.parametrize("energy", [0.0, -0.0])
def test_no_energy_has_no_interval(energy: float) -> None:
    """Test that a session in which nothing flowed says zero and tells no time of it."""
    post = posted(replace(FINISHED, energy=energy, details=SessionDetails()))
    assert float(post["energy-consumed"]) == 0
    assert "charging-interval" not in post
    assert "charging-interval" not in posted(replace(FINISHED, energy=energy))


@pytest.mark.parametrize(
    ("energy", "written"),
    [
        (16.5, "16.5"),
        (0.1 + 0.2, "0.3"),
        (12.345678, "12.345678"),
        (12.3456784999, "12.345678"),
        (0.001, "0.001"),
        (41.0, "41.0"),
    ],
)
def test_energy_is_exact_to_the_watt_hour(energy: float, written: str) -> None:
    """Test that no sum of floats shows."""
    assert posted(replace(FINISHED, energy=energy))["energy-consumed"] == written


@pytest.mark.parametrize("energy", [float("inf"), float("nan")])
def test_an_energy_that_is_no_number_is_not_told(energy: float) -> None:
    """Test that no null stands where the network expects a number."""
    assert "energy-consumed" not in posted(replace(FINISHED, energy=energy))


@pytest.mark.parametrize(
    ("amount", "written"),
    [("14.32", "14.32"), ("0.10", "0.10"), ("1.1000", "1.1000"), ("1E+3", 1000), ("7", 7)],
)
def test_an_amount_is_written_as_it_is(amount: str, written: object) -> None:
    """Test that money does not become a float."""
    cost = Cost(amount=Decimal(amount), currency="CHF", source=Source.COMPUTED)
    assert posted(replace(FINISHED, cost=cost))["calculated-cost"] == {
        "amount": written,
        "currency": "CHF",
    }


@pytest.mark.parametrize("amount", ["NaN", "Infinity", "-Infinity"])
def test_an_amount_that_is_none_is_not_told(amount: str) -> None:
    """Test that the JSON stays JSON."""
    cost = Cost(amount=Decimal(amount), currency="EUR", source=Source.COMPUTED)
    assert "calculated-cost" not in posted(replace(FINISHED, cost=cost))


def test_times_have_an_offset_and_no_fraction() -> None:
    """Test a time with a fraction, and one from another zone."""
    moment = datetime(2026, 3, 29, 3, 30, 59, 999999, tzinfo=timezone(timedelta(hours=2)))
    assert rfc3339(moment) == "2026-03-29T01:30:59+00:00"


@pytest.mark.parametrize(
    ("card_id", "card_type", "user"),
    [
        ("04523022aa4881", None, ("rfid", "04523022AA4881")),
        ("04523022AA4881", CardType.RFID, ("rfid", "04523022AA4881")),
        ("04:52:30:22:aa:48:81", CardType.RFID, ("rfid", "04523022AA4881")),
        ("DE*8PS*D89761*2", None, ("evco-id", "DE*8PS*D89761*2")),
        ("DE8PSD897612", None, ("evco-id", "DE8PSD897612")),
        ("DE-8PS-D89761-X", None, ("evco-id", "DE-8PS-D89761-X")),
        ("DE*8PS*156456730*9", None, ("evco-id", "DE*8PS*156456730*9")),
        ("NL-TNM-C00122045-K", None, ("evco-id", "NL-TNM-C00122045-K")),
        ("DE*8PS*123456*7", CardType.EVCO_ID, ("evco-id", "DE*8PS*123456*7")),
        # Fourteen hexadecimal digits are a card, whatever else they look like.
        ("ABCDE123456789", None, ("rfid", "ABCDE123456789")),
        ("RMT-5C0D2E71", None, ("rfid", "RMT-5C0D2E71")),
        ("VID123456789AB", None, ("rfid", "VID123456789AB")),
        ("anna", CardType.USERNAME, ("username", "anna")),
        ("t-1", CardType.TOKEN, ("token", "t-1")),
    ],
)
def test_who_pays(card_id: str, card_type: CardType | None, user: tuple[str, str]) -> None:
    """Test a driver of every kind, and of none that is known."""
    details = SessionDetails(card_type=card_type)
    assert posted(replace(FINISHED, card_id=card_id, details=details))["user"] == {
        "identifier-type": user[0],
        "identifier": user[1],
    }
    if card_type is None:
        assert posted(replace(FINISHED, card_id=card_id, details=None))["user"] == {
            "identifier-type": user[0],
            "identifier": user[1],
        }
        assert card_type_of(card_id) == user[0].replace("-", "_")


@pytest.mark.parametrize(
    ("missing", "field", "reason"),
    [
        ({"card_id": None}, "card", "no_card"),
        ({"card_id": ""}, "card", "no_card"),
        ({"started": None}, "started", "no_start"),
        ({"ended": None}, "ended", "no_end"),
    ],
)
def test_what_cannot_be_posted(missing: dict[str, Any], field: str, reason: str) -> None:
    """Test that the reason is told instead of something made up."""
    with pytest.raises(InvalidInputError) as caught:
        posted(replace(FINISHED, **missing))
    assert (caught.value.field, caught.value.key) == (field, reason)


def test_a_failed_session_has_ended() -> None:
    """Test that a session that failed tells what it took."""
    post = posted(replace(FINISHED, status=SessionStatus.FAILED))
    assert post["energy-consumed"] == "16.5"
    assert post["session-interval"]["stop"] == "2010-01-01T17:00:00+00:00"


moments = st.floats(1e8, 4e9).map(lambda seconds: datetime.fromtimestamp(seconds, UTC))


@settings(deadline=None)
@given(
    energy=st.floats(0, 1e6) | st.none(),
    amount=st.decimals(0, 100_000, places=4) | st.none(),
    times=st.lists(moments, min_size=4, max_size=4).map(sorted),
    card_id=st.text(min_size=1).filter(str.strip),
    status=st.sampled_from(SessionStatus),
)
def test_any_session_makes_a_post(
    energy: float | None,
    amount: Decimal | None,
    times: list[datetime],
    card_id: str,
    status: SessionStatus,
) -> None:
    """Test that what is sent is well formed, and says what the session says."""
    session = Session(
        account=ACCOUNT,
        session_id="s1",
        card_id=card_id,
        status=status,
        started=times[0],
        ended=times[3],
        energy=energy,
        cost=None
        if amount is None
        else Cost(amount=amount, currency="EUR", source=Source.COMPUTED),
        details=SessionDetails(charging_started=times[1], charging_ended=times[2]),
    )
    body = encode_session(session, CONNECTOR, PARTNER).decode()
    post = json.loads(body, parse_float=Decimal)["session-post"]
    for moment in [
        *post["session-interval"].values(),
        *post.get("charging-interval", {}).values(),
    ]:
        assert re.fullmatch(_TIME, moment)
    assert ("stop" in post["session-interval"]) is status.is_ended
    if energy is not None and status.is_ended:
        assert abs(post["energy-consumed"] - Decimal(energy)) <= Decimal("0.000001")
    if amount is not None and status.is_ended:
        assert post["calculated-cost"]["amount"] == amount


def test_the_other_posts_are_like_the_examples() -> None:
    """Test a status, a card and a station."""
    status = encode_status("DE*8PS*E123456", ChargePointStatus.AVAILABLE, PARTNER)
    assert json.loads(status) == sample("connector-post-status")
    assert json.loads(encode_card("12345678abcdef")) == sample("rfid-verify")
    body = sample("station-post")
    station = msgspec.convert(body["station-post"]["station"], StationPost, strict=True)
    assert (station.station_id, station.operator_id) == ("abcdef-12345", "DE*8PS")
    assert station.address.post_code == "10243"
    assert [connector.max_power for connector in station.connectors] == [3.7, 11.1]
    assert json.loads(encode_station(station, "1")) == body


def test_opening_hours_are_like_the_example() -> None:
    """Test the example that is only a part of a call."""
    example = sample("station-post", "Example")
    hours = msgspec.convert(example["open-hour-notes"], tuple[OpeningHours, ...])
    assert json.loads(encoded({"open-hour-notes": hours})) == example


def test_a_station_leaves_out_what_is_not_known() -> None:
    """Test that nothing optional is told of a station of which nothing more is known."""
    wire = sample("station-post")["station-post"]["station"]
    needed = ("id", "name", "latitude", "longitude", "address", "cpo-id", "is-open-24")
    least = {name: wire[name] for name in needed} | {
        "contact": {"phone": "+49 30 8122321"},
        "connectors": [],
    }
    station = msgspec.convert(least, StationPost)
    assert json.loads(encode_station(station, "1"))["station-post"]["station"] == least


@pytest.mark.parametrize(
    ("status", "word"),
    [
        (ChargePointStatus.AVAILABLE, "Available"),
        (ChargePointStatus.OCCUPIED, "Occupied"),
        (ChargePointStatus.RESERVED, "Reserved"),
        (ChargePointStatus.FAULTED, "Offline"),
        (ChargePointStatus.OFFLINE, "Offline"),
        (None, "Unknown"),
    ],
)
def test_statuses(status: ChargePointStatus | None, word: str) -> None:
    """Test the network's word for every status."""
    body = json.loads(encode_status(CONNECTOR, status, PARTNER))
    assert body["connector-post-status"]["status"] == word


def test_every_status_has_a_word() -> None:
    """Test that a status that is added one day is not forgotten here."""
    for status in ChargePointStatus:
        encode_status(CONNECTOR, status, PARTNER)


@pytest.mark.parametrize(
    ("text", "card"),
    [
        (" 04523022aa4881 ", "04523022AA4881"),
        ("04 52 30 22 AA 48 81", "04523022AA4881"),
        ("04-52-30-22", "04523022"),
        ("abcdefab", "ABCDEFAB"),
        # What has another form is kept with its separators.
        ("rmt-5c0d2e71", "RMT-5C0D2E71"),
        ("straße", "straße"),
        ("   ", ""),
    ],
)
def test_cards(text: str, card: str) -> None:
    """Test the one spelling of a card; those of other kinds are kept as they are."""
    assert canonical_card(text, CardType.RFID) == card
    for kind in (CardType.EVCO_ID, CardType.USERNAME, CardType.TOKEN):
        assert canonical_card(text, kind) == text.strip()
