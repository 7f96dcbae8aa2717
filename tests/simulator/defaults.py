"""The world that a simulator starts with."""

from .clock import Clock
from .parks import Parks
from .world import ChargePoint, Price, Site, World

CLIENT_ID = "demo-client"
CLIENT_SECRET = "demo-secret"
CARDS = ("NL-TNM-C00122045-K", "NL-TNM-C0216599X-A")

SMAPPEE_CLIENT_ID = "demo-park-client"
SMAPPEE_CLIENT_SECRET = "demo-park-secret"
SMAPPEE_USERNAME = "park-owner"
SMAPPEE_PASSWORD = "demo-park-password"
RFIDS = ("04523022AA4881", "04A1B2C3D4E580", "0477195A3C6F80")

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
