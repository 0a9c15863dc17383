"""Passwords and tokens, in a type that cannot be shown by accident."""

from collections.abc import Callable
from typing import NoReturn, final


@final
class Secret:
    """
    A value that no print, format, log, pickle or JSON encoder can show.

    `reveal()` is the only way to the text; whoever calls it hands the text straight to the wire.
    A secret is equal to itself alone: comparing never looks at the text, and so tells nothing of
    it by the time it takes. What can look into any object (a debugger, `gc`) finds it all the same.
    """

    __slots__ = ("__reveal",)

    def __init__(self, text: str) -> None:
        # Not an attribute: inspect, rich and object.__getstate__ show those of any object.
        self.__reveal: Callable[[], str] = lambda: text

    def reveal(self) -> str:
        """The text itself, for the wire and nothing else."""
        return self.__reveal()

    def __repr__(self) -> str:
        return "Secret(***)"

    def __str__(self) -> str:
        return "***"

    def __format__(self, _spec: str) -> str:
        return "***"

    def __bool__(self) -> bool:
        return bool(self.__reveal())

    def __reduce_ex__(self, _protocol: object) -> NoReturn:
        message = "a secret cannot be pickled or copied"
        raise TypeError(message)


def wordless(error: Exception) -> RuntimeError:
    """
    *error* as a bug that can be reported: its type and its traceback, without its text.

    For what is unexpected where secrets go out or come in; such texts quote the values at hand. To
    be raised where *error* is no longer handled, so that it is not told as its context.
    """
    kind = f"{type(error).__module__}.{type(error).__qualname__}"
    bug = RuntimeError(f"{kind}, whose text is left out: it may hold a secret")
    return bug.with_traceback(error.__traceback__)
