"""The limit on the address space (``ulimit -v``), checked before libraries fail on it: some abort the process."""

from __future__ import annotations

import resource

from tasks.errors import SettingsError

# The smallest load on two cores; more cores and larger deliveries need more.
_NEEDED_KB = 2_000_000


def check_address_space() -> None:
    """Check that a load fits into the address space that this process may have.

    Raises:
        SettingsError: It does not.
    """
    limit, _ = resource.getrlimit(resource.RLIMIT_AS)
    if limit == resource.RLIM_INFINITY or limit >= _NEEDED_KB * 1024:
        return
    raise SettingsError(
        f"The address space of this process is limited to {limit // 1024:,} kB (ulimit -v); a load needs at least "
        f"{_NEEDED_KB:,} kB, most of which is never used as memory.",
        "Run ulimit -v unlimited before. To limit memory itself, use a control group, such as MemoryMax= of systemd or "
        "--memory of a container.",
        setting="ulimit -v",
    )
