"""Bench `arm`: the bars of issue 4, one file a part."""
