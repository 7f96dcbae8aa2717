"""The commands in the ledger, each within one transaction."""

from sqlalchemy import Connection

from .errors import LedgerError
from .ledger_query import find_pending, find_settings, names, update_command as update_row
from .ledger_rows import command_from_columns, command_to_columns
from .ledger_schema import commands
from .ledger_upsert import find_account
from .model import Account, Command


def add_command(connection: Connection, command: Command) -> None:
    """Write down a command; a second one of the same id is an IntegrityError."""
    account = find_account(connection, command.account)
    connection.execute(commands.insert(), {"account": account, **command_to_columns(command)})


def update_command(connection: Connection, command: Command) -> None:
    """Replace the command of the same id; an unknown id is a LedgerError."""
    columns = command_to_columns(command)
    columns["command"] = columns.pop("command_id")
    if connection.execute(update_row(), columns).rowcount == 0:
        raise LedgerError("The ledger does not know this command")


def pending_commands(connection: Connection, account: Account) -> tuple[Command, ...]:
    """Return the commands of an account whose outcome is not known yet, oldest first."""
    return tuple(
        command_from_columns(account, row)
        for row in connection.execute(find_pending(), names(account)).mappings()
    )


def settings(connection: Connection, account: Account) -> tuple[Command, ...]:
    """Return the commands of an account that set modes last, oldest first."""
    return tuple(
        command_from_columns(account, row)
        for row in connection.execute(find_settings(), names(account)).mappings()
    )
