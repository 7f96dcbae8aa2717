"""Under which ids and names the statistics of an account are found."""

from collections.abc import Iterable, Mapping
from hashlib import sha256
import re

from homeassistant.const import UnitOfEnergy
from homeassistant.core import HomeAssistant, callback
from homeassistant.helpers import device_registry as dr
from homeassistant.helpers.translation import async_get_translations
from homeassistant.util import slugify

from .charging.model import Account
from .const import DOMAIN
from .coordinator import ChargingCoordinator
from .statistics_series import Series

# How EVSE ids are written: of these nothing but the asterisks is lost in a slug.
_EVSE_ID = re.compile(r"[A-Z]{2}\*[A-Z\d]{3}\*E[A-Z\d]+(\*[A-Z\d]+)*")
_LONGEST = 120


class SeriesNames:
    """The series of an account and its charge points; the account itself is ``None``."""

    def __init__(
        self,
        coordinator: ChargingCoordinator,
        names: Mapping[str | None, str],
        words: Mapping[str, str],
    ) -> None:
        """Take over the names of the account and its charge points, as they are now."""
        self._account = coordinator.account
        self._currency = coordinator.currency
        self._names = names
        self._words = words

    def energy(self, point: str | None) -> Series:
        """Return the series of the energy."""
        return Series(
            f"{statistic_id(self._account, point)}_energy",
            self._name(point, "statistics_energy"),
            UnitOfEnergy.KILO_WATT_HOUR,
            "energy",
        )

    def cost(self, point: str | None) -> Series:
        """Return the series of the cost."""
        return Series(
            f"{statistic_id(self._account, point)}_cost",
            self._name(point, "statistics_cost"),
            self._currency,
            None,
        )

    def _name(self, point: str | None, key: str) -> str:
        return self._words[key].format(name=self._names.get(point) or point)


async def async_series_names(hass: HomeAssistant, coordinator: ChargingCoordinator) -> SeriesNames:
    """Return the series of an account, under the names that its devices have now."""
    texts = await async_get_translations(hass, hass.config.language, "common", [DOMAIN])
    prefix = f"component.{DOMAIN}.common."
    words = {key.removeprefix(prefix): text for key, text in texts.items()}
    return SeriesNames(coordinator, _device_names(hass, coordinator), words)


def statistic_id(account: Account, point: str | None) -> str:
    """Return how the ids of the statistics of an account, or of its charge point, begin.

    They depend on nothing that a person can change, and no two charge points share one: where
    others would have the same slug, a digest of the charge point's own id tells them apart.
    """
    name = slugify(f"{account.backend}_{account.account_id}")
    if point is not None:
        slug = slugify(point)
        looks_like_evse_id = _EVSE_ID.fullmatch(slug.upper().replace("_", "*"))
        is_plain = point == (slug.upper().replace("_", "*") if looks_like_evse_id else slug)
        if not is_plain or len(slug) > _LONGEST:
            slug = f"{slug[:_LONGEST].rstrip('_')}_{sha256(point.encode()).hexdigest()[:8]}"
        name = f"{name}_{slug}"
    return f"{DOMAIN}:{name}"


@callback
def _device_names(hass: HomeAssistant, coordinator: ChargingCoordinator) -> dict[str | None, str]:
    entry = coordinator.config_entry
    names: dict[str | None, str] = {None: entry.title}
    devices: Iterable[dr.DeviceEntry] = dr.async_entries_for_config_entry(
        dr.async_get(hass), entry.entry_id
    )
    for device in devices:
        point = coordinator.charge_point_of(device)
        if point is not None and (name := device.name_by_user or device.name):
            names[point] = name
    return names
