"""Which organisation gets a report: ordered rules with validity, the first that fits decides."""
