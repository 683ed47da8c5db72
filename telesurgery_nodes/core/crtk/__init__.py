"""Does an arm speak CRTK as CRTK is meant? Evidence in, findings out."""
