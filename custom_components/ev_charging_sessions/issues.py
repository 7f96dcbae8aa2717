"""The repair issues: what a person must know because waiting alone may not mend it."""

from collections.abc import Sequence
from datetime import datetime, timedelta

from homeassistant.config_entries import (
    SIGNAL_CONFIG_ENTRY_CHANGED,
    ConfigEntry,
    ConfigEntryChange,
)
from homeassistant.core import HomeAssistant, callback
from homeassistant.helpers import issue_registry as ir
from homeassistant.helpers.dispatcher import async_dispatcher_connect
from homeassistant.util import dt as dt_util
from homeassistant.util.hass_dict import HassKey

from .charging.bill_check import Doubt
from .charging.errors import ChargingError, LedgerError, LedgerFullError, LedgerSetupError
from .charging.ledger import Ledger
from .charging.model import EnergyUnit
from .const import CONF_ENERGY_UNIT, DOMAIN

# An outage this long deserves a person's attention.
ISSUE_AFTER = timedelta(hours=1)
# Whatever fails is tried again sooner, so after this it is not known how long it has failed.
_FORGET_AFTER = timedelta(hours=2)

_UNREADABLE = "unexpected_answer"
ARCHIVE_FULL = "archive_full"
ARCHIVE_REPLACED = "archive_replaced"
ARCHIVE_UNAVAILABLE = "archive_unavailable"
BACKEND_UNAVAILABLE = "backend_unavailable"
BILL_DIFFERS = "bill_differs"
CALLS_UNREACHABLE = "calls_unreachable"
OTHER_UNIT = "energy_unit_mismatch"
PARK_LOST = "park_lost"
POSTS_REFUSED = "posts_refused"
SESSIONS_UNPOSTED = "sessions_unposted"

type _Times = dict[str, tuple[datetime, datetime]]
"""When an account, by its entry, has failed first and last."""

# Outlives the coordinators of an account that cannot even be set up.
_FAILING_SINCE: HassKey[_Times] = HassKey(f"{DOMAIN}_failing_since")
_UNPOSTED_SINCE: HassKey[_Times] = HassKey(f"{DOMAIN}_unposted_since")
# The one archive of all accounts works again only when none of them has trouble with it.
_NO_ARCHIVE_SINCE: HassKey[_Times] = HassKey(f"{DOMAIN}_no_archive_since")


@callback
def async_note_failure(hass: HomeAssistant, entry: ConfigEntry, err: ChargingError) -> None:
    """Note that an account cannot be read or kept, and tell when that lasts."""
    if isinstance(err, LedgerFullError):
        # It has an issue of its own, and the network has answered.
        return
    if isinstance(err, LedgerError):
        lasts = _lasts(hass, _NO_ARCHIVE_SINCE, entry)
        # What somebody has set up wrongly does not mend itself.
        if lasts or isinstance(err, LedgerSetupError):
            _create_issue(hass, None, ARCHIVE_UNAVAILABLE, is_fixable=True)
    elif _lasts(hass, _FAILING_SINCE, entry):
        _create_issue(hass, entry, BACKEND_UNAVAILABLE, is_fixable=True)


def _lasts(hass: HomeAssistant, since: HassKey[_Times], entry: ConfigEntry) -> bool:
    """Tell whether a trouble, noted anew, lasts for long."""
    now = dt_util.utcnow()
    times = hass.data.setdefault(since, {})
    first, last = times.get(entry.entry_id, (now, now))
    if now - last > _FORGET_AFTER:
        first = now
    times[entry.entry_id] = first, now
    return now - first >= ISSUE_AFTER


@callback
def async_note_answer(hass: HomeAssistant, entry: ConfigEntry, unreadable: Sequence[str]) -> None:
    """Note that the network answers, and tell which parts of its answer made no sense."""
    hass.data.setdefault(_FAILING_SINCE, {}).pop(entry.entry_id, None)
    ir.async_delete_issue(hass, DOMAIN, _issue_id(BACKEND_UNAVAILABLE, entry))
    if unreadable:
        fields = ", ".join(sorted(set(unreadable)))
        _create_issue(hass, entry, _UNREADABLE, path=fields, count=str(len(unreadable)))
    else:
        ir.async_delete_issue(hass, DOMAIN, _issue_id(_UNREADABLE, entry))


