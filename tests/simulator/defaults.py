"""The world that a simulator starts with."""

from datetime import UTC, datetime

from .clock import Clock
from .namespace import Namespace
from .namespace_model import Charger, Driver
from .namespace_prices import Tariff
from .parks import Parks
from .plugsurfing_books import Books, Card, CardState
from .poles import Poles
from .world import ChargePoint, Price, Site, World

CLIENT_ID = "demo-client"
CLIENT_SECRET = "demo-secret"
CARDS = ("NL-TNM-C00122045-K", "NL-TNM-C0216599X-A")

SMAPPEE_CLIENT_ID = "demo-park-client"
SMAPPEE_CLIENT_SECRET = "demo-park-secret"
SMAPPEE_USERNAME = "park-owner"
SMAPPEE_PASSWORD = "demo-park-password"
RFIDS = ("04523022AA4881", "04A1B2C3D4E580", "0477195A3C6F80")

CLEVEREV_TOKEN = "demo-namespace-token"
CLEVEREV_ORGANIZATION = "demo-organization"
CLEVEREV_OWNER = "usr-owner-7f3a"
CLEVEREV_ID_TAGS = ("04A9C11F6E5D80", "04B7720C914C81", "048812FA3B2E82")
CLEVEREV_REMOTE_ID_TAG = "RMT-5C0D2E71"
CLEVEREV_USERS = ("usr-anna-19c4", "usr-boris-52de", "usr-clara-8b06")
CLEVEREV_NOTE = "Room 214, guest of Mrs Dvorakova"
CLEVEREV_GUEST = {"room": "214", "guestName": "Dvorakova"}
CLEVEREV_PASSWORD = "basic-3d1e9c77"
CLEVEREV_IP_ADDRESS = "10.77.31.9"
CLEVEREV_CONNECTION_URL = "wss://ocpp.invalid/chargers/connect-61f0"
CLEVEREV_LOCATIONS = ("loc-hotel", "loc-depot")
CLEVEREV_CHARGERS = (
    "chg-hotel-entrance-01",
    "chg-hotel-entrance-02",
    "chg-hotel-garage---01",
    "chg-depot-fast-----01",
)
CLEVEREV_ENERGY_TARIFF: Tariff = {
    "elements": [
        {
            "id": "tar-energy-0000000001",
            "name": "Energy",
            "backgroundColor": "#00aa55",
            "priceComponents": {"PerKilowattHour": "0.45"},
        }
    ],
    "altTexts": [{"language": "en", "text": "0.45 per kWh"}],
}
CLEVEREV_DAY_TARIFF: Tariff = {
    "elements": [
        {
            "id": "tar-day-0000000000001",
            "name": "Day",
            "backgroundColor": "#ffcc00",
            "priceComponents": {"Flat": "0.50", "PerKilowattHour": "0.52"},
            "restrictions": {
                "startTime": {"hour": 6, "minute": 0},
                "endTime": {"hour": 22, "minute": 0},
            },
        },
        {
            "id": "tar-night-00000000001",
            "name": "Night",
            "backgroundColor": "#223388",
            "priceComponents": {"Flat": "0.50", "PerKilowattHour": "0.31"},
        },
    ],
}
CLEVEREV_IDLE_TARIFF: Tariff = {
    "elements": [
        {
            "id": "tar-idle-000000000001",
            "name": "Idle",
            "backgroundColor": "#cc3333",
            "priceComponents": {"PerMinute": "0.10"},
            "restrictions": {"vehicleRequestingPower": False, "minRestrictionsDuration": 1800},
        },
        {
            "id": "tar-idle-000000000002",
            "name": "Energy",
            "backgroundColor": "#00aa55",
            "priceComponents": {"PerKilowattHour": "0.39"},
        },
    ],
    "minPrice": "1.00",
}

PLUGSURFING_KEY = "demo-operator-key-6f1c"
PLUGSURFING_PARTNER = "demo-partner-5b8e2d90c417"
PLUGSURFING_EVCO = "DE*8PS*D89761*2"
PLUGSURFING_RFIDS = ("04D25A7B3C1F80", "0477BD22AA4880", "04C3118E5A9B80")
PLUGSURFING_EVSES = ("DE*8PS*ETABCD*1", "DE*8PS*ETABCD*2")
PLUGSURFING_EVSE = PLUGSURFING_EVSES[0]
POLES = ("front", "yard")

_STREET = Site(
    number=2057411,
    serial="02003451",
    operator="TheNewMotion",
    street="Maarssenbroeksedijk 33",
    postal_code="3542 DM",
    city="Utrecht",
    latitude=52.1168,
    longitude=5.0432,
)
_SANDBOX = Site(
    number=2060319,
    serial="VIRTUALCP0002",
    operator="Shell Recharge",
    street="Carel van Bylandtlaan 16",
    postal_code="2596 HR",
    city="Den Haag",
    latitude=52.0953,
    longitude=4.3111,
)
_HIGHWAY = Site(
    number=2071002,
    serial="01000861",
    operator="Shell Recharge",
    street="Rijksweg A2 Haarrijn",
    postal_code="3481 LZ",
    city="Harmelen",
    latitude=52.1382,
    longitude=4.9935,
)


