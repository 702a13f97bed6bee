"""Hosts as this machine sees them: which is itself, and which is behind a proxy."""

import ipaddress
from urllib.request import getproxies, proxy_bypass


def is_loopback(host: str) -> bool:
    """Whether a host (IPv6 addresses may be in brackets) can only be this machine."""
    if host == "localhost":
        return True
    try:
        return ipaddress.ip_address(host.strip("[]")).is_loopback
    except ValueError:
        return False


def proxy_for(scheme: str, host: str | None) -> str | None:
    """The URL of the proxy that the environment names for a host (HTTPS_PROXY, HTTP_PROXY, NO_PROXY), if it does."""
    proxy = getproxies().get(scheme)
    if proxy is None or host is None or proxy_bypass(host):
        return None
    return proxy if "://" in proxy else f"http://{proxy}"
