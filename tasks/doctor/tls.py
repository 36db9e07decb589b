"""TLS: whether it is used, how the server is verified, and when the certificates expire."""

from __future__ import annotations

import asyncio
import ssl
import struct
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path

import asyncpg
from cryptography import x509

from tasks.alerts.channels.deadline import run_in_daemon_thread
from tasks.doctor.finding import Finding, Status, ok, problem, skipped, warning
from tasks.postgres.clear_text import may_send_clear_text
from tasks.postgres.connect import ConnectionSettings
from tasks.postgres.protocol import tls_of

SOON_DAYS = 30
_SECONDS = 5.0
_SSL_REQUEST = struct.pack("!ii", 8, 80877103)
_NEW_CA = (
    "Download the current CA certificate from the project's database settings, and set it as sslrootcert."
)


@dataclass(frozen=True)
class PresentedCertificate:
    """TLS version and certificate that a server presents."""

    version: str
    certificate: x509.Certificate


async def presented_certificate(settings: ConnectionSettings) -> PresentedCertificate | None:
    """Fetch the server's certificate without verifying it; None if the server does not support TLS.

    Disconnects after the TLS handshake: without a login it counts neither as a wrong password nor as a session.
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
        return _presented_in(writer.transport.get_extra_info("ssl_object"))
    finally:
        writer.transport.abort()


def _presented_in(session: ssl.SSLObject | None) -> PresentedCertificate | None:
    if session is None:
        return None
    certificate = x509.load_der_x509_certificate(session.getpeercert(binary_form=True) or b"")
    return PresentedCertificate(str(session.version()), certificate)


async def examine_encryption(
    settings: ConnectionSettings, connection: asyncpg.Connection | None = None
) -> list[Finding]:
    """Check whether TLS is used, how the server is verified, and when its certificate expires.

    Args:
        settings: Connection settings.
        connection: The open connection, which has seen the certificate; None to connect once more to look at it.
    """
    if settings.host.startswith("/"):
        return [ok("encryption", "a Unix socket: nothing leaves this machine")]
    if settings.sslmode == "disable":
        return [ok("encryption", "none (sslmode=disable), on this machine only")]
    try:
        if connection is not None:
            presented = _presented_in(tls_of(connection))
        else:
            async with asyncio.timeout(_SECONDS):
                presented = await presented_certificate(settings)
    except (OSError, TimeoutError, EOFError, ValueError) as error:
        unread = f"the server's certificate could not be read ({type(error).__name__})"
        unverified = not settings.is_loopback and not may_send_clear_text(settings)
        return [_unverified(unread) if unverified else skipped("encryption", unread)]
    if presented is None:
        return [ok("encryption", "none: the server does not support TLS, on this machine only")]
    validity = _validity("server certificate", [presented.certificate], "the server's")
    if not settings.sslrootcert and not settings.sslmode.startswith("verify"):
        # Not verified in this mode, so only a warning.
        validity = [
            replace(finding, status=Status.WARNING) if finding.status is Status.PROBLEM else finding
            for finding in validity
        ]
    return [_mode(settings, presented), *validity]


def _mode(settings: ConnectionSettings, presented: PresentedCertificate) -> Finding:
    mode, used = settings.sslmode, f"{presented.version}, sslmode={settings.sslmode}"
    if mode == "verify-full":
        return ok("encryption", f"{used}: the server's identity is verified")
    if settings.sslrootcert:
        hint = "sslmode=verify-full also compares the host name."
        return ok("encryption", f"{used}: the certificate is verified, the host name is not", hint)
    if mode == "verify-ca":
        return warning(
            "encryption",
            f"{used} without sslrootcert: any certificate authority of this system is trusted, for any host name.",
            f"Use sslmode=verify-full with the project's CA certificate. {_NEW_CA}",
        )
    if settings.is_loopback:
        return ok("encryption", f"{used}, on this machine only")
    return _unverified(f"{used}: encrypted, but the server's identity is not verified")


def _unverified(what: str) -> Finding:
    return warning(
        "encryption", f"{what}.", f"Use sslmode=verify-full with the project's CA certificate. {_NEW_CA}"
    )


async def examine_ca(settings: ConnectionSettings) -> list[Finding]:
    """Check that the CA certificates in ``sslrootcert`` can be read and have not expired."""
    root = settings.sslrootcert
    if not root or settings.host.startswith("/") or settings.sslmode == "disable":
        return []
    is_text = "-----BEGIN" in root
    name = "the CA certificate in the settings" if is_text else f"the CA file {root}"
    try:
        content = (
            root.encode()
            if is_text
            else await run_in_daemon_thread(lambda _: Path(root).read_bytes(), _SECONDS)
        )
        certificates = x509.load_pem_x509_certificates(content)
    except (OSError, ValueError, TimeoutError) as error:
        why = getattr(error, "strerror", None) or "it holds no certificate in PEM format"
        return [problem("CA certificate", f"{name} cannot be read: {why}.", _NEW_CA)]
    return _validity("CA certificate", certificates, name)


def _validity(check: str, certificates: list[x509.Certificate], whose: str) -> list[Finding]:
    """Validity of the certificate that expires last: a bundle may hold an old root besides the new one."""
    now = datetime.now(UTC)
    ends = max(certificate.not_valid_after_utc for certificate in certificates)
    begins = min(certificate.not_valid_before_utc for certificate in certificates)
    issuers = sorted({certificate.issuer.rfc4514_string() for certificate in certificates})
    subject = f"{whose} ({'; '.join(issuers)})"
    fix = _NEW_CA if check == "CA certificate" else "Ask the server's administrator to renew it."
    if ends < now:
        return [problem(check, f"{subject} expired on {ends:%Y-%m-%d}.", fix)]
    if begins > now:
        return [
            problem(
                check,
                f"{subject} is not valid before {begins:%Y-%m-%d %H:%M} UTC.",
                "Check this machine's clock.",
            )
        ]
    if (ends - now).days < SOON_DAYS:
        return [warning(check, f"{subject} expires on {ends:%Y-%m-%d %H:%M} UTC.", fix)]
    return [ok(check, f"{subject} is valid until {ends:%Y-%m-%d}")]
