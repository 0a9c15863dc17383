"""An embedded dimail: real HTTP and SMTP on loopback, written from the API's contract."""

from .effects import Effect
from .errors import SandboxError
from .faults import KINDS, Fault, Request
from .outbox import Letter
from .profiles import PROFILES
from .sandbox import Sandbox
from .store import Store

__all__ = [
    "KINDS",
    "PROFILES",
    "Effect",
    "Fault",
    "Letter",
    "Request",
    "Sandbox",
    "SandboxError",
    "Store",
]
