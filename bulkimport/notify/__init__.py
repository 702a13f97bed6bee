"""Telling people and monitoring how a run ended: notifications and the heartbeat."""

from bulkimport.notify.herald import Herald
from bulkimport.notify.trouble import is_troubled, was_troubled

__all__ = ["Herald", "is_troubled", "was_troubled"]
