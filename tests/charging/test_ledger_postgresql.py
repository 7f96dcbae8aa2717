"""Tests of a ledger in PostgreSQL that several homes share."""

import asyncio
from pathlib import Path
import signal
import subprocess
import sys
import traceback

import pytest
from sqlalchemy import create_engine, text

from custom_components.ev_charging_sessions.charging.errors import (
    LedgerCorruptError,
    LedgerError,
    LedgerFullError,
    LedgerSetupError,
)
from custom_components.ev_charging_sessions.charging.ledger import Ledger, SessionQuery

from .answers import ACCOUNT, answer, at
from .ground_floor import environment
from .postgresql import PASSWORD, PostgreSQL

CARD = "04A1B2C3D4"
URL = f"postgresql://user:{PASSWORD}@host/x"


async def _opened(url: str) -> Ledger:
    ledger = Ledger(url)
    await ledger.open()
    return ledger


async def test_homes_that_write_the_same(postgresql: PostgreSQL) -> None:
    """Test that processes that begin and write at once lose nothing and double nothing.

    They begin with an empty database, and all of them write the same sessions of one account,
    until they are killed.
    """
    url = postgresql.new_url()
    processes = [
        await asyncio.create_subprocess_exec(
            sys.executable,
            str(Path(__file__).with_name("ledger_writer.py")),
            url,
            env=environment(),
            stdout=subprocess.PIPE,
        )
        for _ in range(3)
    ]
    acknowledged: set[str] = set()
    for process in processes:
        assert process.stdout
        acknowledged.add((await process.stdout.readline()).decode().strip())
    await asyncio.sleep(1)
    for process in processes:
        process.kill()
    for process in processes:
        rest, _ = await process.communicate()
        assert process.returncode == -signal.SIGKILL
        acknowledged.update(rest.decode().split("\n")[:-1])
    ledger = await _opened(url)
    found = await ledger.sessions(SessionQuery(accounts=(ACCOUNT,)))
    ids = [each.session_id for each in found]
    assert len(ids) == len(set(ids))
    assert set(ids) >= acknowledged
    assert len(acknowledged) > 3
    assert {each.energy for each in found if each.session_id in acknowledged} == {2.0}
    await ledger.close()


async def test_ledgers_that_open_at_once(postgresql: PostgreSQL) -> None:
    """Test that the tables are created once, and one account of several homes is one."""
    url = postgresql.new_url()
    ledgers = await asyncio.gather(*(_opened(url) for _ in range(5)))
    changes = await asyncio.gather(
        *(ledgers[n % 5].upsert([answer(energy=float(n), updated=at(n % 10))]) for n in range(50))
    )
    assert sum(change.before is None for each in changes for change in each) == 1
    for ledger in ledgers:
        stored = await ledger.session(ACCOUNT, "s1")
        assert stored
        assert (stored.energy, stored.updated) == (49.0, at(9))
        await ledger.close()


async def test_a_restart_of_the_server(postgresql: PostgreSQL) -> None:
    """Test that a ledger goes on by itself once the server is back."""
    ledger = await _opened(postgresql.new_url())
    await ledger.upsert([answer()])
    loop = asyncio.get_running_loop()
    await loop.run_in_executor(None, postgresql.stop)
    with pytest.raises(LedgerError) as caught:
        await ledger.open_sessions(ACCOUNT)
    assert not isinstance(caught.value, LedgerCorruptError | LedgerFullError)
    _assert_discreet(caught.value)
    await loop.run_in_executor(None, postgresql.start)
    assert len(await ledger.open_sessions(ACCOUNT)) == 1
    assert len(await ledger.upsert([answer("s2")])) == 1
    await ledger.close()


async def test_errors_are_discreet(postgresql: PostgreSQL) -> None:
    """Test that no value of a row gets out with an error of the server."""
    url = postgresql.new_url()
    ledger = await _opened(url)
    engine = create_engine(url)
    with engine.begin() as connection:
        connection.execute(text("ALTER TABLE sessions ADD CHECK (card_id <> 'card-4711')"))
    engine.dispose()
    with pytest.raises(LedgerError, match="The ledger cannot be used: 23514") as caught:
        await ledger.upsert([answer(card_id="card-4711")])
    _assert_discreet(caught.value)
    assert await ledger.session(ACCOUNT, "s1") is None
    await ledger.close()


@pytest.mark.parametrize(
    ("url", "key"),
    [
        (f"postgresql://user:{PASSWORD}@host:port/x", "ledger_url_invalid"),
        (f"postgresql:user:{PASSWORD}@host", "ledger_url_invalid"),
        (f"mysql://user:{PASSWORD}@host/x", "ledger_url_invalid"),
        (f"nonsense://user:{PASSWORD}@host/x", "ledger_url_invalid"),
        (f"postgresql+nonsense://user:{PASSWORD}@host/x", "ledger_url_invalid"),
        (f"postgresql://user:{PASSWORD}@127.0.0.1:1/x", "ledger_error"),
        (f"postgresql://user:{PASSWORD}@/x?nonsense=1", "ledger_error"),
    ],
)
async def test_an_address_that_leads_nowhere(url: str, key: str, socket_enabled: None) -> None:
    """Test that the password shows neither in the error nor in what led to it."""
    with pytest.raises(LedgerError) as caught:
        await Ledger(url).open()
    assert caught.value.key == key
    _assert_discreet(caught.value)


async def test_without_the_driver(monkeypatch: pytest.MonkeyPatch) -> None:
    """Test that somebody who lacks the driver is told so."""
    monkeypatch.setitem(sys.modules, "psycopg2", None)
    with pytest.raises(LedgerSetupError) as caught:
        await Ledger(URL).open()
    assert caught.value.key == "ledger_driver_missing"
    _assert_discreet(caught.value)


def _assert_discreet(err: BaseException) -> None:
    shown = "".join(traceback.format_exception(err))
    assert err.__cause__ is None
    for secret in (PASSWORD, "card-4711", "user:"):
        # The lines of this file are shown too, but none of them has what its names stand for.
        assert secret not in shown.replace('card_id="card-4711"', "")


async def test_a_text_that_it_cannot_hold(postgresql: PostgreSQL) -> None:
    """Test that this is an error like others, and that it does not show the text."""
    ledger = await _opened(postgresql.new_url())
    with pytest.raises(LedgerError) as caught:
        await ledger.upsert([answer(card_id=f"{CARD}\0")])
    assert CARD not in "".join(traceback.format_exception(caught.value))
    assert len(await ledger.upsert([answer()])) == 1
    await ledger.close()
