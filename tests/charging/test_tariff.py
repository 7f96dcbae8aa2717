"""What charging costs, line by line: prices, steps, VAT, coins and limits, computed by hand."""

from datetime import timedelta
from decimal import Decimal, localcontext
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from custom_components.ev_charging_sessions.charging.tariff import (
    PriceComponent,
    Reading,
    coin_of,
    price,
)

from .tariff_parts import (
    START,
    charging,
    element,
    flat,
    parking,
    per_kwh,
    per_minute,
    receipt,
    session,
    steady,
    tariff,
    total,
)

# One hour that charges 10 kWh, half an hour that charges none.
CHARGED_AND_PARKED = session((0, "0"), (60, "10"), (90, "10"))


@pytest.mark.parametrize(
    ("component", "line"),
    [
        (flat("1.5"), "1 flat: 1 x 1.5 = 1.50"),
        (per_kwh("0.39"), "1 energy: 10 x 0.39 = 3.90"),
        (per_kwh("0.39", unit=Decimal("0.001")), "1 energy: 10 x 390 = 3900.00"),
        (per_minute("0.1"), "1 time: 90 x 0.1 = 9.00"),
        (charging("0.1"), "1 charging_time: 60 x 0.1 = 6.00"),
        (parking("0.1"), "1 parking_time: 30 x 0.1 = 3.00"),
    ],
)
def test_one_price(component: PriceComponent, line: str) -> None:
    """Test what each type of price counts, in its unit."""
    assert receipt(tariff(component), CHARGED_AND_PARKED) == [line]


def test_all_prices_of_an_element() -> None:
    """Test that lines stand in the order of the tariff, under the name of their element."""
    what = tariff(
        element(per_kwh("0.39"), flat("0.5"), parking("0.1"), name="Standard"),
        element(charging("0.02"), name="Power"),
        element(flat("9")),
    )
    bill = price(what, CHARGED_AND_PARKED)
    assert receipt(what, CHARGED_AND_PARKED) == [
        "Standard energy: 10 x 0.39 = 3.90",
        "Standard flat: 1 x 0.5 = 0.50",
        "Standard parking_time: 30 x 0.1 = 3.00",
        "Power charging_time: 60 x 0.02 = 1.20",
    ]
    assert (bill.currency, bill.total) == ("EUR", Decimal("8.60"))


def test_first_of_two_prices_of_one_type() -> None:
    """Test that of two prices of one type in one element the first counts."""
    what = tariff(element(per_kwh("0.3"), per_kwh("0.5")), per_kwh("0.7"))
    assert receipt(what, CHARGED_AND_PARKED) == ["1 energy: 10 x 0.3 = 3.00"]


def test_no_prices() -> None:
    """Test that a tariff without prices costs nothing, and that it is a bill all the same."""
    assert receipt(tariff(), CHARGED_AND_PARKED) == []
    assert total(tariff(), CHARGED_AND_PARKED) == "0"


def test_flat_of_each_element() -> None:
    """Test that a flat price is paid once for each element, when it is the one that counts."""
    what = tariff(
        element(flat("1"), max_duration=1800),
        element(flat("2"), min_duration=3600),
        flat("4"),
    )
    # From 0 to 30 minutes the first, to 60 the third, then the second; again the third never.
    assert receipt(what, CHARGED_AND_PARKED) == [
        "1 flat: 1 x 1 = 1.00",
        "2 flat: 1 x 2 = 2.00",
        "3 flat: 1 x 4 = 4.00",
    ]


@pytest.mark.parametrize(
    ("component", "minutes", "energy", "line"),
    [
        # Like Shell's: 90.5 minutes are 91 begun ones; 1 h by the quarter is 4 of them.
        (per_minute("0.1", step=Decimal(60)), 90.5, "10", "time: 91 x 0.1 = 9.10"),
        (per_minute("0.1", step=Decimal(900)), 60, "10", "time: 60 x 0.1 = 6.00"),
        (per_minute("0.1", step=Decimal(900)), 60.01, "10", "time: 75 x 0.1 = 7.50"),
        (per_kwh("0.4", step=Decimal(1)), 60, "9.01", "energy: 10 x 0.4 = 4.00"),
        (per_kwh("0.4", step=Decimal("0.001")), 60, "9.0101", "energy: 9.011 x 0.4 = 3.60"),
        (per_kwh("0.4", step=Decimal(0)), 60, "9.01", "energy: 9.01 x 0.4 = 3.60"),
        # A third of an hour in each of three readings is an hour and not a step more.
        (charging("0.1", step=Decimal(60)), 60, "0.3", "charging_time: 60 x 0.1 = 6.00"),
        (flat("2", step=Decimal(1)), 60, "9", "flat: 1 x 2 = 2.00"),
    ],
)
def test_steps(component: PriceComponent, minutes: float, energy: str, line: str) -> None:
    """Test that what is begun of a step is paid in full, and that nothing else is."""
    assert receipt(tariff(component), steady(minutes, energy)) == [f"1 {line}"]


