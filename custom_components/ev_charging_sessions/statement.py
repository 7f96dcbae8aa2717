"""A statement of charging sessions that can be printed and handed to an employer."""

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any, TextIO

from jinja2 import Environment, FileSystemLoader, StrictUndefined

from homeassistant.util import dt as dt_util

from .charging.model import Account, Session, SessionStatus, Source
from .charging.sums import Sums, amount_at, exact_energy
from .rows import Labels
from .wording import Wording

_TEMPLATE = "statement.html.jinja"
_UNKNOWN = "\N{EN DASH}"
_MOMENT = timedelta(microseconds=1)


@dataclass(frozen=True, kw_only=True, slots=True)
class Rate:
    """What is paid back for a kWh, whatever it cost."""

    amount: Decimal
    currency: str


@dataclass(slots=True)
class _Line:
    """What some sessions come to, and what is paid back for them."""

    name: str
    detail: str = ""
    sums: Sums = field(default_factory=Sums)
    paid_back: Decimal = Decimal(0)

    def add(self, session: Session, paid_back: Decimal | None) -> None:
        """Add a session."""
        self.sums.add(session)
        self.paid_back += paid_back or Decimal(0)


class Statement:
    """Sessions in the order in which they began, with their totals, as one HTML file.

    A session belongs to the month in which it began, as a whole. So one that began before
    ``start`` is left out: it is in the statement before this one.
    """

    def __init__(
        self,
        out: TextIO,
        labels: Mapping[Account, Labels],
        wording: Wording,
        *,
        start: datetime | None,
        end: datetime | None,
        rate: Rate | None = None,
        filters: Mapping[str, str] | None = None,
    ) -> None:
        """Begin with no session; ``filters`` is what else was asked for, by name."""
        self._out = out
        self._labels = labels
        self._wording = wording
        self._start = start
        self._end = end
        self._rate = rate
        self._filters = filters or {}
        self._rows: list[dict[str, Any]] = []
        self._total = _Line(wording.say("total"))
        self._places: dict[tuple[Account, str | None], _Line] = {}
        self._cards: dict[str, _Line] = {}
        self._months: dict[str, _Line] = {}

    @property
    def sums(self) -> Sums:
        """Return what all sessions of the statement come to."""
        return self._total.sums

    def add(self, sessions: Iterable[Session]) -> None:
        """Take in some more sessions, oldest first."""
        for session in sessions:
            began = session.started
            if began is None or (self._start and began < self._start):
                continue
            rate = self._rate
            paid_back = amount_at(rate.amount, rate.currency, session) if rate else None
            where = session.account, session.charge_point_id
            place = self._places.setdefault(where, self._place(session))
            card = self._card(session)
            month = self._wording.month(began)
            for line in (
                self._total,
                place,
                self._cards.setdefault(card, _Line(card)),
                self._months.setdefault(month, _Line(month)),
            ):
                line.add(session, paid_back)
            self._rows.append(self._row(session, began, place, card, paid_back))

    def finish(self) -> None:
        """Write the page."""
        environment = Environment(
            loader=FileSystemLoader(Path(__file__).parent),
            autoescape=True,
            undefined=StrictUndefined,
            trim_blocks=True,
            lstrip_blocks=True,
        )
        names = Counter(place.name for place in self._places.values())
        page = environment.get_template(_TEMPLATE).stream(
            language=self._wording.language,
            say=self._wording.say,
            period=self._period(),
            facts=self._facts(),
            has_rate=self._rate is not None,
            rows=self._rows,
            # Where the name does not tell one place from another, the list says more.
            ambiguous={name for name, count in names.items() if count > 1},
            total=self._shown(self._total),
            groups=[
                ("by_charge_point", "charge_point", self._sorted(self._places)),
                ("by_card", "card", self._sorted(self._cards)),
                # Sessions come in the order of time, so their months have too.
                ("by_month", "month", [self._shown(line) for line in self._months.values()]),
            ],
            notes=self._notes(),
        )
        page.enable_buffering(100)
        self._out.writelines(page)

    def _row(
        self,
        session: Session,
        began: datetime,
        place: _Line,
        card: str,
        paid_back: Decimal | None,
    ) -> dict[str, Any]:
        wording = self._wording
        remarks = [session.details.note if session.details else None]
        if session.status and session.status is not SessionStatus.FINISHED:
            remarks.append(wording.status(session.status))
        end_day, end = "", _UNKNOWN
        if session.ended:
            end_day, end = wording.day(session.ended), wording.clock(session.ended)
        lasted = None if session.is_open else session.duration(began)
        return {
            "start": wording.time(began),
            "end": end,
            "end_day": "" if end_day == wording.day(began) else end_day,
            "duration": _UNKNOWN if lasted is None else wording.duration(lasted),
            "place": place,
            "remarks": [remark for remark in remarks if remark],
            "card": card,
            "energy": self._energy(exact_energy(session)),
            "cost": self._cost(session),
            "paid_back": self._paid_back(paid_back),
        }

    def _shown(self, line: _Line) -> dict[str, Any]:
        """Return the row of a table of totals."""
        sums, wording = line.sums, self._wording
        return {
            "name": line.name,
            "detail": line.detail,
            "count": sums.count,
            "duration": _UNKNOWN if sums.duration is None else wording.duration(sums.duration),
            "energy": self._energy(sums.energy),
            "costs": [wording.money(sums.cost[each], each) for each in sorted(sums.cost)],
            "paid_back": self._paid_back(None if sums.energy is None else line.paid_back),
        }

    def _sorted[KeyT](self, lines: Mapping[KeyT, _Line]) -> list[dict[str, Any]]:
        by_name = sorted(lines.values(), key=lambda line: (line.name.casefold(), line.detail))
        return [self._shown(line) for line in by_name]

    def _energy(self, energy: Decimal | None) -> str:
        return _UNKNOWN if energy is None else self._wording.number(energy, 3)

    def _cost(self, session: Session) -> str:
        if session.cost is None:
            return _UNKNOWN
        amount = self._wording.money(session.cost.amount, session.cost.currency)
        return amount if session.cost.source is Source.REPORTED else f"{amount} *"

    def _paid_back(self, amount: Decimal | None) -> str:
        if self._rate is None or amount is None:
            return _UNKNOWN
        return self._wording.money(amount, self._rate.currency)

    def _place(self, session: Session) -> _Line:
        """Return a line for where a session was; of several accounts it tells also whose."""
        labels, point = self._labels[session.account], session.charge_point_id
        name = labels.places.get(point or "") or point or self._wording.say("unknown_place")
        details = [point if point != name else None]
        details.append(labels.account if len(self._labels) > 1 else None)
        return _Line(name, ", ".join(detail for detail in details if detail))

    def _card(self, session: Session) -> str:
        if session.card_id is None:
            return self._wording.say("no_card")
        alias = self._labels[session.account].cards.get(session.card_id)
        return alias or self._wording.say("unnamed_card")

    def _period(self) -> str:
        wording, start, end = self._wording, self._start, self._end
        if start and end and end == month_after(start):
            return wording.month(start)
        first = _day(start) if start else ""
        # A day ends with the first moment of the next one, which nobody would call its end.
        last = _day(end - _MOMENT if end and _is_midnight(end) else end) if end else ""
        return f"{first} {_UNKNOWN} {last}".strip()

    def _facts(self) -> list[tuple[str, str]]:
        """Return what the statement is about, as names and values."""
        wording = self._wording
        accounts = ", ".join(labels.account for labels in self._labels.values())
        facts = [(wording.say("account"), accounts), *self._filters.items()]
        if self._rate:
            rate = wording.money(self._rate.amount, self._rate.currency)
            facts.append((wording.say("rate"), f"{rate} / kWh"))
        zone = str(dt_util.get_default_time_zone())
        created = f"{wording.time(dt_util.utcnow())} ({zone})"
        return [*facts, (wording.say("created"), created)]

    def _notes(self) -> list[str]:
        """Return what must be known to read the figures."""
        say, sums = self._wording.say, self.sums
        notes = [say("note_month")]
        if sums.without_energy:
            notes.append(say("note_unknown_energy", count=sums.without_energy))
        if sums.without_cost:
            energy = self._wording.energy(sums.unpaid_energy)
            notes.append(say("note_unknown_cost", count=sums.without_cost, energy=energy))
        if any(row["cost"].endswith("*") for row in self._rows):
            notes.append(say("note_computed"))
        if sums.still_open:
            notes.append(say("note_open", count=sums.still_open))
        if self._rate:
            notes.append(say("note_rate"))
        return [*notes, say("note_unknown", sign=_UNKNOWN)]


def month_after(start: datetime) -> datetime | None:
    """Return when the month ends that begins with this moment, ``None`` if none does."""
    local = dt_util.as_local(start)
    if local.day != 1 or not _is_midnight(start):
        return None
    return dt_util.start_of_local_day((local.date() + timedelta(days=31)).replace(day=1))


def _is_midnight(time: datetime) -> bool:
    """Tell whether a day begins with this moment; not every day begins at twelve."""
    return time == dt_util.start_of_local_day(dt_util.as_local(time))


def _day(time: datetime) -> str:
    local = dt_util.as_local(time)
    is_whole = _is_midnight(time) or _is_midnight(time + _MOMENT)
    return f"{local:%Y-%m-%d}" if is_whole else f"{local:%Y-%m-%d %H:%M}"
