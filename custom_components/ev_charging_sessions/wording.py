"""Texts of ours that no frontend translates: in calendars, statements, speech and other texts.

They are in the language of Home Assistant where whoever reads them is not known.
"""

from datetime import datetime
from decimal import Decimal

from homeassistant.core import HomeAssistant, callback
from homeassistant.exceptions import HomeAssistantError
from homeassistant.helpers.translation import (
    async_get_cached_translations,
    async_get_translations,
)
from homeassistant.util import dt as dt_util

from .charging.model import SessionStatus, Source
from .charging.tariff_coins import coin_of
from .const import DOMAIN

# Groups of digits are kept apart by a narrow space, which is read alike in every language.
_GROUPS = "\N{NARROW NO-BREAK SPACE}"
_CATEGORIES = ("common", "entity", "exceptions", "selector")
_SOURCES = "entity.sensor.session_cost.state_attributes.cost_source.state"


async def async_wording(hass: HomeAssistant, language: str) -> Wording:
    """Return the wording of the language in which somebody speaks."""
    for category in _CATEGORIES:
        await async_get_translations(hass, language, category, {DOMAIN})
    return Wording(hass, language)


@callback
def async_explained(hass: HomeAssistant, key: str, **values: str) -> str:
    """Return the text under a key such as ``exceptions.rate_limited.message``, filled in."""
    category, _, _ = key.partition(".")
    texts: dict[str, str] = {}
    for language in ("en", hass.config.language):
        texts |= async_get_cached_translations(hass, language, category, DOMAIN)
    return texts[f"component.{DOMAIN}.{key}"].format(**values)


class Wording:
    """Says figures and words in one language; it can be used in any thread."""

    @callback
    def __init__(self, hass: HomeAssistant, language: str | None = None) -> None:
        """Take the texts of a language, or of the one that is set at this moment."""
        self.language = language or hass.config.language
        self._texts: dict[str, str] = {}
        # A language that has only just been chosen may not have been read yet.
        for spoken in ("en", self.language):
            for category in _CATEGORIES:
                found = async_get_cached_translations(hass, spoken, category, DOMAIN)
                self._texts |= found

    def say(self, key: str, **values: object) -> str:
        """Return one of our common texts, filled in."""
        return self._text(f"common.{key}").format(**values)

    def status(self, status: SessionStatus) -> str:
        """Return the word for a status."""
        return self._text(f"selector.session_status.options.{status}")

    def source(self, source: Source) -> str:
        """Return the word for where a cost comes from."""
        return self._text(f"{_SOURCES}.{source}")

    def error(self, err: HomeAssistantError) -> str:
        """Return what an error of ours says."""
        text = self._texts.get(f"component.{DOMAIN}.exceptions.{err.translation_key}.message")
        return text.format(**(err.translation_placeholders or {})) if text else str(err)

    def month(self, time: datetime) -> str:
        """Return the month of a time, such as October 2026."""
        local = dt_util.as_local(time)
        return self.say("month_of_year", month=self.say(f"month_{local.month}"), year=local.year)

    def time(self, time: datetime) -> str:
        """Return a day and a time of it."""
        return f"{self.day(time)} {self.clock(time)}"

    def day(self, time: datetime) -> str:
        """Return the day of a time at home, in the one order that nobody can mistake."""
        return f"{dt_util.as_local(time):%Y-%m-%d}"

    def clock(self, time: datetime) -> str:
        """Return what the clocks of the home showed.

        In the hour that there is twice in autumn, it says which of the two is meant.
        """
        local = dt_util.as_local(time)
        other = local.replace(fold=1 - local.fold)
        zone = "" if other.utcoffset() == local.utcoffset() else f" {local.tzname()}"
        return f"{local:%H:%M}{zone}"

    def duration(self, seconds: float) -> str:
        """Return a length of time in hours and minutes."""
        hours, minutes = divmod(round(seconds / 60), 60)
        return f"{hours}:{minutes:02}"

    def energy(self, energy: Decimal | float, digits: int = 3) -> str:
        """Return an energy with its unit."""
        return f"{self.number(energy, digits)} kWh"

    def money(self, amount: Decimal, currency: str) -> str:
        """Return an amount with its currency, in coins or finer, but never rounded."""
        _, _, behind = f"{amount:f}".partition(".")
        coins = -int(coin_of(currency).as_tuple().exponent)
        digits = max(len(behind.rstrip("0")), coins)
        return f"{self.number(amount, digits)} {currency}"

    def number(self, number: Decimal | float, digits: int) -> str:
        """Return a number with so many digits behind the sign."""
        whole, _, behind = f"{number:,.{digits}f}".replace(",", _GROUPS).partition(".")
        return f"{whole}{self.say('decimal_sign')}{behind}" if behind else whole

    def _text(self, key: str) -> str:
        return self._texts[f"component.{DOMAIN}.{key}"]
