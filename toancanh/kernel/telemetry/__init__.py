"""What things measure: series, thresholds, observations and the doors they come through."""
