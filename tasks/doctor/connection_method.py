"""How the warehouse is reached, and whether this machine has a route to it."""

from __future__ import annotations

import ipaddress
import socket
from enum import Enum

from tasks.alerts.channels.deadline import run_in_daemon_thread
from tasks.doctor.finding import Finding, ok, problem, warning
from tasks.postgres.connect import ConnectionSettings
from tasks.postgres.supabase import ConnectionMethod, connection_method, is_supabase, pool_size_and_overflow

_SECONDS = 8.0
_FOR_IPV4 = "Use the session pooler, which has IPv4 (Connect, in the project's dashboard), or buy the project's IPv4 add-on."


class Route(Enum):
    """Where this machine's route to an address leads."""

    NONE = 0
    # The kernel would send from a private address, to which no answer comes back.
    PRIVATE = 1
    PUBLIC = 2


def examine_connection_method(settings: ConnectionSettings) -> list[Finding]:
    """Report the connection method (direct, session pooler, plain Postgres) with a hint on its limits."""
    method = connection_method(settings)
    size, overflow = pool_size_and_overflow(settings)
    hint = ""
    if method is ConnectionMethod.DIRECT:
        hint = "The direct connection is IPv6 only unless the project has the IPv4 add-on."
    if method is ConnectionMethod.SESSION_POOLER:
        hint = f"By default the pooler accepts 15 clients per role and database; a process uses up to {size + overflow} here."
    return [ok("way in", f"{method}, {settings.display}", hint)]


async def examine_host(settings: ConnectionSettings) -> list[Finding]:
    """Check that the host name resolves to an address with a route; no findings for a Unix socket."""
    if settings.host.startswith("/"):
        return []
    try:
        addresses = await run_in_daemon_thread(
            lambda _: socket.getaddrinfo(settings.host, settings.port, type=socket.SOCK_STREAM), _SECONDS
        )
    except TimeoutError:
        what = f"no name server answered within {_SECONDS:g} s for {settings.host}."
        return [problem("host", what, "Check this machine's network and name server.")]
    except (OSError, UnicodeError):
        advice = "Check the spelling and this machine's name server."
        if is_supabase(settings):
            advice += " The name of a paused or deleted project does not resolve either: check its dashboard."
        return [problem("host", f"the name {settings.host} cannot be resolved.", advice)]
    if any(family == socket.AF_INET for family, *_ in addresses):
        return [ok("host", f"{settings.host} has an IPv4 address")]
    return [_ipv6_only(settings, str(addresses[0][4][0]))]


def _ipv6_only(settings: ConnectionSettings, address: str) -> Finding:
    fix = _FOR_IPV4 if is_supabase(settings) else "Use an address with IPv4, or a machine with IPv6."
    match route_to(address, settings.port):
        case Route.NONE:
            return problem(
                "host", f"{settings.host} has IPv6 addresses only, and this machine has no IPv6 route.", fix
            )
        case Route.PRIVATE:
            return warning(
                "host",
                f"{settings.host} has IPv6 addresses only, and this machine has only a private IPv6 address.",
                f"If the connection gets no answer: {fix[:1].lower()}{fix[1:]}",
            )
    return ok("host", f"{settings.host} has IPv6 addresses only, and this machine has IPv6")


def route_to(address: str, port: int) -> Route:
    """This machine's route to an IPv6 address; no packet is sent."""
    try:
        with socket.socket(socket.AF_INET6, socket.SOCK_DGRAM) as probe:
            probe.connect((address, port))
            source = ipaddress.ip_address(probe.getsockname()[0].partition("%")[0])
    except OSError:
        return Route.NONE
    target = ipaddress.ip_address(address.partition("%")[0])
    return Route.PRIVATE if source.is_private and not target.is_private else Route.PUBLIC
