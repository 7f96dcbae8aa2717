"""The action that hands sessions on: to a spreadsheet, a program, or an employer."""

from collections.abc import Callable
from copy import replace
from datetime import datetime, timedelta
from decimal import Decimal, InvalidOperation
from io import StringIO
from typing import TextIO

import voluptuous as vol

from homeassistant.const import ATTR_DEVICE_ID
from homeassistant.core import ServiceCall, ServiceResponse
from homeassistant.exceptions import HomeAssistantError
from homeassistant.helpers import config_validation as cv
from homeassistant.util import dt as dt_util

from .charging.errors import ChargingError
from .exceptions import translated
from .export_file import ExportFile
from .export_formats import CsvExport, Export, JsonExport
from .service_fields import invalid, refuse, require, unable
from .services_archive import (
    ATTR_CARD,
    FILTERS,
    Question,
    question_of,
)
from .statement import Rate, Statement
from .wording import Wording

SERVICE_EXPORT_SESSIONS = "export_sessions"

ATTR_FORMAT = "format"
ATTR_PATH = "path"
ATTR_REIMBURSEMENT_CURRENCY = "reimbursement_currency"
ATTR_REIMBURSEMENT_RATE = "reimbursement_rate"

CSV, JSON, STATEMENT = "csv", "json", "statement"
FORMATS = [CSV, JSON, STATEMENT]

# Nobody pays more for a kWh in any currency, and the sum of it can still be printed.
LARGEST_RATE = 1_000_000


def _rate(value: object) -> Decimal:
    """Return a price as it was written; a number of a program is meant as it is shown."""
    try:
        rate = Decimal(str(value))
    except InvalidOperation as err:
        raise vol.Invalid("expected a price per kWh") from err
    if not (rate.is_finite() and 0 <= rate <= LARGEST_RATE):
        raise vol.Invalid("expected a price per kWh")
    return rate


EXPORT_SCHEMA = vol.Schema(
    {
        vol.Required(ATTR_FORMAT): vol.In(FORMATS),
        **FILTERS,
        vol.Optional(ATTR_PATH): cv.string,
        vol.Optional(ATTR_REIMBURSEMENT_RATE): _rate,
        vol.Optional(ATTR_REIMBURSEMENT_CURRENCY): cv.currency,
    }
)


async def async_export_sessions(call: ServiceCall) -> ServiceResponse:
    """Write sessions as a text, and return it or how many are in the file."""
    hass, path = call.hass, call.data.get(ATTR_PATH)
    if path is None and not call.return_response:
        raise invalid("export_goes_nowhere")
    if call.data[ATTR_FORMAT] != STATEMENT:
        refuse(call, "only_for_statement", ATTR_REIMBURSEMENT_RATE, ATTR_REIMBURSEMENT_CURRENCY)
    elif ATTR_REIMBURSEMENT_CURRENCY in call.data:
        require(call, "currency_without_rate", ATTR_REIMBURSEMENT_RATE)
    question, create = _export(call)
    if path is None:
        text = StringIO(newline="")
        export = await _async_write(call, question, create, text)
        return {"text": text.getvalue(), "count": export.sums.count}
    # A spreadsheet takes a file for one of its own code page unless it begins with this mark.
    encoding = "utf-8-sig" if call.data[ATTR_FORMAT] == CSV else "utf-8"
    try:
        file = await hass.async_add_executor_job(ExportFile, hass.config, path, encoding)
        try:
            export = await _async_write(call, question, create, file.out)
            await hass.async_add_executor_job(file.commit)
        finally:
            await hass.async_add_executor_job(file.discard)
    except OSError as err:
        raise unable("export_not_written", reason=err.strerror or type(err).__name__) from err
    return {"path": path, "count": export.sums.count}


async def _async_write(
    call: ServiceCall, question: Question, create: Callable[[TextIO], Export], out: TextIO
) -> Export:
    """Write all sessions; neither reading nor writing them keeps the home waiting."""
    run = call.hass.async_add_executor_job
    export = await run(create, out)
    try:
        async for sessions in question.ledger.pages(question.query):
            await run(export.add, sessions)
    except ChargingError as err:
        raise translated(HomeAssistantError, err) from err
    await run(export.finish)
    return export


def _export(call: ServiceCall) -> tuple[Question, Callable[[TextIO], Export]]:
    """Return what to write, and the way to write it."""
    question = question_of(call)
    labels, query = question.labels, question.query
    match call.data[ATTR_FORMAT]:
        case "csv":
            return question, lambda out: CsvExport(out, labels)
        case "json":
            return question, lambda out: JsonExport(out, labels)
    if query.start is None and query.end is None:
        start, end = _last_month()
        question = replace(question, query=replace(query, start=start, end=end))
    wording = Wording(call.hass)
    rate = _rate_of(call)
    filters = _filters(call, question, wording)
    period = {"start": question.query.start, "end": question.query.end}
    return question, lambda out: Statement(
        out, labels, wording, **period, rate=rate, filters=filters
    )


def _rate_of(call: ServiceCall) -> Rate | None:
    """Return what is paid back for a kWh, in the currency of the home unless another is named."""
    if ATTR_REIMBURSEMENT_RATE not in call.data:
        return None
    currency = call.data.get(ATTR_REIMBURSEMENT_CURRENCY, call.hass.config.currency)
    return Rate(amount=call.data[ATTR_REIMBURSEMENT_RATE], currency=currency)


def _filters(call: ServiceCall, question: Question, wording: Wording) -> dict[str, str]:
    """Return in words what a statement is limited to, so that it is not taken for the whole."""
    filters: dict[str, str] = {}
    if ATTR_DEVICE_ID in call.data:
        names = [
            question.labels[account].places.get(charge_point_id, charge_point_id)
            for account, charge_point_id in question.query.charge_points or ()
        ]
        filters[wording.say("charge_point")] = ", ".join(names)
    if ATTR_CARD in call.data:
        filters[wording.say("card")] = ", ".join(call.data[ATTR_CARD])
    if question.query.statuses is not None:
        words = [wording.status(status) for status in question.query.statuses]
        filters[wording.say("status")] = ", ".join(words)
    return filters


def _last_month() -> tuple[datetime, datetime]:
    """Return when the last whole month of the home began and ended."""
    end = dt_util.now().date().replace(day=1)
    start = (end - timedelta(days=1)).replace(day=1)
    return dt_util.start_of_local_day(start), dt_util.start_of_local_day(end)