def test_steps_of_each_line() -> None:
    """Test that each line has full steps of its own."""
    step = Decimal(60)
    what = tariff(element(charging("0.1", step=step), parking("0.2", step=step)))
    # 1.5 minutes of each are 2 begun minutes of each.
    assert receipt(what, session((0, "0"), (1.5, "1"), (3, "1"))) == [
        "1 charging_time: 2 x 0.1 = 0.20",
        "1 parking_time: 2 x 0.2 = 0.40",
    ]


@pytest.mark.parametrize(
    ("component", "line"),
    [
        # 0.30 and 19 % are 0.357; 10 of them 3.57.
        (per_kwh("0.30", vat=Decimal(19)), "energy: 10 x 0.357 = 3.57"),
        (per_kwh("0.30", vat=Decimal(0)), "energy: 10 x 0.3 = 3.00"),
        (per_kwh("0.333", vat=Decimal("7.7")), "energy: 10 x 0.358641 = 3.59"),
        (flat("1", vat=Decimal(21)), "flat: 1 x 1.21 = 1.21"),
        (per_minute("0.05", vat=Decimal(20)), "time: 90 x 0.06 = 5.40"),
    ],
)
def test_vat(component: PriceComponent, line: str) -> None:
    """Test that VAT comes on top of the prices that name one."""
    assert receipt(tariff(component), CHARGED_AND_PARKED) == [f"1 {line}"]


@pytest.mark.parametrize(
    ("currency", "energy", "line"),
    [
        ("EUR", "0.5", "1 energy: 0.5 x 0.49 = 0.25"),
        ("EUR", "0.49", "1 energy: 0.49 x 0.49 = 0.24"),
        ("EUR", "100", "1 energy: 100 x 0.49 = 49.00"),
        ("EUR", "0.1234564", "1 energy: 0.123456 x 0.49 = 0.06"),
        ("EUR", "0.1234565", "1 energy: 0.123457 x 0.49 = 0.06"),
        ("JPY", "50", "1 energy: 50 x 0.49 = 25"),
        ("JPY", "51", "1 energy: 51 x 0.49 = 25"),
        ("JPY", "0.001", "1 energy: 0.001 x 0.49 = 0"),
        ("KWD", "0.05", "1 energy: 0.05 x 0.49 = 0.025"),
        ("KWD", "0.01", "1 energy: 0.01 x 0.49 = 0.005"),
        ("XXX", "0.01", "1 energy: 0.01 x 0.49 = 0.00"),
    ],
)
def test_coins(currency: str, energy: str, line: str) -> None:
    """Test that each line is rounded to the smallest coin, half of one upwards."""
    assert receipt(tariff(per_kwh("0.49"), currency=currency), steady(60, energy)) == [line]


def test_half_a_coin_by_the_second() -> None:
    """Test that thirds which add up to half a coin are that half."""
    # 30 s at 0.01 a minute are 0.005, although a second costs 0.000166...
    assert total(tariff(per_minute("0.01")), steady(0.5, "0")) == "0.01"
    assert total(tariff(per_minute("0.01")), steady(0.4999, "0")) == "0.00"
    # 0.005 and not quite: what is rounded off first is far finer than that.
    almost = tariff(per_kwh("0.0049999999996"))
    assert total(almost, steady(60, "1")) == "0.00"


@pytest.mark.parametrize(
    ("coin", "currencies"),
    [
        ("1", "BIF CLP DJF GNF ISK JPY KMF KRW PYG RWF UGX UYI VND VUV XAF XOF XPF"),
        ("0.001", "BHD IQD JOD KWD LYD OMR TND"),
        ("0.01", "EUR CHF GBP HUF USD XXX"),
    ],
)
def test_coin(coin: str, currencies: str) -> None:
    """Test how much the smallest coins of currencies are, as ISO 4217 lists them."""
    assert {str(coin_of(currency)) for currency in currencies.split()} == {coin}


@pytest.mark.parametrize(
    ("low", "high", "energy", "lines"),
    [
        # Nothing to even out.
        ("1", "5", "10", ["1 energy: 10 x 0.3 = 3.00"]),
        ("3", "3", "10", ["1 energy: 10 x 0.3 = 3.00"]),
        (None, "3.00", "10", ["1 energy: 10 x 0.3 = 3.00"]),
        ("0", None, "10", ["1 energy: 10 x 0.3 = 3.00"]),
        # 3 - 0.30 and 5 - 6.
        ("3", "5", "1", ["1 energy: 1 x 0.3 = 0.30", "min_price: 1 x 2.70 = 2.70"]),
        ("3", "5", "20", ["1 energy: 20 x 0.3 = 6.00", "max_price: 1 x -1.00 = -1.00"]),
        ("3", None, "0", ["1 energy: 0 x 0.3 = 0.00", "min_price: 1 x 3.00 = 3.00"]),
        (None, "0", "10", ["1 energy: 10 x 0.3 = 3.00", "max_price: 1 x -3.00 = -3.00"]),
        # At least 4 and at most 2 contradict each other: 2, whatever was charged.
        ("4", "2", "1", ["1 energy: 1 x 0.3 = 0.30", "max_price: 1 x 1.70 = 1.70"]),
        ("4", "2", "10", ["1 energy: 10 x 0.3 = 3.00", "max_price: 1 x -1.00 = -1.00"]),
        ("4", "2", "20", ["1 energy: 20 x 0.3 = 6.00", "max_price: 1 x -4.00 = -4.00"]),
        # Limits are amounts of money as well.
        ("3.005", None, "1", ["1 energy: 1 x 0.3 = 0.30", "min_price: 1 x 2.71 = 2.71"]),
        (None, "3.995", "20", ["1 energy: 20 x 0.3 = 6.00", "max_price: 1 x -2.00 = -2.00"]),
    ],
)
def test_limits(low: str | None, high: str | None, energy: str, lines: list[str]) -> None:
    """Test that a minimum and a maximum even the sum out with a line of their own."""
    limits: dict[str, Any] = {
        key: Decimal(value)
        for key, value in (("min_price", low), ("max_price", high))
        if value is not None
    }
    assert receipt(tariff(per_kwh("0.3"), **limits), steady(60, energy)) == lines


