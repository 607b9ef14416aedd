"""Upstreams that speak the Messages API themselves: requests and answers pass as they are."""

from antechamber.engines.messages_api.engine import MessagesApiEngine
from antechamber.engines.messages_api.host import Host
from antechamber.engines.messages_api.hosted import HostedApi

__all__ = ["Host", "HostedApi", "MessagesApiEngine"]
