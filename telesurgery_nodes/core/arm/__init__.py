"""One arm: CRTK operating state, limited set points, tracking watch and the latency trace."""
