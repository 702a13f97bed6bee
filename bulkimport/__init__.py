"""Refreshes many Orgvue datasets at once through the asynchronous import, safely."""

__version__ = "0.1.0"
