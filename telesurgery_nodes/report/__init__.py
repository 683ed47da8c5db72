"""From raw tapes to numbers (metrics, verdict), to a summary, to a page. Pure functions on arrays; only `page` draws."""
