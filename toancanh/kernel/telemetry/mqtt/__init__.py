"""The MQTT door: devices and gateways hand in observations and hear of receipts and commands."""
