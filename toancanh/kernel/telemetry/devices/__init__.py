"""Devices and gateways: who may send, who was heard, how to connect one, and who waits to be taken in."""
