"""How the warehouse is reached, and whether this machine can reach that address at all."""

from __future__ import annotations

import ipaddress
import socket
from enum import Enum

from tasks.alerts.channels.deadline import run_in_daemon_thread
from tasks.doctor.finding import Finding, ok, problem, warning
from tasks.postgres.connect import ConnectionSettings
from tasks.postgres.supabase import ConnectionMethod, connection_method, is_supabase, pool_limits

_SECONDS = 8.0
_FOR_IPV4 = "Use the session pooler (Connect, in the project's dashboard; it has IPv4), or buy the project's IPv4 add-on."


class Route(Enum):
    """Where this machine's route to an address leads."""

    NONE = 0
    # The kernel would send from an address that the internet does not answer to.
    PRIVATE = 1
    PUBLIC = 2


def examine_way_in(settings: ConnectionSettings) -> list[Finding]:
    """Which of the ways in it is."""
    way = connection_method(settings)
    kept, more = pool_limits(settings)
    hint = ""
    if way is ConnectionMethod.DIRECT:
        hint = "The direct connection is IPv6 only unless the project has the IPv4 add-on."
    if way is ConnectionMethod.SESSION_POOLER:
        hint = f"The pooler lets 15 clients of a role and database in by default; one process uses {kept + more} here."
    return [ok("way in", f"{way}, {settings.display}", hint)]


async def examine_host(settings: ConnectionSettings) -> list[Finding]:
    """Whether the host's name has an address that this machine has a route to; empty for a socket."""
    if settings.host.startswith("/"):
        return []
    try:
        found = await run_in_daemon_thread(
            lambda _: socket.getaddrinfo(settings.host, settings.port, type=socket.SOCK_STREAM), _SECONDS
        )
    except TimeoutError:
        what = f"no name server answered within {_SECONDS:g} s for {settings.host}."
        return [problem("host", what, "Check this machine's network and name server.")]
    except (OSError, UnicodeError):
        advice = "Check the spelling and this machine's name server."
        if is_supabase(settings):
            advice += " A paused or deleted project has no name either: look at its dashboard."
        return [problem("host", f"the name {settings.host} cannot be resolved.", advice)]
    if any(family == socket.AF_INET for family, *_ in found):
        return [ok("host", f"{settings.host} has an IPv4 address")]
    return [_ipv6_only(settings, str(found[0][4][0]))]


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
                f"{settings.host} has IPv6 addresses only, and this machine's own IPv6 address is a private one.",
                f"If the connection gets no answer: {fix[:1].lower()}{fix[1:]}",
            )
    return ok("host", f"{settings.host} has IPv6 addresses only, and this machine has IPv6")


def route_to(address: str, port: int) -> Route:
    """This machine's route to an IPv6 address; nothing is sent."""
    try:
        with socket.socket(socket.AF_INET6, socket.SOCK_DGRAM) as probe:
            probe.connect((address, port))
            ours = ipaddress.ip_address(probe.getsockname()[0].partition("%")[0])
    except OSError:
        return Route.NONE
    there = ipaddress.ip_address(address.partition("%")[0])
    return Route.PRIVATE if ours.is_private and not there.is_private else Route.PUBLIC
