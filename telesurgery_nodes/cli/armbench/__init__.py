"""Bench `arm`: parts, one module each."""
