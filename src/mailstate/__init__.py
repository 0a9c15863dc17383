"""mailstate: La Suite's mail, declared in YAML, reviewed in pull requests, applied on merge."""

__version__ = "0.1.0"
