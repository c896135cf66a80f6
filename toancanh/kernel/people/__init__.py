"""People, organisations, posts and rights; the tokens of devices."""
