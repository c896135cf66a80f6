"""What the public is told: drafted, approved by who may order it, updated, ended by an all-clear."""
