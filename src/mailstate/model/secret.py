"""Passwords and tokens, in a type that cannot be shown by accident."""

from typing import NoReturn


class Secret:
    """
    A value that no print, format, log, pickle or JSON encoder can show.

    `reveal()` is the only way to the text; whoever calls it hands the text straight to the wire.
    """

    __slots__ = ("__text",)

    def __init__(self, text: str) -> None:
        self.__text = text

    def reveal(self) -> str:
        """The text itself, for the wire and nothing else."""
        return self.__text

    def __repr__(self) -> str:
        return "Secret(***)"

    def __str__(self) -> str:
        return "***"

    def __format__(self, _spec: str) -> str:
        return "***"

    def __bool__(self) -> bool:
        return bool(self.__text)

    def __reduce_ex__(self, _protocol: object) -> NoReturn:
        message = "a secret cannot be pickled or copied"
        raise TypeError(message)
