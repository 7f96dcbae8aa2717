"""The audit at the end: what the books of the network say, against what truly happened."""

from collections.abc import Iterable, Iterator, Mapping
from datetime import datetime, timedelta
from decimal import Decimal
from pathlib import Path
import shutil
from tempfile import TemporaryDirectory

from custom_components.ev_charging_sessions.archive import LEDGER_FILE
from custom_components.ev_charging_sessions.charging.backends.plugsurfing_codes import is_temporary
from custom_components.ev_charging_sessions.charging.ledger import Ledger, SessionQuery
from custom_components.ev_charging_sessions.charging.ledger_outbox import PostingState
from custom_components.ev_charging_sessions.charging.model import Account, Session
from tests.simulator.plugsurfing_books import Books
from tests.simulator.plugsurfing_wire import Booking

from .drivers import Stay

type Entry = tuple[datetime, str, str]
"""When something happened, at which pole (none for the home), and what."""

# What flows in the moment until a switch that was slow to come on is off again.
_TRICKLE = Decimal("0.15")
_AROUND = timedelta(minutes=2)


class Archive:
    """What is in the ledger's file after the home has died: sessions, and what is owed."""

    def __init__(self, sessions: tuple[Session, ...], states: Mapping[PostingState, int]) -> None:
        """Hold what was read."""
        self.sessions = {each.session_id: each for each in sessions}
        self.states = states


async def read_archive(folder: Path, account: Account) -> Archive:
    """Read a copy of the ledger, so that the file stays as the dead have left it."""
    with TemporaryDirectory() as copy:
        _copy(folder, copy)
        ledger = Ledger(f"sqlite:///{Path(copy) / LEDGER_FILE}")
        await ledger.open()
        try:
            sessions = await ledger.sessions(SessionQuery(accounts=(account,)))
            states = await ledger.outbox.counts(account)
        finally:
            await ledger.close()
    assert len({each.session_id for each in sessions}) == len(sessions)
    return Archive(sessions, states)


def _copy(folder: Path, to: str) -> None:
    for file in folder.glob(f"{LEDGER_FILE}*"):
        shutil.copy(file, to)


def audit(
    books: Books, stays: Iterable[Stay], archive: Archive, diary: Iterable[Entry]
) -> list[str]:
    """Return everything that is not as it must be, in words."""
    return list(_found(books, list(stays), archive, list(diary)))


def _found(books: Books, stays: list[Stay], archive: Archive, diary: list[Entry]) -> Iterator[str]:
    yield from books.violations
    yield from (
        f"The network has refused: {each}"
        for each in books.refused
        if not is_temporary(each.code) and each.name != "rfid-verify"
    )
    yield from (
        f"{state}: {count}"
        for state, count in archive.states.items()
        if state is not PostingState.POSTED and count
    )
    latest = books.latest()
    for booking in latest.values():
        yield from _of_booking(booking, archive.sessions.get(booking.session_id))
    for session in archive.sessions.values():
        if session.session_id not in latest and (
            session.card_id is None or session.energy or session.is_open
        ):
            yield f"Nobody was told of {_words(session)}"
    left = set(latest)
    for stay in stays:
        at_stay = _of_stay(stay, latest.values())
        left -= {each.session_id for each in at_stay}
        for each in _of_one(stay, at_stay):
            yield f"Stay {stay.number} at {stay.pole}, {stay.arrived:%H:%M:%S}: {each}"
        if stay.complaints or any(_of_one(stay, at_stay)):
            yield f"    {stay.codes[-8:]}"
            yield from (
                f"    {_words(each)}"
                for each in archive.sessions.values()
                if each.charge_point_id == stay.connector_id
                and each.started
                and stay.arrived <= each.started <= (stay.left or stay.arrived)
            )
            yield from (
                f"    {time:%H:%M:%S} {what} {where}"
                for time, where, what in diary
                if where in {"", stay.pole}
                and stay.arrived - _AROUND <= time <= (stay.left or stay.arrived) + _AROUND
            )
    yield from (f"Nobody was there for {latest[each]}" for each in left)


def _of_booking(booking: Booking, session: Session | None) -> Iterator[str]:
    """Compare what the network knows with the ledger, whose account it is of."""
    if not booking.is_final:
        yield f"Never final: {booking}"
    if session is None:
        yield f"Not in the ledger: {booking}"
        return
    details = session.details
    told = (
        booking.connector_id,
        booking.user,
        booking.started,
        booking.stopped,
        booking.charging_started,
        booking.charging_stopped,
        booking.energy,
    )
    known = (
        session.charge_point_id,
        session.card_id,
        _second(session.started),
        _second(session.ended),
        _second(details.charging_started if details else None),
        _second(details.charging_ended if details else None),
        None if session.energy is None else Decimal(f"{session.energy:.6f}").normalize(),
    )
    if told != known:
        yield f"The network was told {told}, and the ledger has {known}"


def _of_one(stay: Stay, bookings: list[Booking]) -> Iterator[str]:
    """Hold what was booked of a stay against what happened there."""
    yield from stay.complaints
    booked = {each.session_id for each in bookings}
    for told in stay.told:
        if len(told) > 1:
            yield f"One start has led to several sessions: {told}"
        if missing := told - booked:
            yield f"Accepted and not in the books: {missing}"
    energy = sum((each.energy or Decimal(0) for each in bookings), Decimal(0))
    truth = Decimal(f"{stay.energy:.6f}")
    if energy != truth:
        yield f"{truth} kWh have flowed, and {energy} were posted"
    for each in bookings:
        if each.user != stay.driver.identifier:
            yield f"Another driver was told: {each.user}"
        least = Decimal(0) if each.charging_started is None else Decimal("0.001")
        most = _TRICKLE if each.charging_started is None else Decimal("Infinity")
        if not least <= (each.energy or 0) <= most:
            yield f"Energy and charging interval do not fit: {each}"


def _of_stay(stay: Stay, bookings: Iterable[Booking]) -> list[Booking]:
    begin, end = _second(stay.arrived), stay.left
    return [
        each
        for each in bookings
        if each.connector_id == stay.connector_id
        and begin is not None
        and end is not None
        and begin <= each.started <= end
    ]


def _second(moment: datetime | None) -> datetime | None:
    return moment.replace(microsecond=0) if moment else None


def _words(session: Session) -> str:
    why = session.stop_reason or session.error_code
    return (
        f"{session.session_id} {session.status} from {session.started} to {session.ended}:"
        f" {session.energy} kWh, {session.energy_source}, {why}"
    )