def test_one_reading() -> None:
    """Test that a session that has only begun has its flat price, and no time or energy."""
    what = tariff(element(flat("1"), per_kwh("0.3"), per_minute("0.1")))
    assert receipt(what, session((0, "0"))) == [
        "1 flat: 1 x 1 = 1.00",
        "1 energy: 0 x 0.3 = 0.00",
        "1 time: 0 x 0.1 = 0.00",
    ]


def test_one_reading_tells_no_power() -> None:
    """Test that nothing is charged which the second reading would take back."""
    what = tariff(flat("1"), element(per_kwh("0.2"), min_power=5), element(per_minute("9")))
    assert receipt(what, session((0, "0")), amperes="1.5") == ["1 flat: 1 x 1 = 1.00"]
    assert total(what, session((0, "0"), (0.1, "1"))) == "2.10"


def test_readings_at_one_moment() -> None:
    """Test that energy which came in no time is paid, and takes no time."""
    what = tariff(element(per_kwh("0.3"), charging("0.1"), parking("0.2")))
    how = session((0, "0"), (60, "0"), (60, "10"), (60, "10"), (120, "20"))
    assert receipt(what, how) == [
        "1 energy: 20 x 0.3 = 6.00",
        "1 charging_time: 60 x 0.1 = 6.00",
        "1 parking_time: 60 x 0.2 = 12.00",
    ]


def test_meter_that_runs_back() -> None:
    """Test that energy once charged stays charged, and counts once when it comes again."""
    what = tariff(element(per_kwh("0.3"), charging("0.1"), parking("0.2")))
    # 10 kWh; back to 8 and up to 11, of which 1 is new; the way back counts as parking.
    how = session((0, "0"), (60, "10"), (90, "8"), (120, "11"))
    assert receipt(what, how) == [
        "1 energy: 11 x 0.3 = 3.30",
        "1 charging_time: 90 x 0.1 = 9.00",
        "1 parking_time: 30 x 0.2 = 6.00",
    ]


def test_meter_that_does_not_begin_at_nothing() -> None:
    """Test that what the first reading shows was there before the session."""
    what = tariff(element(per_kwh("0.5"), min_energy=6), per_kwh("0.3"))
    # 6 kWh at 0.3 and 4 at 0.5.
    assert total(what, session((0, "100"), (60, "110"))) == "3.80"


def test_session_of_weeks() -> None:
    """Test that nothing runs over when a car stays for three weeks."""
    what = tariff(element(per_kwh("0.3"), per_minute("0.01")))
    # 21 days have 30,240 minutes.
    assert total(what, steady(21 * 24 * 60, "100")) == "332.40"


def test_zones_of_readings() -> None:
    """Test that time is counted, not what the clocks of one zone show."""
    berlin = ZoneInfo("Europe/Berlin")
    # 27 March 2027, 23:00 UTC, to 4 hours later, while clocks went from 2:00 to 3:00.
    start = (START + timedelta(days=127, hours=6)).astimezone(berlin)
    assert start.isoformat() == "2027-03-28T00:00:00+01:00"
    end = (START + timedelta(days=127, hours=10)).astimezone(berlin)
    assert end.isoformat() == "2027-03-28T05:00:00+02:00"
    how = [Reading(start, Decimal(0)), Reading(end, Decimal(4))]
    assert receipt(tariff(per_minute("0.1")), how) == ["1 time: 240 x 0.1 = 24.00"]


def test_no_context_but_its_own() -> None:
    """Test that a caller's few digits do not matter."""
    with localcontext(prec=3):
        assert total(tariff(per_kwh("0.12345")), steady(60, "1234.567")) == "152.41"


def test_what_is_told_stays() -> None:
    """Test that a bill and a reading can be kept and shared, because nobody can change them."""
    how = steady(60, "1")
    bill = price(tariff(per_kwh("0.3")), how)
    for each in (bill, bill.items[0], how[0]):
        for field in each.__struct_fields__:
            with pytest.raises(AttributeError):
                setattr(each, field, None)
