"""An embedded dimail: a real HTTP server on loopback, written from the API's contract."""

from .effects import Effect
from .errors import SandboxError
from .faults import KINDS, Fault, Request
from .profiles import PROFILES
from .sandbox import Sandbox
from .store import Store

__all__ = [
    "KINDS",
    "PROFILES",
    "Effect",
    "Fault",
    "Request",
    "Sandbox",
    "SandboxError",
    "Store",
]