async def async_prove_archive(hass: HomeAssistant, entry: ConfigEntry, ledger: Ledger) -> None:
    """Find out whether an archive that has failed works, for there may be nothing to write."""
    without_archive = hass.data.setdefault(_NO_ARCHIVE_SINCE, {})
    if entry.entry_id not in without_archive:
        return
    try:
        await ledger.try_to_write()
    except LedgerError as err:
        # Unless the account has been removed or disabled meanwhile.
        if entry.entry_id in without_archive:
            async_note_failure(hass, entry, err)
    else:
        _note_archive(hass, entry)


def _note_archive(hass: HomeAssistant, entry: ConfigEntry) -> None:
    """Note that the archive can be used for an account, or need not be."""
    without_archive = hass.data.setdefault(_NO_ARCHIVE_SINCE, {})
    if without_archive.pop(entry.entry_id, None) and not without_archive:
        ir.async_delete_issue(hass, DOMAIN, _issue_id(ARCHIVE_UNAVAILABLE, None))


@callback
def async_note_lost(hass: HomeAssistant, entry: ConfigEntry, lost: Sequence[str]) -> None:
    """Tell which of the chosen places the account may no longer see, if any."""
    if lost:
        _create_issue(hass, entry, PARK_LOST, is_fixable=True, parks=", ".join(sorted(lost)))
    else:
        ir.async_delete_issue(hass, DOMAIN, _issue_id(PARK_LOST, entry))


@callback
def async_note_unit(hass: HomeAssistant, entry: ConfigEntry, other: EnergyUnit | None) -> None:
    """Tell that the energies rather seem to be in the other unit, and let a person decide."""
    if other:
        unit = entry.data[CONF_ENERGY_UNIT]
        _create_issue(hass, entry, OTHER_UNIT, is_fixable=True, unit=unit, other_unit=other.value)
    else:
        ir.async_delete_issue(hass, DOMAIN, _issue_id(OTHER_UNIT, entry))


@callback
def async_note_bill(hass: HomeAssistant, entry: ConfigEntry, place: str, doubt: Doubt) -> None:
    """Tell the newest bill that seems wrong, and how many there were since somebody looked.

    It outlasts restarts: nothing but a person takes it back.
    """
    issue = ir.async_get(hass).async_get_issue(DOMAIN, _issue_id(BILL_DIFFERS, entry))
    count = int(str(issue.data["count"])) if issue and issue.data else 0
    started = doubt.session.started
    _create_issue(
        hass,
        entry,
        BILL_DIFFERS,
        is_fixable=True,
        is_persistent=True,
        place=place,
        started=dt_util.as_local(started).strftime("%Y-%m-%d %H:%M") if started else "?",
        reported=f"{doubt.reported.amount} {doubt.reported.currency}",
        computed=f"{doubt.computed.amount} {doubt.computed.currency}",
        count=str(count + 1),
        about=doubt.session.session_id,
    )


@callback
def async_explain_bill(hass: HomeAssistant, entry: ConfigEntry, session_id: str) -> None:
    """Take back a bill that seemed wrong when it was the only one and has been put right."""
    issue = ir.async_get(hass).async_get_issue(DOMAIN, _issue_id(BILL_DIFFERS, entry))
    if issue and issue.data and (issue.data["about"], issue.data["count"]) == (session_id, "1"):
        ir.async_delete_issue(hass, DOMAIN, issue.issue_id)


@callback
def async_note_unposted(hass: HomeAssistant, entry: ConfigEntry) -> None:
    """Note that the network does not take the sessions of an operator, and tell when that lasts."""
    if _lasts(hass, _UNPOSTED_SINCE, entry):
        _create_issue(hass, entry, SESSIONS_UNPOSTED, is_fixable=True)


@callback
def async_note_posted(hass: HomeAssistant, entry: ConfigEntry) -> None:
    """Note that the network takes sessions."""
    hass.data.setdefault(_UNPOSTED_SINCE, {}).pop(entry.entry_id, None)
    ir.async_delete_issue(hass, DOMAIN, _issue_id(SESSIONS_UNPOSTED, entry))


@callback
def async_note_reach(hass: HomeAssistant, entry: ConfigEntry, reason: str | None) -> None:
    """Tell why the network cannot call this home, or with ``None`` that it can."""
    if reason:
        _create_issue(hass, entry, CALLS_UNREACHABLE, is_fixable=True, reason=reason)
    else:
        ir.async_delete_issue(hass, DOMAIN, _issue_id(CALLS_UNREACHABLE, entry))


