"""Masters: the two hands and the pedals of the operator."""
