"""Common Alerting Protocol 1.2 as pure functions over frozen dataclasses: `message`, `reading`, `writing`."""
