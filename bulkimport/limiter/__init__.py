"""Permission to send: the tenant's rate, concurrency and daily quota, kept as the server counts them."""

from bulkimport.limiter.limiter import Limiter, LimiterStats, Permit
from bulkimport.limiter.quota import DayCount

__all__ = ["DayCount", "Limiter", "LimiterStats", "Permit"]
