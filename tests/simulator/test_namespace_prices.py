"""Tests of the reference pricer against numbers that were computed by hand."""

from datetime import UTC, datetime, timedelta
from decimal import Decimal
from fractions import Fraction
from typing import Any

import pytest

from .defaults import CLEVEREV_DAY_TARIFF, CLEVEREV_ENERGY_TARIFF, CLEVEREV_IDLE_TARIFF
from .namespace_prices import Pricer, Register, Tariff, price

ZONE = "Europe/Bratislava"
# A Friday; in November the clocks of Bratislava are an hour ahead.
DAY = datetime(2026, 11, 20, tzinfo=UTC) - timedelta(hours=1)

type Samples = list[tuple[datetime, Register]]


def element(restrictions: dict[str, Any] | None = None, **components: str) -> dict[str, Any]:
    """Make an element; ``kwh``, ``minute`` and ``flat`` are its prices."""
    names = {"kwh": "PerKilowattHour", "minute": "PerMinute", "flat": "Flat"}
    prices = {names[name]: value for name, value in components.items()}
    return {"priceComponents": prices} | ({"restrictions": restrictions} if restrictions else {})


def tariff(*elements: dict[str, Any], **limits: str) -> Tariff:
    """Make a tariff."""
    return {"elements": list(elements), **limits}


def hours(start: str | None = None, end: str | None = None) -> dict[str, Any]:
    """Make restrictions of the time of day, such as 22:00."""
    made = {}
    for name, text in (("startTime", start), ("endTime", end)):
        if text:
            hour, minute = map(int, text.split(":"))
            made[name] = {"hour": hour, "minute": minute}
    return made


def flow(start: float, *pieces: tuple[float, int]) -> Samples:
    """Make samples that begin at an hour of Friday: so many hours with so many W each."""
    when, register = DAY + timedelta(hours=start), Decimal(5_000_000)
    samples: Samples = [(when, register)]
    for length, power in pieces:
        when += timedelta(hours=length)
        register += Decimal(str(length)) * power
        samples.append((when, register))
    return samples


def total(made: Tariff, samples: Samples, unit: str = "Wh") -> str:
    """Return the price as text, so that its cents are compared as well."""
    return str(price(made, samples, ZONE, unit).total)


def test_energy_only() -> None:
    """10 kWh at 0.45 are 4.50."""
    samples = flow(8, (2, 5000))
    bill = price(CLEVEREV_ENERGY_TARIFF, samples, ZONE)
    assert str(bill.total) == "4.50"
    (line,) = bill.lines
    assert (line.element, line.component, int(line.quantity)) == (0, "PerKilowattHour", 10)
    assert (line.unit_price, line.amount) == (Decimal("0.45"), Decimal("4.50"))


def test_nothing() -> None:
    """Before the second sample nothing has happened; the least price is due all the same."""
    assert total(CLEVEREV_DAY_TARIFF, flow(8)) == "0.00"
    assert total(CLEVEREV_IDLE_TARIFF, []) == "1.00"
    assert total(tariff(), flow(8, (1, 5000))) == "0.00"


def test_rounding() -> None:
    """Every line is rounded half up by itself: 0.125 and 0.125 are 0.26."""
    made = tariff(element(hours("08:00", "09:00"), kwh="0.125"), element(kwh="0.1250"))
    samples = flow(8, (2, 1000))
    assert [str(line.amount) for line in price(made, samples, ZONE).lines] == ["0.13", "0.13"]
    assert total(made, samples) == "0.26"
    assert total(tariff(element(kwh="0.1249")), flow(8, (1, 1000))) == "0.12"


def test_decimal_comma() -> None:
    """Prices may have been written with a comma."""
    assert total(tariff(element(kwh="0,45"), minPrice="5,00"), flow(8, (1, 1000))) == "5.00"


@pytest.mark.parametrize(
    ("start", "end", "begin", "length", "expected"),
    [
        # From 21:00 to 23:00 there is one hour of each.
        ("22:00", "06:00", 21, 2, 60),
        # From 23:00 to 07:00 all but the last hour is night.
        ("22:00", "06:00", 23, 8, 420),
        # The end is not part of it, and neither is the minute before the start.
        ("22:00", "06:00", 6, 16, 0),
        ("10:00", "10:00", 5, 24, 1440),
        ("20:00", None, 19, 7, 240),
        ("20:00", "00:00", 19, 7, 240),
        (None, "06:00", 19, 12, 360),
        ("08:30", "08:31", 8, 1, 1),
    ],
)
def test_time_of_day(
    start: str | None, end: str | None, begin: float, length: float, expected: int
) -> None:
    """So many minutes are within the hours, also over midnight."""
    made = tariff(element(hours(start, end), minute="0.01"))
    assert total(made, flow(begin, (length, 1000))) == str(Decimal(expected).scaleb(-2))


