"""
The state files: YAML to a desired state, with every fault of every file told in one run.

`read` takes paths, `read_sources` bytes. `RULES` has every rule they hold the files to.
"""

from mailstate.statefiles.reader import read, read_sources
from mailstate.statefiles.reading import Reading
from mailstate.statefiles.rulebook import RULES, Rule
from mailstate.statefiles.schema import schema_text

__all__ = ["RULES", "Reading", "Rule", "read", "read_sources", "schema_text"]
