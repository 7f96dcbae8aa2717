"""Shell Recharge's locations on the wire (contract, section 0.5)."""

from collections.abc import Iterable
from datetime import datetime
from itertools import groupby

from .backend import Json
from .shell_wire import timestamp
from .world import ChargePoint, World


def locations(world: World) -> list[list[ChargePoint]]:
    """Return the charge points of every site, by site."""

    def number(charge_point: ChargePoint) -> int:
        return charge_point.site.number

    ordered = sorted(world.charge_points.values(), key=number)
    return [list(points) for _, points in groupby(ordered, number)]


def evse_status(world: World, charge_point: ChargePoint) -> str:
    """Say what a charge point shows to the map."""
    if charge_point.offline:
        return "Unknown"
    if charge_point.out_of_service:
        return "Unavailable"
    taken = charge_point.car or world.running_at(charge_point.evse_id)
    return "Occupied" if taken else "Available"


def external_id(charge_point: ChargePoint) -> str:
    """Return the id that the operator gave to an EVSE."""
    return f"{charge_point.site.serial}_{charge_point.evse_id.rpartition('*')[2]}"


def location_v2(world: World, points: list[ChargePoint], *, tariffs: bool) -> Json:
    """Print a location as SDK 2.x knows it, with tariffs only on request."""
    site = points[0].site
    return {
        "uid": str(site.number),
        "externalId": site.serial,
        "coordinates": {"latitude": site.latitude, "longitude": site.longitude},
        "operatorName": site.operator,
        "address": _address(points[0]),
        "accessibility": {"status": "FreePublic"},
        "evses": [
            {
                "uid": str(point.number),
                "externalId": external_id(point),
                "evseId": point.evse_id,
                "status": evse_status(world, point),
                "updated": timestamp(_changed(point)),
                "physicalReference": external_id(point),
                "connectors": [_connector_v2(point, tariffs=tariffs)],
                "authorizationMethods": ["NewMotionApp", "RFIDToken"],
            }
            for point in points
        ],
        "openingHours": [{"weekDay": "Mon", "startTime": "00:00", "endTime": "24:00"}],
        "updated": timestamp(_latest(points)),
        "locationType": "UNKNOWN",
        "operatorId": "NL-TNM",
        "openTwentyFourSeven": True,
    }


def location_v1(world: World, points: list[ChargePoint]) -> Json:
    """Print a location as SDK 1.x knows it: integer ids, US dates, one flat tariff."""
    site = points[0].site
    return {
        "uid": site.number,
        "externalId": site.serial,
        "coordinates": {"latitude": site.latitude, "longitude": site.longitude},
        "operatorName": site.operator,
        "operatorComment": "",
        "locationType": "Unknown",
        "address": _address(points[0]),
        "accessibility": {"status": "FreePublic"},
        "evses": [
            {
                "uid": point.number,
                "externalId": external_id(point),
                "evseId": point.evse_id,
                "status": evse_status(world, point),
                "updated": _us_date(_changed(point)),
                "physicalReference": external_id(point),
                "connectors": [_connector_v1(point)],
                "authorizationMethods": "NewMotionApp",
            }
            for point in points
        ],
        "updated": _us_date(_latest(points)),
    }


def _address(point: ChargePoint) -> Json:
    site = point.site
    return {
        "streetAndNumber": site.street,
        "postalCode": site.postal_code,
        "city": site.city,
        "country": site.country,
    }


def _electrical(point: ChargePoint) -> Json:
    return {
        "powerType": point.power_type,
        "voltage": point.voltage,
        "amperage": point.amperage,
        "maxElectricPower": point.max_power,
    }


def _connector_v2(point: ChargePoint, *, tariffs: bool) -> Json:
    body: Json = {
        "uid": str(point.number * 10),
        "externalId": f"{external_id(point)}_1",
        "connectorType": point.connector_type,
        "electricalProperties": _electrical(point),
    }
    if tariffs:
        body["tariffs"] = [_tariff_v2(point)]
    return body


def _tariff_v2(point: ChargePoint) -> Json:
    price = point.price
    components = (
        ("FLAT", 1, price.start_fee),
        # As SDK 2.x has it: a price per step, which is of kWh here and of seconds below.
        ("ENERGY", 1, price.per_kwh),
        ("TIME", 60, price.per_minute),
    )
    return {
        "tariffId": f"NL-TNM-{point.number}",
        "tariffType": "DRIVER",
        "powerRange": {"min": 0.0, "max": point.max_power},
        "currency": price.currency,
        "tariffAltText": [{"language": "en", "text": f"{price.per_kwh} per kWh"}],
        "elements": [
            {
                "priceComponents": [
                    {"type": kind, "stepSize": step, "price": amount, "vat": price.vat}
                    for kind, step, amount in components
                    if amount
                ]
            }
        ],
        "startDateTime": "2024-01-01T00:00:00Z",
        "lastUpdated": "2024-01-01T00:00:00Z",
    }


def _connector_v1(point: ChargePoint) -> Json:
    price = point.price
    return {
        "uid": point.number * 10,
        "externalId": f"{external_id(point)}_1",
        "connectorType": point.connector_type,
        "electricalProperties": _electrical(point),
        "fixedCable": point.power_type == "DC",
        "tariff": {
            "startFee": price.start_fee,
            "perMinute": price.per_minute,
            "perKWh": price.per_kwh,
            "currency": price.currency,
            "updated": "07/06/2021 10:44:24",
            "updatedBy": "TariffService",
            "structure": "default",
        },
        "updated": _us_date(_changed(point)),
    }


def _changed(point: ChargePoint) -> datetime:
    if point.changed is None:
        raise ValueError(f"{point.evse_id} is in no world")
    return point.changed


def _latest(points: Iterable[ChargePoint]) -> datetime:
    return max(_changed(point) for point in points)


def _us_date(when: datetime) -> str:
    return when.strftime("%m/%d/%Y %H:%M:%S")
