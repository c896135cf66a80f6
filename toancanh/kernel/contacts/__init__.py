"""Whom a warning must reach beside the public: officials by post, heads of villages and neighbourhoods."""