def default_world(clock: Clock) -> World:
    """Make the world of the demo: one account, two cards, six EVSEs at three sites."""
    world = World(clock)
    world.accounts[CLIENT_ID] = CLIENT_SECRET
    world.cards.update(CARDS)
    slow = Price(per_kwh=0.45)
    fast = Price(start_fee=0.35, per_kwh=0.69, per_minute=0.05)
    world.add(
        ChargePoint(evse_id="NL*TNM*E02003451*0", number=11, site=_STREET, price=slow),
        ChargePoint(evse_id="NL*TNM*E02003451*1", number=12, site=_STREET, price=slow),
        ChargePoint(evse_id="NL*TNM*EVIRTUALCP0002*0", number=21, site=_SANDBOX),
        ChargePoint(evse_id="NL*TNM*EVIRTUALCP0002*1", number=22, site=_SANDBOX),
        *(
            ChargePoint(
                evse_id=f"NL*TNM*E01000861*{index}",
                number=31 + index,
                site=_HIGHWAY,
                price=fast,
                connector_type="Type2Combo",
                power_type="DC",
                amperage=375.0,
                max_power=150.0,
            )
            for index in range(2)
        ),
    )
    return world


def default_parks(clock: Clock) -> Parks:
    """Make the parks of the demo: one account, seven stations with eight connectors.

    Their registers do not start at zero, because those of real stations do not either.
    """
    parks = Parks(clock)
    parks.clients[SMAPPEE_CLIENT_ID] = SMAPPEE_CLIENT_SECRET
    parks.users[SMAPPEE_USERNAME] = SMAPPEE_PASSWORD
    parks.add_park(20001, "Parking North")
    for number in range(1, 7):
        parks.add_station(
            20001,
            f"602000000{number}",
            f"North {number}",
            connectors=2 if number == 5 else 1,
            is_dc=number == 6,
            register=100.96,
        )
    parks.add_park(20002, "Parking South")
    parks.add_station(20002, "6020000011", "South 1", register=2410.5)
    return parks


def default_namespace(clock: Clock) -> Namespace:
    """Make the namespace of the demo: a hotel and a depot, four chargers, six connectors.

    Every charger carries the same secrets, so that a test has few to look for.
    """
    namespace = Namespace(clock)
    namespace.tokens.add(CLEVEREV_TOKEN)
    namespace.organization_id = CLEVEREV_ORGANIZATION
    namespace.owner = Driver(name="Owner", user_id=CLEVEREV_OWNER, id_tag=CLEVEREV_REMOTE_ID_TAG)
    namespace.drivers += [
        Driver(name=name, user_id=user, id_tag=tag)
        for name, user, tag in zip(
            ("Anna", "Boris", "Clara"), CLEVEREV_USERS, CLEVEREV_ID_TAGS, strict=True
        )
    ]
    hotel, depot = CLEVEREV_LOCATIONS
    places = (
        ("Hotel Entrance 1", hotel, 2, CLEVEREV_ENERGY_TARIFF),
        ("Hotel Entrance 2", hotel, 2, CLEVEREV_DAY_TARIFF),
        ("Hotel Garage", hotel, 1, CLEVEREV_IDLE_TARIFF),
        ("Depot Fast", depot, 1, CLEVEREV_IDLE_TARIFF),
    )
    for index, (name, location, connectors, tariff) in enumerate(places):
        is_dc = location == depot
        namespace.add_charger(
            Charger(
                id=CLEVEREV_CHARGERS[index],
                name=name,
                location_id=location,
                created=datetime(2026, 1, 1 + index, 9, tzinfo=UTC),
                model="DC 50" if is_dc else "AC Duo 22",
                is_public=not is_dc,
                ip_address=CLEVEREV_IP_ADDRESS,
                connection_url=CLEVEREV_CONNECTION_URL,
                password=CLEVEREV_PASSWORD,
            )
        )
        for _ in range(connectors):
            namespace.add_connector(CLEVEREV_CHARGERS[index], 1_000_000, tariff=tariff, is_dc=is_dc)
    return namespace


def default_poles(clock: Clock) -> Poles:
    """Put up the poles of the demo: two at a guest house, with meters that have a past."""
    poles = Poles(clock)
    for name, register in zip(POLES, (4711.25, 88.4), strict=True):
        poles.add(name, register=register)
    return poles


def default_books(clock: Clock) -> Books:
    """Make the books of the demo: one operator, two connectors, a good card and two that are not.

    The connectors belong to a station that somebody else has told of.
    """
    books = Books(clock)
    books.keys[PLUGSURFING_KEY] = {PLUGSURFING_PARTNER}
    books.connectors.update(dict.fromkeys(PLUGSURFING_EVSES, PLUGSURFING_PARTNER))
    states = (CardState.GOOD, CardState.LOCKED, CardState.NO_PAYMENT)
    for rfid, number, state in zip(PLUGSURFING_RFIDS, "248", states, strict=True):
        books.cards[rfid] = Card(evco_id=f"DE*8PS*C40318*{number}", state=state)
    return books
