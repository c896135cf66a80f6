"""OGC SensorThings 1.1 at ``/sta/v1.1``: the registry and the store as the standard's entities."""
