"""TLS: whether it is spoken, how the server is checked, and how long the certificates last."""

from __future__ import annotations

import asyncio
import ssl
import struct
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path

from cryptography import x509

from tasks.alerts.channels.deadline import run_in_daemon_thread
from tasks.doctor.finding import Finding, Status, ok, problem, skipped, warning
from tasks.postgres.connect import ConnectionSettings

SOON_DAYS = 30
_SECONDS = 5.0
_SSL_REQUEST = struct.pack("!ii", 8, 80877103)
_NEW_CA = "Download the current one from the project's database settings, and set it as sslrootcert."


@dataclass(frozen=True)
class PresentedCertificate:
    """What a server answers to the request for TLS."""

    version: str
    certificate: x509.Certificate


async def presented_certificate(settings: ConnectionSettings) -> PresentedCertificate | None:
    """The server's certificate, whoever signed it; None if it speaks no TLS.

    It shakes hands and leaves before any login, so that it counts neither as a wrong password nor as a session.
    """
    reader, writer = await asyncio.open_connection(settings.host, settings.port)
    try:
        writer.write(_SSL_REQUEST)
        if await reader.readexactly(1) != b"S":
            return None
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
        context.check_hostname = False
        context.verify_mode = ssl.CERT_NONE
        await writer.start_tls(context, server_hostname=settings.host)
        session = writer.get_extra_info("ssl_object")
        found = x509.load_der_x509_certificate(session.getpeercert(binary_form=True))
        return PresentedCertificate(str(session.version()), found)
    finally:
        writer.transport.abort()


async def examine_encryption(settings: ConnectionSettings) -> list[Finding]:
    """Whether TLS is spoken, with which check of the server, and until when its certificate is valid."""
    if settings.host.startswith("/"):
        return [ok("encryption", "a Unix socket: nothing leaves this machine")]
    if settings.sslmode == "disable":
        return [ok("encryption", "none (sslmode=disable), on this machine only")]
    try:
        async with asyncio.timeout(_SECONDS):
            found = await presented_certificate(settings)
    except (OSError, TimeoutError, EOFError, ValueError) as error:
        return [skipped("encryption", f"the server's certificate could not be read ({type(error).__name__})")]
    if found is None:
        return [ok("encryption", "none: the server speaks no TLS, on this machine only")]
    validity = _validity("server certificate", [found.certificate], "the server's")
    if not settings.sslrootcert and not settings.sslmode.startswith("verify"):
        # Nobody looks at it, so that it stops no run.
        validity = [
            replace(one, status=Status.WARNING) if one.status is Status.PROBLEM else one for one in validity
        ]
    return [_mode(settings, found), *validity]


def _mode(settings: ConnectionSettings, found: PresentedCertificate) -> Finding:
    mode, spoken = settings.sslmode, f"{found.version}, sslmode={settings.sslmode}"
    if mode == "verify-full":
        return ok("encryption", f"{spoken}: the server is who it says")
    if settings.sslrootcert:
        hint = "sslmode=verify-full also compares the host name."
        return ok("encryption", f"{spoken}: the certificate is checked, the host name is not", hint)
    if mode == "verify-ca":
        return warning(
            "encryption",
            f"{spoken} without sslrootcert: any authority of this system is believed, for any host name.",
            f"Use sslmode=verify-full with the project's CA certificate. {_NEW_CA}",
        )
    if settings.is_loopback:
        return ok("encryption", f"{spoken}, on this machine only")
    return warning(
        "encryption",
        f"{spoken}: encrypted, but whoever answers is believed.",
        f"Use sslmode=verify-full with the project's CA certificate. {_NEW_CA}",
    )


async def examine_ca(settings: ConnectionSettings) -> list[Finding]:
    """How long the given CA certificates last; one that cannot be read is a problem."""
    given = settings.sslrootcert
    if not given or settings.host.startswith("/") or settings.sslmode == "disable":
        return []
    is_text = "-----BEGIN" in given
    name = "the CA certificate given as text" if is_text else f"the CA file {given}"
    try:
        content = (
            given.encode()
            if is_text
            else await run_in_daemon_thread(lambda _: Path(given).read_bytes(), _SECONDS)
        )
        found = x509.load_pem_x509_certificates(content)
    except (OSError, ValueError, TimeoutError) as error:
        why = getattr(error, "strerror", None) or "it holds no certificate in PEM form"
        return [problem("CA certificate", f"{name} cannot be read: {why}.", _NEW_CA)]
    return _validity("CA certificate", found, name)


def _validity(check: str, certificates: list[x509.Certificate], whose: str) -> list[Finding]:
    """How long the one of these lasts that lasts longest: a bundle may hold an old root beside the new one."""
    now = datetime.now(UTC)
    ends = max(one.not_valid_after_utc for one in certificates)
    begins = min(one.not_valid_before_utc for one in certificates)
    issuers = sorted({one.issuer.rfc4514_string() for one in certificates})
    said = f"{whose} ({'; '.join(issuers)})"
    fix = _NEW_CA if check == "CA certificate" else "Have whoever runs the server renew it."
    if ends < now:
        return [problem(check, f"{said} ran out on {ends:%Y-%m-%d}.", fix)]
    if begins > now:
        return [
            problem(
                check,
                f"{said} is valid from {begins:%Y-%m-%d %H:%M} UTC only.",
                "Check this machine's clock.",
            )
        ]
    if (ends - now).days < SOON_DAYS:
        return [warning(check, f"{said} runs out on {ends:%Y-%m-%d %H:%M} UTC.", fix)]
    return [ok(check, f"{said} is valid until {ends:%Y-%m-%d}")]
