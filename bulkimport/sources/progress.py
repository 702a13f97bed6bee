"""How much of a source has arrived."""

from collections.abc import Callable

OnArrived = Callable[[int, int], None]
"""Told how many bytes have arrived, of how many in all (0 where that is not known)."""