@callback
def async_note_refused(
    hass: HomeAssistant, entry: ConfigEntry, count: int, reason: str = ""
) -> None:
    """Tell how many sessions the network has refused for good, and why it was the last one.

    Without a reason, the one that is known stays.
    """
    issue_id = _issue_id(POSTS_REFUSED, entry)
    if not count:
        ir.async_delete_issue(hass, DOMAIN, issue_id)
        return
    issue = ir.async_get(hass).async_get_issue(DOMAIN, issue_id)
    if not reason and issue and issue.data:
        reason = str(issue.data["reason"])
    _create_issue(hass, entry, POSTS_REFUSED, is_fixable=True, count=str(count), reason=reason)


@callback
def async_note_full(hass: HomeAssistant, is_full: bool) -> None:
    """Tell that there is no room left for the archive, or that there is."""
    if is_full:
        _create_issue(hass, None, ARCHIVE_FULL, is_fixable=True)
    else:
        ir.async_delete_issue(hass, DOMAIN, _issue_id(ARCHIVE_FULL, None))


@callback
def async_note_replaced(hass: HomeAssistant, file: str, count: int) -> None:
    """Tell that the archive was broken, where its file is kept and how much was taken over.

    It outlasts restarts: nothing but a person takes it back. Each broken file has its own.
    """
    _create_issue(
        hass,
        None,
        ARCHIVE_REPLACED,
        is_fixable=True,
        is_persistent=True,
        about=file,
        file=file,
        count=str(count),
    )


@callback
def async_forget(hass: HomeAssistant, entry: ConfigEntry) -> None:
    """Leave no issue behind of an account that is no more."""
    _end(hass, entry)
    ir.async_delete_issue(hass, DOMAIN, _issue_id(BILL_DIFFERS, entry))


@callback
def async_follow_disabling(hass: HomeAssistant) -> None:
    """Let an account that is disabled fail no more, also one that waits to be set up."""

    @callback
    def follow(_: ConfigEntryChange, entry: ConfigEntry) -> None:
        if entry.domain == DOMAIN and entry.disabled_by:
            _end(hass, entry)

    async_dispatcher_connect(hass, SIGNAL_CONFIG_ENTRY_CHANGED, follow)


def _end(hass: HomeAssistant, entry: ConfigEntry) -> None:
    """Leave nothing behind that only an account at work would take back."""
    async_clear(hass, entry)
    async_note_answer(hass, entry, ())
    _note_archive(hass, entry)
    async_note_posted(hass, entry)


@callback
def async_clear(hass: HomeAssistant, entry: ConfigEntry) -> None:
    """Leave nothing behind that the next set-up tells anew, for it does not take it back.

    An outage goes on meanwhile, and is over at the first good answer.
    """
    ir.async_delete_issue(hass, DOMAIN, _issue_id(_UNREADABLE, entry))
    async_note_lost(hass, entry, ())
    async_note_unit(hass, entry, None)
    async_note_refused(hass, entry, 0)
    async_note_reach(hass, entry, None)


def _create_issue(
    hass: HomeAssistant,
    entry: ConfigEntry | None,
    kind: str,
    *,
    is_fixable: bool = False,
    is_persistent: bool = False,
    about: str = "",
    **placeholders: str,
) -> None:
    """Create the issue of an account, or without one that of the archive of all accounts."""
    data = {"about": about}
    if entry:
        placeholders = {"title": entry.title, **placeholders}
        data["entry_id"] = entry.entry_id
    ir.async_create_issue(
        hass,
        DOMAIN,
        _issue_id(kind, entry, about),
        # It goes with the account, and is not shown while that is disabled.
        config_entry_id=entry.entry_id if entry else None,
        # What a flow needs to mend it, also for its text.
        data={**data, **placeholders} if is_fixable else None,
        is_fixable=is_fixable,
        is_persistent=is_persistent,
        severity=ir.IssueSeverity.WARNING if entry else ir.IssueSeverity.ERROR,
        translation_key=kind,
        translation_placeholders=placeholders,
    )


def _issue_id(kind: str, entry: ConfigEntry | None, about: str = "") -> str:
    return f"{kind}_{entry.entry_id if entry else about}"