def test_odd_seconds() -> None:
    """A session need not begin with a minute of the clock: 10.5 of 20 minutes are before nine."""
    begin = DAY + timedelta(hours=8, minutes=49, seconds=29, microseconds=999_999)
    samples: Samples = [(begin, 0), (begin + timedelta(minutes=20), 20_000)]
    bill = price(tariff(element(hours("08:00", "09:00"), minute="1")), samples, ZONE)
    assert bill.lines[0].quantity == Fraction(630_000_001, 60_000_000)


def test_weekdays() -> None:
    """The day of the week is that of the moment, also in a window over midnight."""
    saturday = tariff(element({"daysOfWeek": ["Sat"]}, kwh="0.10"), element(kwh="0.50"))
    # 3 kWh on Friday at 0.50, 2 kWh on Saturday at 0.10.
    assert total(saturday, flow(21, (5, 1000))) == "1.70"
    friday = tariff(element(hours("22:00", "06:00") | {"daysOfWeek": ["Fri"]}, minute="0.01"))
    # From 23:00 on Friday to 01:00 on Saturday an hour is Friday's, and in the morning all is.
    assert total(friday, flow(23, (2, 1000))) == "0.60"
    assert total(friday, flow(3, (2, 1000))) == "1.20"


@pytest.mark.parametrize(
    ("begin", "start", "end", "expected"),
    [
        # On 29 March the hour from two to three is left out: 01:00 to 04:00 are 120 minutes.
        (datetime(2026, 3, 28, 23, 30, tzinfo=UTC), "01:00", "04:00", "12.00"),
        (datetime(2026, 3, 28, 23, 30, tzinfo=UTC), "02:00", "03:00", "0.00"),
        # On 25 October it comes twice: 02:00 to 03:00 are 120 minutes, 01:00 to 04:00 240.
        (datetime(2026, 10, 24, 22, 30, tzinfo=UTC), "02:00", "03:00", "12.00"),
        (datetime(2026, 10, 24, 22, 30, tzinfo=UTC), "01:00", "04:00", "24.00"),
    ],
)
def test_change_of_the_clocks(begin: datetime, start: str, end: str, expected: str) -> None:
    """A minute that the clocks leave out costs nothing, one that they repeat costs twice."""
    made = tariff(element(hours(start, end), minute="0.10"))
    samples: Samples = [(begin, 0), (begin + timedelta(hours=5), 5000)]
    assert total(made, samples) == expected


def test_energy_bounds() -> None:
    """The first 5 kWh at 0.50 and 2.2 at 0.30 are 2.50 and 0.66, in both units."""
    in_wh = tariff(
        element({"maxEnergy": 5000}, kwh="0.50"), element({"minEnergy": 5000}, kwh="0.30")
    )
    samples = flow(8, (1, 7200))
    assert total(in_wh, samples) == "3.16"
    in_kwh = tariff(element({"maxEnergy": 5}, kwh="0.50"), element({"minEnergy": 5}, kwh="0.30"))
    exact: Samples = [(when, Decimal(str(register)) / 1000) for when, register in samples]
    assert total(in_kwh, exact, "kWh") == "3.16"
    rough: Samples = [(when, float(register)) for when, register in exact]
    assert total(in_kwh, rough, "kWh") == "3.16"


def test_power_bounds() -> None:
    """A least power is included, a most power is not: 11 kWh at 0.60, 3.6 kWh at 0.30."""
    samples = flow(8, (1, 11000), (1, 3600))
    for bound in ({"minPower": 11000}, {"minPower": 3600.5}):
        assert total(tariff(element(bound, kwh="0.60"), element(kwh="0.30")), samples) == "7.68"
    most = tariff(element({"maxPower": 11000}, kwh="0.30"), element(kwh="0.60"))
    assert total(most, samples) == "7.68"
    exact: Samples = [(when, Decimal(str(register)) / 1000) for when, register in samples]
    in_kw = tariff(element({"minPower": 11}, kwh="0.60"), element(kwh="0.30"))
    assert total(in_kw, exact, "kWh") == "7.68"


def test_current_bounds() -> None:
    """11.04 kW are 16 A of three phases with 230 V, or 27.6 A of one with 400 V."""
    samples = flow(8, (1, 11040))
    for bound, expected in (({"minCurrent": 16}, "11.04"), ({"maxCurrent": 16}, "0.00")):
        assert total(tariff(element(bound, kwh="1")), samples) == expected
    made = tariff(element({"minCurrent": 27.6, "maxCurrent": 27.7}, kwh="1"))
    assert str(price(made, samples, ZONE, volts=400, phases=1).total) == "11.04"
    assert total(made, samples) == "0.00"


