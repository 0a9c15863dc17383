"""
The state files: YAML to a desired state, with every fault of every file told in one run.

`read` takes paths, `read_sources` bytes; `verdict` says whether files are in order, and no more. A
`Cache` makes them quicker. `RULES` has every rule they hold the files to.
"""

from mailstate.statefiles.cache import Cache, cache_directory
from mailstate.statefiles.reader import read, read_sources, verdict
from mailstate.statefiles.reading import Counts, Reading, Verdict
from mailstate.statefiles.rulebook import RULES, Rule
from mailstate.statefiles.schema import schema_text

__all__ = [
    "RULES",
    "Cache",
    "Counts",
    "Reading",
    "Rule",
    "Verdict",
    "cache_directory",
    "read",
    "read_sources",
    "schema_text",
    "verdict",
]
