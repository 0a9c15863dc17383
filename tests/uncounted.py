"""Processes whose lines count for nothing: measuring them is slow, and loads modules of its own."""

from collections.abc import Mapping


def uncounted(environment: Mapping[str, str]) -> dict[str, str]:
    """*environment* without what has a process measure its coverage."""
    return {name: value for name, value in environment.items() if not name.startswith("COVERAGE")}