def test_duration_bounds() -> None:
    """The first half hour is free, and after two hours the minute costs twice as much."""
    made = tariff(
        element({"minDuration": 1800, "maxDuration": 7200}, minute="0.05"),
        element({"minDuration": 7200}, minute="0.10"),
    )
    assert total(made, flow(8, (3, 1000))) == "10.50"


def test_idle_fee() -> None:
    """After half an hour without energy a minute costs 0.10, from where it was waited for."""
    made = tariff(*CLEVEREV_IDLE_TARIFF["elements"])
    # 11 kWh at 0.39 are 4.29; of two hours without energy 90 minutes cost 9.00.
    assert total(made, flow(8, (1, 11000), (2, 0))) == "13.29"
    # Twenty minutes, and after a break forty: only the last ten are more than thirty.
    samples = flow(8, (1, 11000), (1 / 3, 0), (1 / 6, 0), (2 / 3, 0))
    samples[3:] = [(when, register + 1000) for when, register in samples[3:]]
    assert total(tariff(made["elements"][0]), samples) == "1.00"


def test_flowing() -> None:
    """A price may be for the time in which energy flows."""
    made = tariff(element({"vehicleRequestingPower": True}, minute="0.10"))
    assert total(made, flow(8, (1, 11000), (2, 0), (0.5, 5000))) == "9.00"


def test_patience_with_hours() -> None:
    """An element that has to hold for ten minutes first does so ten minutes into its hours."""
    made = tariff(
        element(hours("09:00", "10:00") | {"minRestrictionsDuration": 600}, minute="0.01")
    )
    assert total(made, flow(8, (4, 1000))) == "0.50"
    assert total(made, flow(9.5, (4, 1000))) == "0.20"
    always = tariff(element({"minRestrictionsDuration": 600}, minute="0.01"))
    assert total(always, flow(9.5, (1, 1000))) == "0.50"


def test_flat() -> None:
    """Each element's flat price is due once, as soon as it is the one that holds."""
    # From 21:00 to 23:00 both of day and night are; 1 kWh is 0.52 and 1 kWh is 0.31.
    assert total(CLEVEREV_DAY_TARIFF, flow(21, (2, 1000))) == "1.83"
    assert total(CLEVEREV_DAY_TARIFF, flow(8, (2, 1000))) == "1.54"
    # Through day, night and day again it is still twice, with 18 kWh by day and 8 by night.
    assert total(CLEVEREV_DAY_TARIFF, flow(12, (26, 1000))) == "12.84"
    # The second one always has another before it.
    assert total(tariff(element(flat="1"), element(flat="2")), flow(8, (1, 0))) == "1.00"


def test_components_of_several_elements() -> None:
    """For each component the first element counts that has it, whatever else it has."""
    made = tariff(
        element(hours("08:00", "09:00"), minute="0.02"),
        element(kwh="0.40", flat="0.25"),
        element(kwh="9", minute="0.01"),
    )
    # 2 kWh are 0.80 and the start 0.25; an hour at 0.02 is 1.20, another at 0.01 is 0.60.
    assert total(made, flow(8, (2, 1000))) == "2.85"
    bill = price(made, flow(8, (2, 1000)), ZONE)
    assert [(line.element, line.component) for line in bill.lines] == [
        (0, "PerMinute"),
        (1, "Flat"),
        (1, "PerKilowattHour"),
        (2, "PerMinute"),
    ]


@pytest.mark.parametrize(
    ("limits", "expected"),
    [
        ({"minPrice": "5.00"}, "5.00"),
        ({"minPrice": "4.49"}, "4.50"),
        ({"maxPrice": "3"}, "3.00"),
        ({"maxPrice": "4.51"}, "4.50"),
        ({"minPrice": "1.00", "maxPrice": "9.00"}, "4.50"),
        ({"minPrice": "6.00", "maxPrice": "5.00"}, "5.00"),
    ],
)
def test_limits(limits: dict[str, str], expected: str) -> None:
    """The sum is raised to the least price and cut down to the most, which wins."""
    assert total(tariff(element(kwh="0.45"), **limits), flow(8, (1, 10000))) == expected


def test_in_pieces() -> None:
    """A price grows with every sample, and comes to the same however many there are."""
    pricer = Pricer(CLEVEREV_DAY_TARIFF, ZONE)
    fine: Samples = [(DAY + timedelta(hours=21, minutes=each), each * 50) for each in range(121)]
    seen = []
    for when, register in fine:
        pricer.feed(when, register)
        seen.append(pricer.bill().total)
    assert seen == sorted(seen)
    assert pricer.bill() == price(CLEVEREV_DAY_TARIFF, [fine[0], fine[-1]], ZONE)
    with pytest.raises(ValueError, match="order"):
        pricer.feed(*fine[-1])
