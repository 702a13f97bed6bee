"""Hosts as this machine sees them: which is itself, which are the same, and which is behind a proxy."""

import ipaddress
from urllib.request import getproxies, proxy_bypass

from yarl import URL


def is_loopback(host: str) -> bool:
    """Whether a host (IPv6 addresses may be in brackets) can only be this machine."""
    if host == "localhost":
        return True
    try:
        return ipaddress.ip_address(host.strip("[]")).is_loopback
    except ValueError:
        return False


def same_host(one: URL, other: URL) -> bool:
    """Whether both are answered by the same server: host and port, the port being said or not."""
    return ((one.host or "").lower(), one.port) == ((other.host or "").lower(), other.port)


def same_origin(one: URL, other: URL) -> bool:
    """Scheme, host and port are the same."""
    return one.scheme == other.scheme and same_host(one, other)


def proxy_for(scheme: str, host: str | None) -> str | None:
    """The URL of the proxy that the environment names for a host (HTTPS_PROXY, HTTP_PROXY, NO_PROXY), if it does."""
    proxy = getproxies().get(scheme)
    if proxy is None or host is None or proxy_bypass(host):
        return None
    return proxy if "://" in proxy else f"http://{proxy}"
