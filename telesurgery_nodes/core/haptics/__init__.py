"""Force back to the surgeon's hands that stays passive under any delay: energy accounts at both ends of the link (docs/force.md)."""
