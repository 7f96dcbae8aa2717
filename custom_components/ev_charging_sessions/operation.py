"""What an operator does beside charging: post sessions, tell statuses, and take calls."""

from collections.abc import Iterable
from copy import replace

from homeassistant.config_entries import ConfigEntry, ConfigEntryState
from homeassistant.core import HomeAssistant, callback
from homeassistant.util import dt as dt_util

from .charging.backends.plugsurfing import PlugSurfing, cut_short, is_measured
from .charging.backends.plugsurfing_codes import name_of
from .charging.errors import AuthenticationError, ChargingError, LedgerError
from .charging.events import EventType, SessionEvent
from .charging.ledger import Ledger
from .charging.ledger_outbox import Posting, PostingSource
from .charging.model import Account
from .charging.operator import Operator
from .charging.outbox import Outbox
from .connectors import Poles, SwitchCharger
from .const import (
    CONF_EVSE_ID,
    CONF_FORWARD,
    CONF_PARTNER_IDENTIFIER,
    CONF_SWITCH_ENTITY,
    DOMAIN,
    SUBENTRY_CONNECTOR,
)
from .coordinator import ChargingConfigEntry, ChargingCoordinator
from .issues import (
    async_note_failure,
    async_note_posted,
    async_note_refused,
    async_note_unposted,
)
from .reach import ReachWatch
from .webhook import async_register_webhook

ATTR_ACCOUNT_ID = "account_id"
ATTR_BACKEND = "backend"
ATTR_CHARGE_POINT_ID = "charge_point_id"


async def async_operate(
    hass: HomeAssistant, entry: ChargingConfigEntry, coordinator: ChargingCoordinator
) -> None:
    """Offer the connectors of an account to its network. Raises LedgerError."""
    backend = coordinator.backend
    if not isinstance(backend, PlugSurfing):
        raise TypeError(type(backend))
    account, ledger = coordinator.account, coordinator.ledger
    backend.keep = coordinator.async_keep_now
    for session in coordinator.sessions.open.copy().values():
        if session.charge_point_id not in coordinator.subentry_ids and is_measured(session):
            await coordinator.async_keep_now(cut_short(session))
    # Only now, for what has just ended was still to be posted. At a charge point that is chosen
    # anew, nobody is to be billed for what was over before.
    now = dt_util.utcnow()
    sources = [replace(source, since=now) for source in sources_of(entry, account)]
    await ledger.outbox.use_sources(account, sources)
    outbox = coordinator.outbox = _outbox(hass, entry, coordinator, backend)
    statuses = backend.statuses

    @callback
    def ask_for_key() -> None:
        entry.async_start_reauth(hass)

    statuses.on_refused_key = ask_for_key

    @callback
    def tell_statuses() -> None:
        for connector_id, connector in backend.connectors.items():
            statuses.want(connector_id, connector.status)

    if given_up := await ledger.outbox.refused_ones(account):
        async_note_refused(hass, entry, len(given_up), reason_of(given_up[-1]))
    latest = await ledger.latest_sessions(account)
    last = {each.charge_point_id: each for each in latest if each.charge_point_id}
    Poles(hass, entry, coordinator, backend).async_watch(last)
    entry.async_on_unload(coordinator.async_add_listener(tell_statuses))
    await coordinator.async_refresh()
    tell_statuses()
    for work in (outbox.run(), statuses.run()):
        entry.async_create_background_task(hass, work, f"{DOMAIN} posts", eager_start=False)
    operator = Operator(
        account,
        backend,
        coordinator.commands,
        ledger,
        partner_identifier=entry.data[CONF_PARTNER_IDENTIFIER],
        keep=coordinator.async_keep_now,
        on_refused_key=ask_for_key,
    )
    reach = ReachWatch(hass, entry)
    async_register_webhook(hass, entry, operator, reach.async_heard)
    reach.async_watch()


async def async_retire(
    hass: HomeAssistant, entry: ConfigEntry, account: Account, ledger: Ledger
) -> None:
    """Leave nothing charging of an account that is no more, and nothing to be collected for it.

    What is still to be posted stays in the ledger, should the account be added again. Raises
    LedgerError.
    """
    charging = {
        session.charge_point_id: session
        for session in await ledger.open_sessions(account)
        if is_measured(session)
    }
    await ledger.upsert([cut_short(session) for session in charging.values()])
    await ledger.outbox.use_sources(account, ())
    for subentry in entry.get_subentries_of_type(SUBENTRY_CONNECTOR):
        if subentry.data[CONF_EVSE_ID] in charging:
            await SwitchCharger(hass, subentry.data[CONF_SWITCH_ENTITY]).async_cut()


def sources_of(entry: ChargingConfigEntry, account: Account) -> Iterable[PostingSource]:
    """Return the charge points whose sessions are posted: our own, and those chosen."""
    for subentry in entry.get_subentries_of_type(SUBENTRY_CONNECTOR):
        connector_id = subentry.data[CONF_EVSE_ID]
        yield PostingSource(
            account=account,
            charge_point_id=connector_id,
            connector_id=connector_id,
            is_live=True,
        )
    for chosen in entry.options.get(CONF_FORWARD, ()):
        yield PostingSource(
            account=Account(backend=chosen[ATTR_BACKEND], account_id=chosen[ATTR_ACCOUNT_ID]),
            charge_point_id=chosen[ATTR_CHARGE_POINT_ID],
            connector_id=chosen[CONF_EVSE_ID],
            is_live=False,
        )


def _outbox(
    hass: HomeAssistant,
    entry: ChargingConfigEntry,
    coordinator: ChargingCoordinator,
    backend: PlugSurfing,
) -> Outbox:
    @callback
    def refused(posting: Posting) -> None:
        async_note_refused(hass, entry, outbox.refused, reason_of(posting))
        event = SessionEvent(
            type=EventType.POST_REFUSED, session=posting.session, reason=posting.code
        )
        _async_tell(hass, posting, event)

    @callback
    def trouble(err: ChargingError | None) -> None:
        if err is None:
            async_note_posted(hass, entry)
        elif isinstance(err, AuthenticationError):
            entry.async_start_reauth(hass)
        elif isinstance(err, LedgerError):
            async_note_failure(hass, entry, err)
        else:
            async_note_unposted(hass, entry)

    @callback
    def changed() -> None:
        async_note_refused(hass, entry, outbox.refused)
        coordinator.async_show()

    outbox = Outbox(
        coordinator.account,
        coordinator.ledger,
        backend.api.post_session,
        on_refused=refused,
        on_trouble=trouble,
        on_change=changed,
    )
    return outbox


def reason_of(posting: Posting) -> str:
    """Return why the network has refused a session, in its own number and in words."""
    code = posting.code or ""
    return name_of(int(code)) if code.isdecimal() else code


@callback
def _async_tell(hass: HomeAssistant, posting: Posting, event: SessionEvent) -> None:
    """Have the charge point tell it at which the session was, whosever that is."""
    for entry in hass.config_entries.async_entries(DOMAIN):
        if entry.state is not ConfigEntryState.LOADED:
            continue
        coordinator: ChargingCoordinator = entry.runtime_data
        charge_point_id = posting.session.charge_point_id
        if coordinator.account == posting.session.account and charge_point_id:
            coordinator.add_event(charge_point_id, event)
            coordinator.async_show()
