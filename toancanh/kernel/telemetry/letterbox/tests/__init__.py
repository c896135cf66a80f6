"""Tests of the letterbox."""
