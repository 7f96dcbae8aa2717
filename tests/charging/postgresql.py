"""A server of PostgreSQL for the tests, as Debian and most others install it."""

from contextlib import AbstractContextManager
from itertools import count
import os
from pathlib import Path
import shutil
import signal
import subprocess
from tempfile import mkdtemp
from time import monotonic, sleep
from typing import Self, override

import psycopg2

_SECONDS_TO_START = 30.0
_USER = "archive"
PASSWORD = "planted-Pass-4711"
# It believes everybody, but only who reaches its folder can ask at all.
_SETTINGS = {
    "fsync": "off",
    "synchronous_commit": "off",
    "full_page_writes": "off",
    "listen_addresses": "",
    "max_connections": "50",
}


def programs() -> Path | None:
    """Return the folder of the newest server that is installed, if there is one."""
    places = Path("/usr/lib/postgresql").glob("*/bin/initdb")
    if newest := max(places, key=lambda each: float(each.parts[-3]), default=None):
        return newest.parent
    found = shutil.which("initdb")
    return Path(found).resolve().parent if found else None


class PostgreSQL(AbstractContextManager["PostgreSQL"]):
    """A server that can be reached through a socket in a folder of its own only."""

    def __init__(self) -> None:
        """Find the programs; nothing runs yet."""
        found = programs()
        assert found
        self._programs = found
        # Sockets need a short path, which the folders of the tests have not.
        self._folder = Path(mkdtemp(prefix="pg"))
        self._numbers = count()
        # It refuses to run as root.
        self._user = "nobody" if os.geteuid() == 0 else None
        self._server: subprocess.Popen[bytes] | None = None

    @override
    def __enter__(self) -> Self:
        if self._user:
            shutil.chown(self._folder, self._user)
        subprocess.run(  # noqa: S603 -- the programs of PostgreSQL
            [
                *(str(self._programs / "initdb"), "--pgdata", str(self._folder / "data")),
                *("--username", _USER, "--auth", "trust", "--no-sync"),
                *("--encoding", "UTF8", "--locale", "C"),
            ],
            check=True,
            stdout=subprocess.DEVNULL,
            user=self._user,
            cwd="/",
        )
        self.start()
        return self

    @override
    def __exit__(self, *_: object) -> None:
        self.stop()
        shutil.rmtree(self._folder)

    def start(self) -> None:
        """Start the server and wait until it can be asked."""
        settings = [f"-c{name}={value}" for name, value in _SETTINGS.items()]
        with (self._folder / "log").open("ab") as log:
            self._server = subprocess.Popen(  # noqa: S603 -- the programs of PostgreSQL
                [
                    *(str(self._programs / "postgres"), "-D", str(self._folder / "data")),
                    *("-k", str(self._folder), *settings),
                ],
                stdout=log,
                stderr=log,
                user=self._user,
                cwd="/",
            )
        until = monotonic() + _SECONDS_TO_START
        while True:
            try:
                psycopg2.connect(self._address).close()
            except psycopg2.OperationalError:
                assert monotonic() < until, (self._folder / "log").read_text()
                sleep(0.02)
            else:
                return

    def stop(self) -> None:
        """End all connections and the server."""
        if self._server:
            self._server.send_signal(signal.SIGINT)
            self._server.wait()
            self._server = None

    def new_url(self) -> str:
        """Return the address of a new schema, which is empty."""
        name = f"test{next(self._numbers)}"
        connection = psycopg2.connect(self._address)
        connection.autocommit = True
        with connection.cursor() as cursor:
            cursor.execute(f"CREATE SCHEMA {name}")
        connection.close()
        return f"{self._address}&options=-csearch_path%3D{name}"

    @property
    def _address(self) -> str:
        return f"postgresql://{_USER}:{PASSWORD}@/postgres?host={self._folder}"
