"""Tests of the sensors domain."""
