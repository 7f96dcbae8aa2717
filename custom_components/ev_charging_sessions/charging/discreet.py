"""What keeps secrets and people out of logs and tracebacks."""

from typing import ClassVar, override

from msgspec import Struct


class Discreet(Struct, frozen=True):
    """A value that does not tell everything: ``hidden`` names what ``repr`` leaves out."""

    hidden: ClassVar[frozenset[str]]

    @override
    def __repr__(self) -> str:
        shown = ", ".join(
            f"{name}={getattr(self, name)!r}"
            for name in self.__struct_fields__
            if name not in self.hidden
        )
        return f"{type(self).__name__}({shown})"
