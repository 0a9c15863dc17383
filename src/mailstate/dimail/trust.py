"""Which servers are believed to be who they say: the authorities, as OpenSSL wants to know them."""

import os
import ssl
from pathlib import Path

from mailstate.errors import SettingsError


def trusting(ca_file: Path | None) -> ssl.SSLContext:
    """
    Verifies by the authorities of *ca_file*, of the environment, or of certifi, in that order.

    Raises `SettingsError` if they cannot be read.
    """
    try:
        context = _context(ca_file)
    except OSError:
        if ca_file is None:
            raise SettingsError(
                "the certificates of the authorities to trust cannot be read",
                hint="check SSL_CERT_FILE, SSL_CERT_DIR and SSLKEYLOGFILE in the environment",
            ) from None
        raise SettingsError(
            f"{ca_file}: no certificates can be read from this file",
            hint="a PEM file with the certificates of the authorities to trust is needed",
        ) from None
    # Whoever has the keys that SSLKEYLOGFILE asks for can read the passwords off the wire.
    context.keylog_filename = None  # type: ignore[assignment]  # as Python has it
    context.set_alpn_protocols(["http/1.1"])
    return context


def _context(ca_file: Path | None) -> ssl.SSLContext:
    if ca_file is not None:
        return ssl.create_default_context(cafile=str(ca_file))
    if path := os.environ.get("SSL_CERT_FILE"):
        return ssl.create_default_context(cafile=path)
    if path := os.environ.get("SSL_CERT_DIR"):
        return ssl.create_default_context(capath=path)
    import certifi  # noqa: PLC0415 - it loads much, for those who name no authorities

    return ssl.create_default_context(cafile=certifi.where())
