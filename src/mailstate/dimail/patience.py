"""How long a call may take, from the first byte sent to the last one received."""

from dataclasses import dataclass

from mailstate.errors import SettingsError

LONGEST = 3600.0
"""Seconds; who waits longer than this for one answer has another trouble."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Patience:
    """
    Seconds that a call as a whole may take, by kind.

    `quick` is for lists and single objects, for users, accesses and aliases; `slow` for what
    waits for DNS look-ups, for dimail's own repairs or for Open-Xchange (contract §5.2, §12).
    Raises `SettingsError` for what is no such number.
    """

    quick: float = 30.0
    slow: float = 120.0

    def __post_init__(self) -> None:
        for name, seconds in (("quick", self.quick), ("slow", self.slow)):
            if not 0 < seconds <= LONGEST:  # also where it is not a number: NaN
                raise SettingsError(
                    f"the time-out `{name}` is {seconds:g}, and so no time to wait",
                    hint=f"set `timeouts.{name}` to a number of seconds, more than 0 and at most "
                    f"{LONGEST:g}",
                )
