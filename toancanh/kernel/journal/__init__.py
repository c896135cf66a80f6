"""The append-only record of what happened, its chain, and the outbox of what follows from it."""
