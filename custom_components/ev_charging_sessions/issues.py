"""The repair issues: what a person must know because waiting alone may not mend it."""

from collections.abc import Sequence

from homeassistant.config_entries import ConfigEntry
from homeassistant.core import HomeAssistant, callback
from homeassistant.helpers import issue_registry as ir

from .const import DOMAIN

_UNAVAILABLE = "backend_unavailable"
_UNREADABLE = "unexpected_answer"


@callback
def async_report_outage(hass: HomeAssistant, entry: ConfigEntry) -> None:
    """Tell that the network of an account has been out of reach for long."""
    _create_issue(hass, entry, _UNAVAILABLE)


@callback
def async_report_readable(
    hass: HomeAssistant, entry: ConfigEntry, unreadable: Sequence[str]
) -> None:
    """Tell that the network answers, and which fields of its answer made no sense."""
    ir.async_delete_issue(hass, DOMAIN, _issue_id(_UNAVAILABLE, entry))
    if unreadable:
        fields = ", ".join(sorted(set(unreadable)))
        _create_issue(hass, entry, _UNREADABLE, path=fields, count=str(len(unreadable)))
    else:
        ir.async_delete_issue(hass, DOMAIN, _issue_id(_UNREADABLE, entry))


@callback
def async_clear(hass: HomeAssistant, entry: ConfigEntry) -> None:
    """Leave no issue behind that nobody would ever take back."""
    async_report_readable(hass, entry, ())


def _create_issue(hass: HomeAssistant, entry: ConfigEntry, kind: str, **placeholders: str) -> None:
    ir.async_create_issue(
        hass,
        DOMAIN,
        _issue_id(kind, entry),
        is_fixable=False,
        severity=ir.IssueSeverity.WARNING,
        translation_key=kind,
        translation_placeholders={"title": entry.title, **placeholders},
    )


def _issue_id(kind: str, entry: ConfigEntry) -> str:
    return f"{kind}_{entry.entry_id}"
